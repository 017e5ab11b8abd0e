"""The types of the fields that a body may set. Each reads a value as the contract says, and refuses with its texts.

They are plain validators: Pydantic's own conversions (lax numbers, epoch times, its forms of a UUID) take no part.
"""

import contextlib
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any, NoReturn
from uuid import UUID

from django.utils.dateparse import parse_datetime
from pydantic import PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from ..json_values import NUL, SURROGATE, fault_of

Reader = Callable[[Any], Any]

NULL = "This field may not be null."
BLANK = "This field may not be blank."
NO_UUID = "Must be a valid UUID."
NO_TEXT = "Not a valid string."
NO_INTEGER = "A valid integer is required."
LONG_INTEGER = "String value too large."
NO_JSON = "Value must be valid JSON."
OUT_OF_RANGE = "Datetime value out of range."
NO_TIME = (
    "Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]."
)

SMALLEST, LARGEST = -(2**63), 2**63 - 1  # of a bigint
INTEGER_TEXT = 1000  # characters
_ZERO_FRACTION = re.compile(r"\.0*\s*$")
_SURROGATE_CHARACTER = re.compile("[\ud800-\udfff]")


def refuse(*texts: str) -> NoReturn:
    """Refuse a field with the contract's texts."""
    raise PydanticCustomError("contract", "see texts", {"texts": texts})


def read_uuid(value: Any) -> UUID:
    """A UUID from text in any of its forms, or from a whole number (a boolean is one)."""
    try:
        if isinstance(value, int):
            return UUID(int=value)
        if isinstance(value, str):
            return UUID(hex=value)
    except ValueError:
        pass
    refuse(NO_UUID)


def read_text(value: Any, longest: int | None = None, blank: bool = True) -> str:
    """Text without blanks around it. A number becomes its text."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        refuse(NO_TEXT)
    text = str(value).strip()
    if not text:
        return text if blank else refuse(BLANK)
    wrong = []
    if longest is not None and len(text) > longest:
        wrong.append(f"Ensure this field has no more than {longest} characters.")
    if "\0" in text:
        wrong.append(NUL)
    if surrogate := _SURROGATE_CHARACTER.search(text):
        wrong.append(SURROGATE.format(ord(surrogate[0])))
    return refuse(*wrong) if wrong else text


def read_choice(value: Any, choices: frozenset[str]) -> str:
    """One of some words, as it is written."""
    text = str(value)
    return text if text in choices else refuse(f'"{text}" is not a valid choice.')


def read_integer(value: Any) -> int:
    """A whole number that fits a bigint, from a number or from text."""
    if isinstance(value, str) and len(value) > INTEGER_TEXT:
        refuse(LONG_INTEGER)
    try:
        number = int(_ZERO_FRACTION.sub("", str(value)))
    except ValueError:
        refuse(NO_INTEGER)
    if number > LARGEST:
        refuse(f"Ensure this value is less than or equal to {LARGEST}.")
    if number < SMALLEST:
        refuse(f"Ensure this value is greater than or equal to {SMALLEST}.")
    return number


def read_time(value: Any) -> datetime:
    """A time in UTC from ISO 8601. Without an offset it is in UTC already."""
    moment = None
    if isinstance(value, str):
        with contextlib.suppress(ValueError):
            moment = parse_datetime(value)
    if moment is None:
        refuse(NO_TIME)
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        refuse(OUT_OF_RANGE)


def read_json(value: Any) -> Any:
    """Any JSON value that a database can hold."""
    try:
        json.dumps(value, allow_nan=False)
    except ValueError:
        refuse(NO_JSON)
    fault = fault_of(value)
    return refuse(fault) if fault else value


def _field(read: Reader, shown: dict[str, Any], *, null: bool) -> Any:
    """The type of a field that ``read`` reads, described by ``shown`` in OpenAPI."""

    def check(value: Any) -> Any:
        if value is None:
            return None if null else refuse(NULL)
        return read(value)

    described = {"anyOf": [shown, {"type": "null"}]} if null else shown
    return Annotated[Any, PlainValidator(check), WithJsonSchema(described)]


def uuid_field(*, null: bool = False) -> Any:
    """The type of an id."""
    return _field(read_uuid, {"type": "string", "format": "uuid"}, null=null)


def text_field(longest: int | None = None) -> Any:
    """The type of an optional text, at most so many characters long."""
    limit = {} if longest is None else {"maxLength": longest}
    return _field(partial(read_text, longest=longest), {"type": "string", **limit}, null=True)


def required_text_field(longest: int) -> Any:
    """The type of a text that is neither null nor blank."""
    shown = {"type": "string", "minLength": 1, "maxLength": longest}
    return _field(partial(read_text, longest=longest, blank=False), shown, null=False)


def choice_field(choices: list[str]) -> Any:
    """The type of one of some words."""
    return _field(partial(read_choice, choices=frozenset(choices)), {"type": "string", "enum": choices}, null=False)


def integer_field() -> Any:
    """The type of an optional bigint."""
    return _field(read_integer, {"type": "integer", "format": "int64"}, null=True)


def time_field() -> Any:
    """The type of an optional time."""
    return _field(read_time, {"type": "string", "format": "date-time"}, null=True)


def json_field(**shown: Any) -> Any:
    """The type of any JSON value but null."""
    return _field(read_json, shown, null=False)
