"""The phases of a move, as its files env/NAME-phase-N.env define them. scripts/lib/main.sh reads the same files.

A file's first line is a comment with the phase's name ("# Phase 2, shadow: …"). Its ``NAME=value`` lines are the flags;
"# or NAME=value" and "# or NAME=low..high" are values with which it is still that phase.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

MOST = 10  # phases 0 to 9: the scripts know them by one digit
NAMED = re.compile(r"# Phase [0-9], ([^:.]+)")
LINE = re.compile(r"(# or )?([A-Z][A-Z0-9_]*)=(.*)")
RANGE = re.compile(r"([0-9]{1,3})\.\.([0-9]{1,3})")


@dataclass(frozen=True)
class Phase:
    """A phase: its number, its name, its flags, and for each flag further values that belong to it."""

    number: int
    name: str
    flags: Mapping[str, str] = field(default_factory=dict)
    alternatives: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def differing(self, values: Mapping[str, str]) -> list[str]:
        """The flags of this phase that have other values here."""
        return [name for name, wanted in self.flags.items() if not self._fits(name, wanted, values.get(name, ""))]

    def _fits(self, name: str, wanted: str, text: str) -> bool:
        return text.lower() == wanted.lower() or any(_allows(one, text) for one in self.alternatives.get(name, ()))


@dataclass(frozen=True)
class Standing:
    """Where a configuration stands: its phase, or between phases (``number`` is ``None``), and why."""

    number: int | None
    name: str
    why: str

    def __str__(self) -> str:
        return f"between phases: {self.why}" if self.number is None else f"phase {self.number}, {self.name}"


def _allows(alternative: str, text: str) -> bool:
    if found := RANGE.fullmatch(alternative):
        return text.isascii() and text.isdecimal() and int(found[1]) <= int(text[:9]) <= int(found[2])
    return alternative.lower() == text.lower()


def phase_of(number: int, text: str) -> Phase:
    """The phase that the text of a file defines."""
    flags: dict[str, str] = {}
    alternatives: dict[str, tuple[str, ...]] = {}
    for line in text.splitlines():
        if found := LINE.fullmatch(line.rstrip()):
            further, name, value = found.groups()
            if further:
                alternatives[name] = (*alternatives.get(name, ()), value)
            else:
                flags[name] = value
    named = NAMED.match(text)
    return Phase(number, named[1] if named else "", flags, alternatives)


@lru_cache(maxsize=32)
def phases(folder: Path, move: str) -> dict[int, Phase]:
    """The phases of the move of this name, by number; none where it has no files in this folder."""
    found = {}
    for number in range(MOST):
        path = folder / f"{move}-phase-{number}.env"
        if not path.is_file():
            break
        found[number] = phase_of(number, path.read_text(encoding="utf-8"))
    return found


def standing(found: Iterable[Phase], values: Mapping[str, Any]) -> Standing:
    """The highest of these phases that these flags make."""
    texts = {name: as_text(value) for name, value in values.items()}
    nearest: tuple[int, str] | None = None
    for phase in sorted(found, key=lambda one: -one.number):
        unknown = [name for name in phase.flags if name not in texts]
        if unknown:
            return Standing(None, "", f"it says nothing of {', '.join(unknown)}: it runs other code")
        differing = phase.differing(texts)
        if not differing:
            return Standing(phase.number, phase.name, ", ".join(f"{name}={texts[name]}" for name in phase.flags))
        if nearest is None or len(differing) < nearest[0]:
            what = " ".join(f"{name}={texts[name]}" for name in differing)
            nearest = len(differing), f"like phase {phase.number} but for {what}"
    return Standing(None, "", nearest[1] if nearest else "there are no phases")


def as_text(value: Any) -> str:
    """A setting's value as it is written in an env file."""
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, (list, tuple, set, frozenset)) else str(value)
