"""People by their ids: which value can be one, and whose it is."""

from typing import Any

from django.contrib.auth import get_user_model

from realtime.access.user_ids import of_json

from .checking import LARGEST_ID


def person_key(value: Any) -> Any:
    """A value from outside as the id of a person, in the type of the user model; ``None`` where nobody can have it."""
    key = of_json(value)
    if isinstance(key, int) and not 0 < key <= LARGEST_ID:
        return None
    return None if isinstance(key, str) and "\0" in key else key


def active_person(key: Any) -> Any:
    """The active person with this id, in the type of the user model; ``None`` for nobody."""
    return get_user_model()._default_manager.filter(pk=key, is_active=True).first()
