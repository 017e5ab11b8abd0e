"""Where an object is asked for: at a service whose address is set, else at a mock in the compatibility form."""

import json
import logging
import time
from typing import Any

import urllib3
from django.conf import settings

from ..json_values import is_too_deep
from .fields import Key
from .mocks import mocked

CALL_SECONDS = 5.0  # for one call
MAX_BYTES = 1_000_000  # of an answer
CONNECTIONS = 16  # kept to each service
_PATHS = {  # core has no address for stages
    ("auth", "user"): "/auth/api/v1/users/{}",
    ("profile", "student"): "/profile/api/students/{}/",
    ("profile", "encadrant"): "/profile/api/encadrants/{}/",
    ("core", "offer"): "/core/offers/{}/",
}
logger = logging.getLogger(__name__)
_http = urllib3.PoolManager(maxsize=CONNECTIONS, retries=False)


def needs_call(key: Key) -> bool:
    """Whether another service has to be called for this key."""
    return bool(_base(key.service)) and (key.service, key.kind) in _PATHS


def ask(key: Key, until: float) -> Any:
    """What a service says of a key, ``None`` if it says nothing. It has until that moment of ``time.monotonic``."""
    base = _base(key.service)
    if not base:
        return mocked(key) if settings.COMM_COMPAT else None
    path = _PATHS.get((key.service, key.kind))
    return _call(base.rstrip("/") + path.format(key.id), until) if path else None


def _base(service: str) -> str:
    addresses = {
        "auth": settings.AUTH_SERVICE_URL,
        "profile": settings.PROFILE_SERVICE_URL,
        "core": settings.CORE_SERVICE_URL,
    }
    return str(addresses[service])


def _call(address: str, until: float) -> Any:
    """The JSON of an address; ``None`` for another status than 200, no JSON, no answer in time, or too much of it."""
    seconds = min(CALL_SECONDS, until - time.monotonic())
    if seconds <= 0:
        return None
    try:
        answer = _http.request(
            "GET",
            address,
            headers={"Accept": "application/json"},
            timeout=urllib3.Timeout(total=seconds),
            redirect=False,
            preload_content=False,
        )
        with answer:  # what was not read to its end is closed, and else kept for the next call
            body = _read(answer, until) if answer.status == 200 else None
        return None if body is None else _json(body)
    except (urllib3.exceptions.HTTPError, OSError) as error:
        logger.info("Another service could not be asked: %s", type(error).__name__)
        return None


def _read(answer: urllib3.BaseHTTPResponse, until: float) -> bytes | None:
    """The body, if it is not too long and comes in time: a timeout of the connection begins again with each byte."""
    body = b""
    while piece := answer.read1(MAX_BYTES):
        body += piece
        if len(body) > MAX_BYTES or time.monotonic() > until:
            return None
    return body


def _json(body: bytes) -> Any:
    """A body's JSON, if an answer can show it."""
    try:
        value = json.loads(body, parse_constant=_refuse)
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    return None if is_too_deep(value) else value


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
