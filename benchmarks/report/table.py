"""Tables of text, and the format of numbers in them."""

from typing import NamedTuple

from ..results import Figure


class Column(NamedTuple):
    """A heading, and the measure and value of the column, with ``digits`` decimals."""

    heading: str
    measure: str
    value: str
    digits: int = 0


class Table(NamedTuple):
    """A table of text, in which every row begins with a name."""

    title: str
    headings: list[str]
    rows: list[list[str]]


def number(value: float, digits: int = 0) -> str:
    """Return a number as text, with ``digits`` decimals."""
    return f"{value:,.{digits}f}"


def with_spread(figure: Figure | None, digits: int) -> str:
    """Return a median with the minimum and maximum of its rounds."""
    if figure is None:
        return "–"
    text = number(figure.median, digits)
    if figure.rounds > 1 and figure.least != figure.most:
        text += f" ({number(figure.least, digits)}–{number(figure.most, digits)})"
    return text
