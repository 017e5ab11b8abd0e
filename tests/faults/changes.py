"""What the office changed during a run: each change under a mark, with what its writer knows of its outcome."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

MARK = re.compile(r"\[(\w+)\.(\d+)\]")


class Outcome(StrEnum):
    """What the writer knows. ``unknown``: it died, or the answer never came."""

    COMMITTED = "committed"
    ABANDONED = "abandoned"
    UNKNOWN = "unknown"


class Kind(StrEnum):
    """What was done. A ``message`` goes to its recipients, the others to who sees the project."""

    MESSAGE = "message"
    RENAMED = "renamed"
    CREATED = "created"


@dataclass
class Change:
    """One transaction. ``mark`` stands in a text that it wrote; ``stored``: that is in the database afterwards."""

    writer: str
    number: int
    kind: Kind
    project: int | None = None
    recipients: frozenset[int] = frozenset()
    outcome: Outcome = Outcome.UNKNOWN
    stored: bool = False

    @property
    def mark(self) -> str:
        """What stands in the text."""
        return f"[{self.writer}.{self.number}]"


def marks_in(frame: dict[str, Any]) -> list[tuple[str, int]]:
    """The writers and numbers of the changes that an event tells of, or whose texts it shows as the present ones.

    What it says of the past is another change's: the old name of a project, in ``changes`` or in a message.
    """
    message = frame.get("message") or ""
    texts = [frame.get("name") or "", frame.get("project_name") or "", message if message.startswith("[") else ""]
    return [(writer, int(number)) for text in texts for writer, number in MARK.findall(text)]
