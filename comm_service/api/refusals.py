"""Answers that end a request early, in the form of the contract. Pydantic's own wording never leaves this package."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from pydantic import ValidationError

REQUIRED = "This field is required."


class Refusal(Exception):
    """An answer of 400 to 415. ``body`` is what the answer says."""

    def __init__(self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        super().__init__(body)
        self.status, self.body, self.headers = status, body, headers or {}


def detail(status: int, text: str) -> Refusal:
    """Return a refusal whose body is ``{"detail": text}``."""
    return Refusal(status, {"detail": text})


def not_found() -> Refusal:
    """Return the refusal of an id that is unknown or malformed, and of a format that is not offered."""
    return detail(HTTPStatus.NOT_FOUND, "Not found.")


def method_not_allowed(method: str) -> Refusal:
    """Return the refusal of a method that the address does not offer."""
    return detail(HTTPStatus.METHOD_NOT_ALLOWED, f'Method "{method}" not allowed.')


def malformed() -> Refusal:
    """Return the refusal of a request that cannot be read at all."""
    return detail(HTTPStatus.BAD_REQUEST, "Malformed request.")


def whole_body(text: str) -> Refusal:
    """Return the refusal of a body as a whole."""
    return Refusal(HTTPStatus.BAD_REQUEST, {"non_field_errors": [text]})


def invalid(error: ValidationError, order: Sequence[str]) -> Refusal:
    """Return the refusal of a body by its fields, in the contract's order of fields.

    The types of this package raise errors that carry the contract's texts. Pydantic itself reports only that a field is
    missing. Raise KeyError for any other error of Pydantic: a type of this package let it through.
    """
    texts: dict[str, list[str]] = {}
    for one in error.errors(include_url=False, include_input=False):
        field = str(one["loc"][0])
        texts[field] = [REQUIRED] if one["type"] == "missing" else list(one["ctx"]["texts"])
    return Refusal(HTTPStatus.BAD_REQUEST, {field: texts[field] for field in order if field in texts})
