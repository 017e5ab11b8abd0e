"""Tables of text, and how figures are written in them."""

from typing import NamedTuple

from ..results import Figure


class Column(NamedTuple):
    """A heading, and which value of which measure stands below it; ``digits`` after the point."""

    heading: str
    measure: str
    value: str
    digits: int = 0


class Table(NamedTuple):
    """A table of text: every row begins with a name."""

    title: str
    headings: list[str]
    rows: list[list[str]]


def number(value: float, digits: int = 0) -> str:
    """A number as people read it."""
    return f"{value:,.{digits}f}"


def with_spread(figure: Figure | None, digits: int) -> str:
    """A median with the least and the most of its rounds."""
    if figure is None:
        return "–"
    text = number(figure.median, digits)
    if figure.rounds > 1 and figure.least != figure.most:
        text += f" ({number(figure.least, digits)}–{number(figure.most, digits)})"
    return text
