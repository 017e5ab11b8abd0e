"""Whose rows a caller of the secured form may see and change: their own. Both sides ask here.

| table | sees | makes | changes | deletes | action |
| --- | --- | --- | --- | --- | --- |
| messages | sender, receiver | as sender | sender | sender | receiver: mark_read |
| notifications | user | nobody | nobody | user | nobody: retry |
| documents | owner, uploader | as owner and uploader | owner, uploader | owner, uploader | - |
| email_queue | nobody | nobody | nobody | nobody | nobody: retry |

Services and administrators (``callers.SEES_ALL``) may do everything, and so may everybody in the compatibility form.
What a caller does not see does not exist for them (404); what they see and may not change is refused (403).
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db.models import Model, Q, QuerySet

from .callers import Caller
from .models import Document, Message, Notification

FORBIDDEN = "You do not have permission to perform this action."

# The columns that hold the user of those who may: see a row, change it, delete it, do its action.
_Columns = Mapping[type[Model], tuple[str, ...]]
_SEES: _Columns = {
    Message: ("sender_id", "receiver_id"),
    Notification: ("user_id",),
    Document: ("owner_user_id", "uploaded_by"),
}
_CHANGES: _Columns = {Message: ("sender_id",), Document: ("owner_user_id", "uploaded_by")}
_DELETES: _Columns = {**_CHANGES, Notification: ("user_id",)}
_ACTS: _Columns = {Message: ("receiver_id",)}
# The columns that must name the caller in a row that they make, or may be left out; a row has one of them at least.
_MAKES: _Columns = {Message: ("sender_id",), Document: ("owner_user_id", "uploaded_by")}


class Forbidden(Exception):
    """A caller may not do this with a row that they see, or may not make such a row (403)."""

    def __init__(self) -> None:
        super().__init__(FORBIDDEN)


def visible(caller: Caller, model: type[Model]) -> QuerySet[Any]:
    """The rows that a caller sees, newest first."""
    rows = model._default_manager.all()
    if caller.sees_all:
        return rows
    if caller.user_id is None or model not in _SEES:
        return rows.none()
    own = Q()
    for column in _SEES[model]:
        own |= Q(**{column: caller.user_id})
    return rows.filter(own)


def check_create(caller: Caller, model: type[Model], values: Mapping[str, Any]) -> None:
    """Raise Forbidden if a caller may not make a row of these checked values."""
    if caller.sees_all:
        return
    named = [values[column] for column in _MAKES.get(model, ()) if values.get(column) is not None]
    if not named or any(not _is(caller, user_id) for user_id in named):
        raise Forbidden


def check_change(caller: Caller, row: Model, changed: Mapping[str, Any] | None = None) -> None:
    """Raise Forbidden if a caller may not change a row, or not to these checked values.

    A change must not hand the row to somebody else, or claim that somebody else made it.
    """
    _check(caller, row, _CHANGES)
    if caller.sees_all or not changed:
        return
    for column in _MAKES.get(type(row), ()):
        if column in changed and changed[column] != getattr(row, column) and not _is(caller, changed[column]):
            raise Forbidden


def check_delete(caller: Caller, row: Model) -> None:
    """Raise Forbidden if a caller may not delete a row."""
    _check(caller, row, _DELETES)


def check_action(caller: Caller, row: Model) -> None:
    """Raise Forbidden if a caller may not mark a message as read, or retry a delivery."""
    _check(caller, row, _ACTS)


def _check(caller: Caller, row: Model, who: _Columns) -> None:
    if not caller.sees_all and not any(_is(caller, getattr(row, column)) for column in who.get(type(row), ())):
        raise Forbidden


def _is(caller: Caller, user_id: UUID | None) -> bool:
    return caller.user_id is not None and user_id == caller.user_id
