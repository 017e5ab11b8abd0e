"""The ids of people: of the type that the site's user model has as its primary key, be it a number, a UUID or a text.

A program compares ids of that type. JSON and text hold an id in another form: a number stays a number in JSON, anything
else becomes text. ``of_json`` leads back to the type of the model.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError

from .outsiders import Outsider

UserId = int | UUID | str | Outsider  # an outsider has no account


def to_json(user_id: UserId) -> int | str:
    """An id as JSON holds it."""
    return user_id if isinstance(user_id, int) else str(user_id)


def of_json(value: Any) -> UserId | None:
    """The id that JSON or a text holds, in the type of the user model; ``None`` for what cannot be an id there."""
    if isinstance(value, bool) or not isinstance(value, (int, str, UUID)):
        return None
    try:
        user_id: UserId | None = get_user_model()._meta.pk.to_python(value)
    except (ValidationError, ValueError, OverflowError):
        return None
    return user_id


def all_of_json(values: Iterable[Any]) -> set[UserId]:
    """The ids that a list in JSON holds, in the type of the user model, without what cannot be an id."""
    return {user_id for user_id in map(of_json, values) if user_id is not None}


def sort_key(user_id: UserId) -> tuple[int, str]:
    """What ids are sorted by: numbers by their value, others by their text."""
    return (user_id, "") if isinstance(user_id, int) else (0, str(user_id))
