"""Who may listen to the events of a user, and for how long."""

import time
from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.conf import settings

from realtime.access.credentials import Credential, register_credential
from realtime.access.identity import Identity
from realtime.access.outsiders import Outsider
from realtime.delivery.subscriber import Subscription

from ..access import Forbidden
from ..callers import LEEWAY_SECONDS, Caller
from ..events import COMM, FRAMES, audience_key

KIND = "comm"  # of outsiders and of their credentials
OPEN = "open"  # the credential of the compatibility form

clock = time.time  # tests set another one

NOTIFICATIONS = Subscription(topics=frozenset({COMM}), wanted=lambda frame: frame.type in FRAMES)


def identity_of(caller: Caller, user_id: UUID) -> Identity:
    """The identity of a caller who listens to what is for a user. Raise Forbidden for what is another user's."""
    if not (caller.sees_all or caller.user_id == user_id):
        raise Forbidden
    outsider = Outsider(KIND, str(user_id), frozenset({audience_key(user_id)}))
    key = OPEN if caller.open else f"{caller.expires_at:.0f}:{caller.token_key}"
    return Identity(outsider, Credential(KIND, key))


def user_id_of(text: str) -> UUID | None:
    """The user id in an address, in any form of a UUID; ``None`` for anything else."""
    try:
        return UUID(text)
    except ValueError:
        return None


def register() -> None:
    """Let connections be opened with tokens of the authentication service. Called when the site starts."""
    register_credential(KIND, living=_living, owner=_nobody)


def _living(keys: Collection[str]) -> set[str]:
    now = clock() - LEEWAY_SECONDS
    return {key for key in keys if (settings.COMM_COMPAT if key == OPEN else _expires_at(key) > now)}


def _expires_at(key: str) -> float:
    return float(key.partition(":")[0])


def _nobody(key: str) -> Any:
    """No account belongs to a token of another service."""
    return None
