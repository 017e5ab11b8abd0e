"""The header of a file of projects: which columns it has, or why it has none that are known."""

from ..keys import known_spelling
from .decoding import SAVE_AS, Unreadable

REQUIRED = ("prn", "name", "barangay", "latitude", "longitude", "status")
OPTIONAL = ("description", "project_cost", "source_of_funds", "start_date", "end_date", "progress")
BASED_ON = ("version", "updated_at")  # what the rows are based on (based_on.py)
COLUMNS = (*REQUIRED, *OPTIONAL, *BASED_ON)

SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}
_QUOTES = "\"'“”„‘’‚«»`´"
_LOOKED_THROUGH, _LOOKED_AT = 20, 100_000  # lines, and characters, in which a header is looked for
_SHOWN = 60


def columns(cells: list[str], text: str) -> list[str]:
    """Return the names of the columns. Raise Unreadable if one is missing, unknown or repeated.

    ``text`` is that of the file, in which the cause is looked for.
    """
    names = [known_spelling(cell, COLUMNS) for cell in cells]
    unnamed = [str(number) for number, name in enumerate(names, 1) if not name]
    faults = {
        "lacks": [name for name in REQUIRED if name not in names],
        "has unknown": [quoted(name) for name in names if name and name not in COLUMNS],
        "repeats": sorted({name for name in names if name in COLUMNS and names.count(name) > 1}),
        "has no name for column": unnamed,
    }
    messages = [f"{verb} {', '.join(found[:20])}" for verb, found in faults.items() if found]
    if not messages:
        return names
    if faults["lacks"] and (cause := cause_of(text)):
        raise Unreadable(cause)
    advice = " Delete columns that are empty." if unnamed else ""
    raise Unreadable(f"has a wrong header: it {'; it '.join(messages)}.{advice} Columns: {', '.join(COLUMNS)}.")


def cause_of(text: str) -> str:
    """Why the first line is no header, as a sentence; empty if it could be one, or if nothing explains it."""
    lines = (
        [line.strip("\ufeff \r\n") for line in text.lstrip().splitlines()[:_LOOKED_THROUGH]] if text.strip() else [""]
    )
    first = lines[0]
    if first.lower().startswith("sep="):
        return f"begins with {quoted(first)}, which only Excel understands: delete line 1. Only commas separate values."
    for separator, words in SEPARATORS.items():
        if _known(first.split(separator)) > max(1, _known(first.split(","))):
            return f"has {words} between its values on line 1, not commas. {SAVE_AS}"
    if _known(first.split(",")) > 1:
        return _wrong_quotes(first)
    if _known(first.split()) > 1:
        return f"has blanks between its values on line 1, not commas. {SAVE_AS}"
    if _known(first.split(",")):
        return ""
    for number, line in enumerate(lines, 1):
        if any(_known(line.split(separator)) > 1 for separator in (",", *SEPARATORS)):
            return f"has its header on line {number}, not on line 1: delete what is above it."
    return f"has no header: line 1 is {quoted(first)}. Above it belongs: {','.join(REQUIRED)}."


def _wrong_quotes(line: str) -> str:
    if line[0] == line[-1] == '"' and '"' not in line[1:-1].replace('""', ""):
        return f"has the whole of line 1 within one pair of quotation marks, so that it is one value. {SAVE_AS}"
    if any(quote in line for quote in _QUOTES[1:]):
        return 'has other quotation marks on line 1 than ". ' + SAVE_AS
    return ""


def _known(cells: list[str]) -> int:
    """How many of the cells name a column, whatever marks are around them."""
    return sum(known_spelling(cell.strip().strip(_QUOTES), COLUMNS) in COLUMNS for cell in cells[:100])


def quoted(text: str) -> str:
    """The text in quotation marks, shortened, with what is not printable escaped."""
    return repr(text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…")
