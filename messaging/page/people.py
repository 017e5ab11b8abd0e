"""People as the page shows them, the search of the people picker, and who is there."""

from collections.abc import Collection, Iterable
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Q, Value
from django.db.models.functions import Concat
from django.http import HttpRequest

from .. import checking, contacts, conversations
from ..errors import Invalid, NotFound
from ..participants import PARTICIPANTS_LIMIT
from ..people import person_key
from .endpoint import Answer, endpoint
from .shapes import conversation_of, people_json

FOUND = 30  # people that a search shows
ASKED_AT_ONCE = 100  # people whose presence is asked for
LONGEST_SEARCH = 100
NOBODY = "There is no such person."


def find_person(viewer: Any, value: Any) -> Any:
    """The person with this id, to whom ``viewer`` may write. Raises NotFound for anybody else."""
    [found] = find_people(viewer, [value])
    return found


def find_people(viewer: Any, values: Any) -> list[Any]:
    """The people with these ids, to whom ``viewer`` may write. Raises NotFound where one is missing, and Invalid."""
    if not isinstance(values, list) or len(values) > PARTICIPANTS_LIMIT:
        raise Invalid("This is not a list of people.", field="people")
    keys = {_key(value) for value in values}
    found = list(contacts.rule().reachable(viewer).filter(pk__in=keys))
    if len(found) != len(keys):
        raise NotFound(NOBODY)
    return found


def person_of(value: Any) -> Any:
    """The person with this id, whoever it is. Raises NotFound."""
    found = get_user_model()._default_manager.filter(pk=_key(value)).first()
    if found is None:
        raise NotFound(NOBODY)
    return found


def _key(value: Any) -> Any:
    """A value from outside as the id of a person. Raises NotFound where nobody can have it."""
    key = person_key(value)
    if key is None:
        raise NotFound(NOBODY)
    return key


def _search(request: HttpRequest) -> Answer:
    """The people to whom one may write, by name; of the same name, by username."""
    text = checking.storable(request.GET.get("q", "")[:LONGEST_SEARCH], "q").strip()
    user = get_user_model()
    people = contacts.rule().reachable(request.user)
    for word in text.split()[:5]:
        full_name = Concat("first_name", Value(" "), "last_name")
        people = people.alias(full_name=full_name).filter(
            Q(full_name__icontains=word) | Q(**{f"{user.USERNAME_FIELD}__icontains": word})
        )
    rows = list(people.order_by("first_name", "last_name", user.USERNAME_FIELD)[:FOUND])
    return {"people": _with_username(people_json(request.user, rows), rows)}


def _with_username(shown: Iterable[dict[str, Any]], rows: Iterable[Any]) -> list[dict[str, Any]]:
    """Usernames tell apart people of the same name."""
    return [{**one, "note": row.get_username()} for one, row in zip(shown, rows, strict=True)]


def _presence(request: HttpRequest) -> Answer:
    """Who of these people is there now."""
    asked = [text for text in request.GET.get("ids", "").split(",") if text][:ASKED_AT_ONCE]
    return {"people": people_json(request.user, _known(request.user, asked))}


def _known(viewer: Any, values: Collection[str]) -> list[Any]:
    keys = {person_key(value) for value in values} - {None}  # nobody: the others are told
    return list(contacts.rule().reachable(viewer).filter(pk__in=keys))


def _one(request: HttpRequest, person: str) -> Answer:
    """A person, and the conversation with them, if there is one."""
    found = find_person(request.user, person)
    existing = conversations.open_direct(request.user, found)
    [shown] = people_json(request.user, [found])
    return {"person": shown, "conversation": conversation_of(request.user, existing.pk) if existing else None}


search = endpoint(get=_search)
presence = endpoint(get=_presence)
one = endpoint(get=_one)
