"""Typed events, and the one envelope in which every transport carries them.

An application declares its events as dataclasses that inherit from ``EventType``. Declaring one adds it to the
catalogue. A test compares ``docs/events.md`` with the catalogue.
"""

import dataclasses
from datetime import datetime
from typing import Any, ClassVar

from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone

CATALOGUE: dict[str, type["EventType"]] = {}


@dataclasses.dataclass(frozen=True, kw_only=True)
class EventType:
    """Base of every event. ``type`` is its name on the wire, ``topic`` what a stream subscribes to.

    A topic of ``None`` marks an event for the servers only: it is never sent to a browser.
    """

    type: ClassVar[str]
    topic: ClassVar[str | None]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        name = cls.__dict__.get("type")
        if name is None:
            return  # an abstract base that other events share
        if name in CATALOGUE:
            raise TypeError(f"Event type {name!r} is declared twice.")
        CATALOGUE[name] = cls

    def fields(self) -> dict[str, Any]:
        """The envelope's own part: everything but ``id``, ``type`` and ``at``."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}

    @classmethod
    def opened(cls, fields: dict[str, Any]) -> dict[str, Any]:
        """The fields as they are delivered, from those that ``fields`` wrote into the log.

        An event overrides both where the log must not hold something as it is sent (a text that is encrypted there).
        """
        return fields


@dataclasses.dataclass(frozen=True, kw_only=True)
class ViewersChanged(EventType):
    """Base of events after which each server process reads viewers again before it delivers what follows.

    Those named in the field ``user_ids``; everybody where the event has no such field.
    """

    topic = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class AuthorityChanged(ViewersChanged):
    """What these people may see has changed: account, password, groups or assignments. For the servers only."""

    type = "authority_changed"

    user_ids: list[int | str]  # as JSON holds them (realtime/access/user_ids.py)


@dataclasses.dataclass(frozen=True, kw_only=True)
class SessionEnded(EventType):
    """A session has ended. ``digest`` is the SHA-256 of its key, so that the log contains no credential."""

    type = "session_ended"
    topic = None

    digest: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class CredentialEnded(EventType):
    """A credential of another kind than a session has ended (realtime/access/credentials.py), as ``SessionEnded``."""

    type = "credential_ended"
    topic = None

    kind: str
    digest: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class EpochBegan(EventType):
    """A new epoch of the log has begun (realtime/log/renewal.py). For the servers only, which look at its history."""

    type = "epoch_began"
    topic = None


def topic_of(event_type: str) -> str | None:
    """The topic of an event type; ``None`` for events of the servers, and for types that are no longer declared."""
    declared = CATALOGUE.get(event_type)
    return declared.topic if declared else None


def opened(event_type: str, fields: dict[str, Any]) -> dict[str, Any]:
    """The fields of an event in the log as they are delivered; unchanged for types that are no longer declared."""
    declared = CATALOGUE.get(event_type)
    return declared.opened(fields) if declared else fields


def iso(moment: datetime) -> str:
    """ISO 8601 in the office's time zone, offset included (``2026-11-20T15:04:05.123456+08:00``)."""
    return moment.astimezone(timezone.get_default_timezone()).isoformat()


_json = DjangoJSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def to_json(value: Any) -> str:
    """Compact JSON; dates, times and decimals as text. Raises ValueError for values that JSON cannot represent."""
    return _json.encode(value)


def envelope_fields(event_id: int, event_type: str, at: datetime, fields: dict[str, Any]) -> dict[str, Any]:
    """The JSON object of an event, the same on every transport.

    ``event_id`` is the cursor; ``fields`` are those of the event's dataclass.
    """
    return {"id": event_id, "type": event_type, "at": iso(at), **fields}


def envelope(event_id: int, event_type: str, at: datetime, fields: dict[str, Any]) -> str:
    """``envelope_fields`` as JSON."""
    return to_json(envelope_fields(event_id, event_type, at, fields))
