"""The JSON of events: the form of this service, and the two forms in which other services write theirs.

``events.topic`` carries ``{"event_type", "payload", "service", "timestamp", "version"}`` under keys like
``stage.created``; ``medtrack.events`` carries ``data`` in place of ``payload``, under keys that begin with the service:
``core.offer.created``.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NoReturn

SERVICE, VERSION = "comm-service", "1.0"
SERVICES = frozenset({"auth", "comm", "core", "eval", "profile"})  # what keys of medtrack.events begin with
MAX_BODY = 256 * 1024  # bytes
MAX_NAME = 255  # characters, as of routing keys
MAX_ID = 180


class InvalidEventError(Exception):
    """What was received is no event, or lacks what its handler needs. It will not be better at another try."""


@dataclass(frozen=True)
class IncomingEvent:
    """An event of either form. ``name`` is that of section 8 of the contract, without the service: ``stage.created``.

    ``key`` is its identity: two messages with the same key are one event.
    """

    name: str
    payload: dict[str, Any]
    key: str


def outgoing(event_type: str, payload: dict[str, Any], now: datetime) -> dict[str, Any]:
    """The JSON of an event of this service."""
    return {
        "event_type": event_type,
        "payload": payload,
        "service": SERVICE,
        "timestamp": now.astimezone(UTC).replace(tzinfo=None).isoformat(),
        "version": VERSION,
    }


def read(body: bytes, routing_key: str, message_id: str | None = None) -> IncomingEvent:
    """Read a message of either exchange. Raise InvalidEventError.

    The identity is the first of these that there is: ``message_id`` of the message's properties; ``event_id`` or ``id``
    of the envelope; a digest of name, payload and timestamp. So an event without an id that is published twice, even on
    both exchanges, is one event, and two events of the same content at different times are two.
    """
    if len(body) > MAX_BODY:
        raise InvalidEventError(f"It is longer than {MAX_BODY} bytes.")
    try:
        said = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise InvalidEventError("It is no JSON.") from None
    if not isinstance(said, dict):
        raise InvalidEventError("It is no JSON object.")
    payload = said.get("payload", said.get("data"))
    if not isinstance(payload, dict):
        raise InvalidEventError("It has neither a payload nor data.")
    event_type = said.get("event_type")
    name = _name(event_type if isinstance(event_type, str) and event_type else routing_key)
    given = next((one for one in (message_id, said.get("event_id"), said.get("id")) if _is_id(one)), None)
    return IncomingEvent(name, payload, f"id:{given}" if given else _digest(name, payload, said.get("timestamp")))


def _name(text: str) -> str:
    first, _, rest = text.partition(".")
    name = rest if first in SERVICES and "." in rest else text
    if not name or len(name) > MAX_NAME or not name.isascii() or not name.isprintable():
        raise InvalidEventError("It has no name.")
    return name


def _is_id(given: Any) -> bool:
    return isinstance(given, str) and 0 < len(given) <= MAX_ID and given.isascii() and given.isprintable()


def _digest(name: str, payload: dict[str, Any], timestamp: Any) -> str:
    text = json.dumps([name, payload, timestamp], sort_keys=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON")
