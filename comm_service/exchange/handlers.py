"""Which event of another service becomes which notification."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from ..enrichment import Key, look_up
from ..models import NotificationType
from .envelope import IncomingEvent, InvalidEventError

LARGEST = 10**15  # a number that every database and browser keeps as it is


class UserUnknownError(Exception):
    """The service that knows whom the event is about does not say. It may at another try."""


@dataclass(frozen=True)
class Handler:
    """How an event becomes a notification. ``related`` is the kind of object, whose id is the field ``<related>_id``.

    ``kept`` are the fields of the payload that are kept in the notification's metadata, beside the event's name.
    ``user`` finds whom it is for.
    """

    title: str
    content: str
    related: str
    kept: tuple[str, ...]
    user: Callable[[dict[str, Any]], UUID]


def _named_user(payload: dict[str, Any]) -> UUID:
    return _id(payload, "user_id")


def _user_of_student(payload: dict[str, Any]) -> UUID:
    """The user who is the student of the payload, as PROFILE says. Raise UserUnknownError."""
    key = Key("profile", "student", str(_id(payload, "student_id")))
    student = look_up([key]).get(key)
    try:
        return UUID((student or {})["user_id"])
    except (TypeError, KeyError, ValueError, AttributeError):
        raise UserUnknownError(f"The profile service names no user of student {key.id}.") from None


HANDLERS = {
    "student.created": Handler(
        "Welcome to MedTrack!", "Your student profile has been created.", "student", ("student_id",), _named_user
    ),
    "encadrant.created": Handler(
        "Welcome as Encadrant!", "Your encadrant profile has been created.", "encadrant", ("encadrant_id",), _named_user
    ),
    "stage.created": Handler(
        "New Stage Assignment",
        "You have been assigned to a new stage.",
        "stage",
        ("stage_id", "student_id", "offer_id"),
        _user_of_student,
    ),
    "stage.accepted": Handler(
        "🎉 Stage Accepted!",
        "Your stage has been accepted.",
        "stage",
        ("stage_id", "student_id", "encadrant_id"),
        _user_of_student,
    ),
    "stage.completed": Handler(
        "✅ Stage Completed!",
        "You have completed your stage.",
        "stage",
        ("stage_id", "student_id", "completion_date"),
        _user_of_student,
    ),
    "evaluation.created": Handler(
        "📊 New Evaluation",
        "You have received a new evaluation.",
        "evaluation",
        ("evaluation_id", "stage_id", "score"),
        _user_of_student,
    ),
}


def notification_values(event: IncomingEvent) -> dict[str, Any] | None:
    """The values of the notification that an event becomes; ``None`` for events that become none.

    Raise InvalidEventError for a payload without what the handler needs, UserUnknownError where nobody says whom it is
    for.
    """
    handler = HANDLERS.get(event.name)
    if handler is None:
        return None
    related_id = _id(event.payload, f"{handler.related}_id")
    kept = {name: _plain(name, event.payload.get(name)) for name in handler.kept}
    return {
        "user_id": handler.user(event.payload),
        "type": NotificationType.SYSTEM,
        "title": handler.title,
        "content": handler.content,
        "related_object_type": handler.related,
        "related_object_id": related_id,
        "metadata": {"event": event.name, **kept},
    }


def _id(payload: dict[str, Any], name: str) -> UUID:
    try:
        return UUID(payload[name])
    except (KeyError, ValueError, TypeError, AttributeError):
        raise InvalidEventError(f"Its {name} is missing or no UUID.") from None


def _plain(name: str, value: Any) -> Any:
    """A value for metadata: a number, a short text, a boolean or nothing. Raise InvalidEventError for anything else."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (int, float)) and abs(value) < LARGEST and math.isfinite(value):
        return value
    if isinstance(value, str) and len(value) <= 255 and value.isprintable():
        return value
    raise InvalidEventError(f"Its {name} is no short text and no number.")
