"""The move of this API from its old side to its new one, by the engine that moves transports (docs/switchover.md)."""

import re
from typing import Any

from django.http import HttpRequest

from realtime.transports.client_address import request_address
from switchover.callers import Caller
from switchover.moves import Move, method_of

from . import contract
from .api.pages import CURSOR, LIMIT
from .callers import Refused, caller_of
from .containment import SUFFIX
from .ids import id_in_path
from .models import Document, EmailQueue, Message, Notification

LEGACY, NINJA = "legacy", "ninja"
ADDED = re.compile(r"documents/(upload|[^/]+/download)/?|email_queue/pending(/|\.[a-z0-9]+/?)?")
TOKEN_DIGITS = 16  # of the SHA-256 of a token, by which an operator can name it

_MODELS: dict[str, type[Message | Notification | Document | EmailQueue]] = {
    "messages": Message,
    "notifications": Notification,
    "documents": Document,
    "email_queue": EmailQueue,
}
_BY_PATH = {one.path: one for one in contract.RESOURCES}


class CommApi(Move):
    """Callers of ``/comm/api/`` are answered by Django REST Framework (old) or by Django Ninja (new).

    A caller is a user, by the token's ``sub``, or an address where no token is asked for. A token is no caller of its
    own, since it lives for minutes; an operator may name one all the same.
    """

    name = "comm-api"
    title = "The communication API, from Django REST Framework to Django Ninja"
    old = LEGACY
    new = NINJA
    switch = "COMM_API"
    compared_headers = ("content-type", "allow", "vary")
    public_fields = ("detail",)
    free_fields = ("metadata", "[].metadata", "headers", "[].headers")

    def endpoint(self, request: HttpRequest) -> str:
        """The method and the address of the contract, without ids and without what callers made up."""
        parts = request.path_info.removeprefix(contract.PREFIX).removesuffix("/").split("/")
        parts[-1], _, format = parts[-1].partition(".")
        resource = _BY_PATH.get(parts[0])
        if resource is None:
            address = "" if parts == [""] else "…"
        elif len(parts) == 1:
            address = resource.path
        elif parts[1] in {one.name for one in resource.lists}:
            address = f"{resource.path}/{parts[1]}/{{value}}"
        else:
            action = parts[2] if len(parts) > 2 and parts[2] in resource.actions else ""
            address = f"{resource.path}/{{id}}/{action}".removesuffix("/")
        return f"{method_of(request)} {contract.PREFIX}{address}{'.json' if format else '/' if address else ''}"

    def remember(self, request: HttpRequest) -> Any:
        """The row that is about to be deleted. All other changes give the same answer when they are made twice."""
        parts = request.path_info.removeprefix(contract.PREFIX).strip("/").split("/")
        if request.method != "DELETE" or len(parts) != 2 or parts[0] not in _MODELS:
            return None
        row_id = id_in_path(parts[1].partition(".")[0])
        return None if row_id is None else _MODELS[parts[0]]._default_manager.filter(pk=row_id).first()

    def put_back(self, remembered: Any) -> None:
        """Make the deleted row again."""
        remembered.save(force_insert=True)


def is_added(request: HttpRequest) -> bool:
    """Whether a request asks for what the old side never had. Its answers differ by intention, and are not compared."""
    if ADDED.fullmatch(request.path_info.removeprefix(contract.PREFIX)):
        return True
    return any(name.endswith(SUFFIX) or name in (LIMIT, CURSOR) for name in request.GET)


def mover_of(request: HttpRequest) -> Caller:
    """The caller of a request as the cohort and the demotions know them: ``user:ID``, else ``address:IP``."""
    address = f"address:{request_address(request)}"
    try:
        caller = caller_of(request)
    except Refused:
        return Caller(address)
    names = {address}
    if caller.token_key:
        names.add(f"token:{caller.token_key[:TOKEN_DIGITS]}")
    groups = frozenset({caller.role}) if caller.role else frozenset()
    return Caller(f"user:{caller.user_id}" if caller.user_id else address, groups, frozenset(names))
