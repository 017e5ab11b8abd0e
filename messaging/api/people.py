"""The people whom a request names."""

from collections.abc import Collection
from typing import Any

from django.contrib.auth import get_user_model

from .. import contacts
from ..errors import Invalid, NotFound


def reachable(person: Any, ids: Collection[Any], field: str) -> list[Any]:
    """The people with these ids. Raises Invalid where there is one to whom ``person`` may not write, or nobody."""
    wanted = set(ids)
    found = list(get_user_model()._default_manager.filter(pk__in=wanted))
    rule = contacts.rule()
    if len(found) < len(wanted) or not all(one.pk == person.pk or rule.may_write(person, one) for one in found):
        raise Invalid("There is no such person.", code="unknown_person", field=field)
    return found


def one(user_id: Any) -> Any:
    """The person with this id, whoever it is. Raises NotFound."""
    found = None if user_id is None else get_user_model()._default_manager.filter(pk=user_id).first()
    if found is None:
        raise NotFound("There is no such person.")
    return found
