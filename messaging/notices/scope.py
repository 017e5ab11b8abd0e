"""Which tenant's rows a request is about: the person's own, or for global people the one that a header names.

The header is never believed: a person who is not global reaches no other tenant by it.
"""

import re
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from rest_framework import exceptions
from rest_framework.request import Request

from .. import contacts
from . import tenants

HEADERS = ("X-College-ID", "X-Tenant-ID")  # the second is what earlier clients send
ALL = "all"
NUMBER = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True)
class Scope:
    """The rows that a request reaches: of ``tenant``, of every one (``everything``), or of none."""

    tenant: int | None = None
    everything: bool = False

    def within(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Those of ``rows``, which have a ``tenant``, that are in the scope."""
        return rows if self.everything else rows.filter(tenant=self.tenant) if self.tenant is not None else rows.none()


def scope_of(request: Request) -> Scope:
    """The scope of a request. Raise ParseError (400) for a header that is neither a number nor ``all``."""
    asked = _asked(request)
    if not tenants.rule().has_tenants:
        return Scope(everything=True)
    if contacts.rule().is_global(request.user):
        return Scope(tenant=asked, everything=asked is None)
    own = contacts.rule().tenant_of(request.user)
    return Scope(tenant=own if asked in (None, own) else None)


def tenant_for_new(request: Request, named: int | None) -> int | None:
    """The tenant of a row that is to be made; ``named`` is the one in the body, where one is.

    Raise PermissionDenied (403) for one that the person does not reach, and ValidationError (400) where none is named,
    or one that does not exist.
    """
    scope = scope_of(request)
    if not tenants.rule().has_tenants:
        return None
    tenant = scope.tenant if named is None else named
    if not scope.everything and (tenant is None or tenant != scope.tenant):
        raise exceptions.PermissionDenied()
    if tenant is None:
        raise exceptions.ValidationError({"college": ["This field is required."]})
    if not tenants.rule().exists(tenant):
        raise exceptions.ValidationError({"college": [f'Invalid pk "{tenant}" - object does not exist.']})
    return tenant


def _asked(request: Request) -> int | None:
    text = next((request.headers[name] for name in HEADERS if request.headers.get(name)), ALL).strip()
    if text.lower() == ALL:
        return None
    if not NUMBER.fullmatch(text):
        raise exceptions.ParseError(f"{HEADERS[0]} must be a number or {ALL}.")
    return int(text)
