"""The changes made during a run: each has a mark, and the outcome that its writer knows."""

import math
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

MARK = re.compile(r"\[(\w+)\.(\d+)\]")


class Outcome(StrEnum):
    """The outcome known to the writer. ``unknown``: the writer died, or received no response."""

    COMMITTED = "committed"
    ABANDONED = "abandoned"
    UNKNOWN = "unknown"


class Kind(StrEnum):
    """The kind of change. A ``message`` goes to its recipients, the others to users who see the project."""

    MESSAGE = "message"
    RENAMED = "renamed"
    CREATED = "created"


@dataclass
class Change:
    """One transaction. It wrote ``mark`` into a text; ``stored`` is whether that is in the database afterwards.

    ``began`` is a moment before the transaction began, and ``returned`` one after its commit was known (monotonic).
    """

    writer: str
    number: int
    kind: Kind
    project: int | None = None
    recipients: frozenset[int] = frozenset()
    outcome: Outcome = Outcome.UNKNOWN
    stored: bool = False
    began: float = 0.0
    returned: float = math.inf

    @property
    def mark(self) -> str:
        """The mark in the text of the change."""
        return f"[{self.writer}.{self.number}]"


def marks_in(frame: dict[str, Any]) -> list[tuple[str, int]]:
    """Return the writers and numbers of the changes that an event announces, or whose texts are its current values.

    Old values belong to other changes and are ignored: a project's old name in ``changes`` or in a message.
    """
    message = frame.get("message") or ""
    texts = [frame.get("name") or "", frame.get("project_name") or "", message if message.startswith("[") else ""]
    return [(writer, int(number)) for text in texts for writer, number in MARK.findall(text)]
