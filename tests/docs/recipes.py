"""The recipes of docs/contributing.md: which block of code goes into which file, and where."""

import re
from dataclasses import dataclass
from pathlib import Path

# "New file `path`:", "In `path`, at the end:" or "In `path`, above `the beginning of a line`:" (or below, in place of),
# and the block of code that follows.
_STEP = re.compile(
    r"(?:New\s+file\s+`(?P<new>[^`]+)`"
    r"|In\s+`(?P<path>[^`]+)`,\s+(?:at\s+the\s+end"
    r"|(?P<where>above|below|in\s+place\s+of)\s+(?P<tick>`+) ?(?P<anchor>[^\n]+?) ?(?P=tick)))"
    r":\n\n(?P<fence>`{3,})\w+\n(?P<block>.*?)^(?P=fence)$",
    re.MULTILINE | re.DOTALL,
)
_TOP_LEVEL = re.compile(r"@|class |def |async def ")


@dataclass(frozen=True)
class Step:
    """One edit of ``path``.

    ``where`` is ``new`` or ``end``; or ``above``, ``below`` or ``in place of`` the line that begins with ``anchor``.
    """

    path: str
    where: str
    anchor: str
    block: str

    def apply(self, root: Path) -> None:
        """Make the edit in the repository at ``root``."""
        file = root / self.path
        apart = file.suffix == ".py" and _TOP_LEVEL.match(self.block) is not None  # two blank lines, as ruff wants
        if self.where == "new":
            assert not file.exists(), f"There is a {self.path} already."
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(self.block)
            return
        lines = file.read_text().splitlines(keepends=True)
        if self.where == "end":
            file.write_text("".join([*lines, "\n\n" if apart else "", self.block]))
            return
        hits = [number for number, line in enumerate(lines) if line.strip().startswith(self.anchor)]
        assert len(hits) == 1, f"{self.path} has {len(hits)} lines that begin with {self.anchor!r}."
        begin = hits[0] + (self.where == "below")
        end = hits[0] + (self.where != "above")
        lines[begin:end] = [self.block, "\n\n" if apart and self.where == "above" else ""]
        file.write_text("".join(lines))


def steps(text: str) -> list[Step]:
    """The steps of a page, in its order."""
    return [
        Step(
            path=match["new"] or match["path"],
            where="new" if match["new"] else " ".join((match["where"] or "end").split()),
            anchor=match["anchor"] or "",
            block=match["block"],
        )
        for match in _STEP.finditer(text)
    ]
