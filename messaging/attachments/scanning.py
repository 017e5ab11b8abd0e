"""Malware scans, behind an interface. Without a scanner every file is taken for clean."""

from dataclasses import dataclass
from enum import Enum
from typing import IO, Protocol

from django.conf import settings


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


class NoScanner:
    """Takes every file for clean: no scanner is configured."""

    def scan(self, file: IO[bytes]) -> Verdict:
        """Return that the file is clean, without reading it."""
        return Verdict(Outcome.CLEAN)


def scanner() -> Scanner:
    """Return the scanner that the settings name: that of ``CLAMD_SOCKET``, or none."""
    from .clamd import Clamd  # imports this module

    return Clamd(settings.CLAMD_SOCKET) if settings.CLAMD_SOCKET else NoScanner()
