"""Reading our own Markdown: headings, tables, blocks of code, links. Only what the documentation uses."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = {
    path.relative_to(ROOT).as_posix(): path for path in [*ROOT.glob("*.md"), *sorted((ROOT / "docs").rglob("*.md"))]
}

_FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"`([^`\n]+)`")


@dataclass
class Section:
    """A heading and what stands below it, up to the next heading."""

    level: int
    title: str
    text: str = ""
    blocks: list[tuple[str, str]] = field(default_factory=list)

    def tables(self) -> list[list[list[str]]]:
        """The tables, each as rows of cells; the first row is the header."""
        found: list[list[list[str]]] = []
        rows: list[list[str]] = []
        for line in [*self.text.splitlines(), ""]:
            if line.startswith("|"):
                rows.append([cell.strip() for cell in line.strip("|").split("|")])
            elif rows:
                found.append([rows[0], *rows[2:]])
                rows = []
        return found

    def table(self, first: str) -> list[list[str]]:
        """The rows, without the header, of all tables here whose first column has this name."""
        return [row for table in self.tables() if table[0][0] == first for row in table[1:]]

    def examples(self) -> list[Any]:
        """The JSON examples. Raises ValueError for one that is not JSON."""
        return [json.loads(text) for language, text in self.blocks if language == "json"]


def sections(name: str) -> list[Section]:
    """The sections of a document, in order; blocks of code are taken out of the text."""
    found = [Section(0, "")]
    blocks: list[tuple[str, str]] = []

    def taken_out(match: re.Match) -> str:
        blocks.append((match[1], match[2]))
        return f"\0{len(blocks) - 1}"

    text = _FENCE.sub(taken_out, DOCUMENTS[name].read_text())
    for line in text.splitlines():
        if heading := re.fullmatch(r"(#+) (.+)", line):
            found.append(Section(len(heading[1]), heading[2]))
        elif line.startswith("\0"):
            found[-1].blocks.append(blocks[int(line[1:])])
        else:
            found[-1].text += line + "\n"
    return found


def section(name: str, title: str) -> Section:
    """The section of this title. Raises KeyError where there is none."""
    for one in sections(name):
        if one.title == title:
            return one
    raise KeyError(f"{name} has no heading {title!r}")


def named(text: str) -> str | None:
    """What a cell or heading names, when it is one word of code."""
    match = re.fullmatch(r"`([^`]+)`", text)
    return match[1] if match else None


def code(text: str) -> list[str]:
    """Everything that is written as code within a line."""
    return _CODE.findall(text)


def links(name: str) -> list[str]:
    """Where the links of a document lead."""
    return _LINK.findall(_FENCE.sub("", DOCUMENTS[name].read_text()))
