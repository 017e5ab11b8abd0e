"""Reads and validates the rows of a CSV file of projects, without the database.

projeng/importing/writing.py writes validated rows.
"""

import csv
import difflib
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

from ..barangays import BARANGAYS, in_city_bounds
from ..keys import known_spelling, plain, prn_key
from ..models import BIGGEST_AMOUNT, Project, Status
from . import based_on
from .decoding import Unreadable, decoded
from .header import BASED_ON, SEPARATORS, cause_of, quoted
from .header import columns as columns_of

MAX_BYTES = 50_000_000
MAX_ROWS = 200_000
NEVER_EMPTY = ("prn", "name", "barangay", "status")  # columns in which each row has a value

_PLAIN_NUMBER = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{0,40})?")
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_BROKEN_LINE = re.compile(r"\s*[\r\n\t]\s*")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True)
class Problem:
    """A row that cannot be imported: the line on which it begins, and the reason."""

    line: int
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}"


@dataclass(frozen=True)
class Row:
    """A valid row. ``values`` holds the values by field name, only of fields that have a column.

    ``based_on`` holds what the row says of the export that it comes from (based_on.py).
    """

    line: int
    prn: str
    values: dict[str, Any]
    based_on: dict[str, Any] = field(default_factory=dict)


@dataclass
class Checked:
    """The contents of a file. If there are problems, nothing may be imported.

    ``cause`` is what the problems have in common, if it is known; ``empty`` the columns with nothing in any row.
    """

    rows: list[Row] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    cause: str = ""
    empty: list[str] = field(default_factory=list)


