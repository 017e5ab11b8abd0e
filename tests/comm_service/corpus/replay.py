"""Replaying a case against both sides, and comparing: status, headers, the bytes of the body, what is left behind."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.test import Client

from comm_service.contract import PREFIX
from comm_service.models import Document, EmailQueue, Message, Notification

from .asked import Asked, Case

SIDES = ("legacy", "ninja")
HEADERS = ("Content-Type", "Allow", "Vary", "WWW-Authenticate", "Access-Control-Allow-Origin")
TABLES: tuple[type[models.Model], ...] = (Message, Notification, Document, EmailQueue)
_TIME = re.compile(r"20[2-9]\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{6})?(?:Z|\+00:00)")
_PLANTED_YEARS = ("2024", "2025")


@dataclass(frozen=True)
class Answer:
    """What is compared of an answer. ``rows`` are those of the table that changed, after it."""

    status: int
    headers: dict[str, str]
    body: bytes
    rows: str

    def shown(self) -> str:
        """The answer as text, for somebody who reads a difference."""
        headers = "\n".join(f"{name}: {value}" for name, value in self.headers.items())
        return f"{self.status}\n{headers}\n\n{self.body.decode(errors='replace')}\n\n{self.rows}"


@dataclass(frozen=True)
class Outcome:
    """What both sides answered to each step of a case."""

    case: Case
    old: list[Answer]
    new: list[Answer]

    @property
    def same(self) -> bool:
        """Whether both sides answered the same, and neither with a server error."""
        return self.old == self.new and not any(one.status >= 500 for one in self.old)


def replay(case: Case) -> Outcome:
    """Ask both sides. Rows must have been planted before; what a side changes is taken back."""
    return Outcome(case, *(_ask(case, side) for side in SIDES))


def _ask(case: Case, side: str) -> list[Answer]:
    with _settings(COMM_API=side, COMM_COMPAT=not case.secured), transaction.atomic():
        planted = {row_id for model in TABLES for row_id in model.objects.values_list("pk", flat=True)}
        client = Client(raise_request_exception=False)
        answers = [_step(client, asked, planted) for asked in case.steps]
        transaction.set_rollback(True)
    return answers


def _step(client: Client, asked: Asked, planted: set[Any]) -> Answer:
    model = next((one for one in TABLES if asked.path.startswith(f"{one._meta.db_table}/")), None)
    path = asked.path
    if "{new}" in path and model is not None:
        made = model.objects.exclude(pk__in=planted).values_list("pk", flat=True).first()
        path = path.replace("{new}", str(made or "ffffffff-ffff-4fff-8fff-ffffffffffff"))
    path, _, query = path.partition("?")
    headers = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in asked.headers.items()}
    response = client.generic(
        asked.method,
        PREFIX + path,
        asked.body or b"",
        **({} if asked.content_type is None else {"content_type": asked.content_type}),
        **headers,
        QUERY_STRING=query,
    )
    new = {} if model is None else {str(one): "<new id>" for one in _ids(model) - planted}
    rows = "" if model is None or asked.method in ("GET", "HEAD", "OPTIONS") else _rows(model, new)
    shown = {name: response[name] for name in HEADERS if name in response}
    if 300 <= response.status_code < 400:
        shown["Location"] = response["Location"]
    return Answer(response.status_code, shown, _neutral(response.getvalue().decode(), new).encode(), rows)


def _ids(model: type[models.Model]) -> set[Any]:
    return set(model._default_manager.values_list("pk", flat=True))


def _rows(model: type[models.Model], new: dict[str, str]) -> str:
    return _neutral("\n".join(str(row) for row in model._default_manager.order_by("pk").values()), new)


def _neutral(text: str, new: dict[str, str]) -> str:
    """The text without what differs by nature: ids of new rows, and times of now."""
    for row_id, name in new.items():
        text = text.replace(row_id, name)
    text = re.sub(r"datetime\.datetime\(20(?!2[45],)\d\d, [^)]*\)", "<now>", text)
    return _TIME.sub(lambda found: found[0] if found[0].startswith(_PLANTED_YEARS) else "<now>", text)


@contextmanager
def _settings(**values: Any) -> Iterator[None]:
    """Set these for a moment, quietly: ``override_settings`` tells every receiver, which takes time in each case."""
    before = {name: getattr(settings, name) for name in values}
    for name, value in values.items():
        setattr(settings, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(settings, name, value)
