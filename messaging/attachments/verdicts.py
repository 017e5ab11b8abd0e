"""What a malware scanner does, and what it may find."""

from dataclasses import dataclass
from enum import Enum
from typing import IO, Protocol


class Outcome(Enum):
    """What a scan found. ``UNKNOWN``: the scanner could not be asked, so the file waits."""

    CLEAN = "clean"
    INFECTED = "infected"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Verdict:
    """The outcome of one scan. ``detail`` is the name of what was found, or why there is no outcome."""

    outcome: Outcome
    detail: str = ""


class Scanner(Protocol):
    """Looks for malware. ``scan`` never raises, and returns within a bounded time."""

    def scan(self, file: IO[bytes]) -> Verdict:
        """Return the verdict on the file, read from its beginning."""
        ...
