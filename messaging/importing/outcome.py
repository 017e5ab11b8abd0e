"""What an import did, and which rows it refused."""

from dataclasses import dataclass, field

LISTED = 10_000  # refusals that are kept by name; the others are only counted


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that was not imported as it is, and why."""

    table: str
    id: int
    reason: str

    def __str__(self) -> str:
        return f"{self.table} {self.id}: {self.reason}"


@dataclass(slots=True)
class Outcome:
    """Numbers of an import. ``refusals`` names rows, ``refused`` counts them."""

    conversations: int = 0  # made
    messages: int = 0  # imported
    present: int = 0  # messages that an earlier import has brought
    without_conversation: int = 0  # messages whose conversation was null
    moved: int = 0  # messages that stood in a conversation of other people
    attachments: int = 0  # with their file
    empty: int = 0  # conversations without a message, left out
    counters: int = 0  # unread counters that were wrong
    typing: int = 0  # rows of typing_indicator, left out
    refused: int = 0
    refusals: list[Refusal] = field(default_factory=list)

    def refuse(self, table: str, row_id: int, reason: str) -> None:
        """Note that a row is refused."""
        self.refused += 1
        if len(self.refusals) < LISTED:
            self.refusals.append(Refusal(table, row_id, reason))