def read(path: Path, on_progress: Callable[[int], None] = lambda rows: None) -> Checked:
    """Read and validate a file, like ``check``. Raise Unreadable if it cannot be read."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)  # one byte above the limit shows that the file is too large
    except (OSError, ValueError) as fault:  # ValueError: a NUL in the name
        raise Unreadable(f"cannot be read: {getattr(fault, 'strerror', None) or fault}.") from fault
    return check(data, on_progress)


def check(data: bytes, on_progress: Callable[[int], None] = lambda rows: None) -> Checked:
    """Validate the contents of a file. ``on_progress`` is called with the number of rows after each row.

    Raise Unreadable if there are no rows to validate.
    """
    if len(data) > MAX_BYTES:
        raise Unreadable(f"is larger than {MAX_BYTES // 1_000_000} MB.")
    text = decoded(data)
    if not text.strip():
        raise Unreadable("is empty.")
    checked = Checked()
    records = _records(csv.reader(io.StringIO(text, newline=""), strict=True), checked.problems)
    _, header = next(records, (0, []))
    if checked.problems:
        raise Unreadable(cause_of(text) or f"is not CSV: {checked.problems[0]}.")
    columns = columns_of(header, text)
    lines_by_prn: dict[str, int] = {}
    empty = set(columns)
    seen = 0
    for line, cells in records:
        seen += 1
        if empty:
            empty -= {name for name, cell in zip(columns, cells, strict=False) if name in empty and plain(cell)}
        if seen > MAX_ROWS:
            raise Unreadable(f"holds more than {MAX_ROWS:,} rows.")
        row, faults = _row(line, columns, cells)
        if row.prn:
            first = lines_by_prn.setdefault(row.prn, line)
            if first != line:
                faults.append(f"PRN {quoted(row.prn)} is already on line {first}")
        if faults:
            checked.problems.append(Problem(line, "; ".join(faults)))
        else:
            checked.rows.append(row)
        on_progress(seen)
    if not seen and not checked.problems:
        raise Unreadable("holds no projects, only a header.")
    checked.empty = [name for name in columns if name in empty]
    if missing := [name for name in checked.empty if name in NEVER_EMPTY]:
        words = "the column {} is" if len(missing) == 1 else "the columns {} are"
        checked.cause = f"{words.format(' and '.join(missing))} empty in every row"
    return checked


def _records(reader: Any, problems: list[Problem]) -> Iterator[tuple[int, list[str]]]:
    """Yield the non-empty rows, each with the line on which it begins (a quoted value may span several lines)."""
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as fault:
            problems.append(Problem(line, f"not readable as CSV from here on ({fault})"))
            return
        if any(cell.strip() for cell in cells):
            yield line, cells


def _row(line: int, columns: list[str], cells: list[str]) -> tuple[Row, list[str]]:
    if len(cells) != len(columns):
        fewer = "few" if len(cells) < len(columns) else "many"
        return Row(line, "", {}), [f"too {fewer} columns: {len(cells)} instead of {len(columns)}{_why(columns, cells)}"]
    given = {name: cell.strip() for name, cell in zip(columns, cells, strict=True)}
    values: dict[str, Any] = {}
    faults: list[str] = []
    for name, text in given.items():
        try:
            values[name] = READERS[name](name, text)
        except ValueError as fault:
            faults.append(str(fault))
    if given.get("progress") == "":
        del values["progress"]  # an empty cell leaves the progress unchanged, unlike "0"
    faults += _cross_field_faults(given, values)
    base = {name: value for name in BASED_ON if (value := values.pop(name, None)) is not None}
    return Row(line, values.pop("prn", ""), values, base), faults


def _why(columns: list[str], cells: list[str]) -> str:
    """What explains a wrong number of columns, in brackets; else nothing."""
    if not any(cells[len(columns) :]) and len(cells) > len(columns):
        return " (what is too many is empty)"
    if len(cells) == 1 and cells[0].count(",") + 1 >= len(columns):
        return " (the whole line is within quotation marks)"
    text = ",".join(cells)
    words = [words for separator, words in SEPARATORS.items() if text.count(separator) + 1 >= len(columns)]
    return f" ({words[0]} between the values, not commas)" if words else ""


def _cross_field_faults(given: dict[str, str], values: dict[str, Any]) -> Iterator[str]:
    """Yield the faults of values that are valid on their own but not together. Rounds valid coordinates in place."""
    if bool(given["latitude"]) != bool(given["longitude"]):
        yield "latitude and longitude: one is missing"
    latitude, longitude = values.get("latitude"), values.get("longitude")
    if latitude is not None and longitude is not None:
        if in_city_bounds(latitude, longitude):
            # Six decimals, as in the columns: a decimetre, which exceeds the precision of a road survey.
            values.update({name: _rounded(values[name], "0.000001") for name in ("latitude", "longitude")})
        else:
            yield f"{given['latitude'][:20]}, {given['longitude'][:20]} is off the map of Tagum City"
    if ends_before_start(values.get("start_date"), values.get("end_date")):
        yield f"ends ({values['end_date']}) before it starts ({values['start_date']})"


def ends_before_start(start: date | None, end: date | None) -> bool:
    """Return whether both dates are set and the end precedes the start."""
    return start is not None and end is not None and end < start


# --- single values: each reader returns the value or raises ValueError with the reason --------------------------


def _line(name: str, text: str) -> str:
    text = _BROKEN_LINE.sub(" ", text)  # spreadsheet cells often contain line breaks that keep columns narrow
    if _UNPRINTABLE.search(text):
        raise ValueError(f"{name} holds a NUL or another control character")
    return _within_limit(name, text)


def _lines(name: str, text: str) -> str:
    if "\0" in text:
        raise ValueError(f"{name} holds a NUL character")
    return _within_limit(name, text)


def _within_limit(name: str, text: str) -> str:
    limit = Project._meta.get_field(name).max_length
    if len(text) > limit:
        raise ValueError(f"{name} is too long: {len(text)} characters, at most {limit}")
    return text


def _required_line(name: str, text: str) -> str:
    if not plain(text):
        raise ValueError(f"{'PRN' if name == 'prn' else name} is missing")
    return _line(name, text)


def _prn(name: str, text: str) -> str:
    return _within_limit(name, prn_key(_required_line(name, text)))


def _barangay(name: str, text: str) -> str:
    return _one_of(list(BARANGAYS))(name, known_spelling(text, BARANGAYS))


def _status(name: str, text: str) -> str:
    return _one_of(Status.values)(name, plain(text))


def _one_of(allowed: list[str]) -> Callable[[str, str], str]:
    def read(name: str, text: str) -> str:
        if text in allowed:
            return text
        if not text:
            raise ValueError(f"{name} is missing")
        near = difflib.get_close_matches(text[:60], allowed, n=1)
        raise ValueError(f"unknown {name} {quoted(text)}{f' (is {near[0]} meant?)' if near else ''}")

    return read


def _number(name: str, text: str) -> Decimal | None:
    if not text:
        return None
    if not _PLAIN_NUMBER.fullmatch(text):  # Decimal also accepts NaN, Infinity, 1_000, 1e9 and non-ASCII digits
        raise ValueError(f"{name} {quoted(text)} is not a plain number")
    return Decimal(text)


def _number_between(low: Decimal, high: Decimal) -> Callable[[str, str], Decimal | None]:
    def read(name: str, text: str) -> Decimal | None:
        number = _number(name, text)
        if number is None:
            return None
        if not low <= number <= high:
            raise ValueError(f"{name} {quoted(text)} is not between {low:,} and {high:,}")
        if number != _rounded(number, "0.01"):
            raise ValueError(f"{name} {quoted(text)} has more than two decimals")
        return _rounded(number, "0.01")

    return read


def _date(name: str, text: str) -> date | None:
    if not text:
        return None
    try:
        if _ISO_DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass  # the format is right, but the day does not exist
    raise ValueError(f"{name} {quoted(text)} is not a date like 2026-11-20")


def _rounded(number: Decimal, step: str) -> Decimal:
    return number.quantize(Decimal(step), ROUND_HALF_UP)


READERS: dict[str, Callable[[str, str], Any]] = {
    "prn": _prn,
    "name": _required_line,
    "barangay": _barangay,
    "latitude": _number,
    "longitude": _number,
    "status": _status,
    "description": _lines,
    "project_cost": _number_between(Decimal(0), BIGGEST_AMOUNT),
    "source_of_funds": _line,
    "start_date": _date,
    "end_date": _date,
    "progress": _number_between(Decimal(0), Decimal(100)),
    **based_on.READERS,
}
