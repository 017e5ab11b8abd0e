"""A site with two tenants, 1 and 2, on which everybody but students edits."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from rest_framework.test import APIClient

from messaging import contacts
from messaging.notices import tenants

TENANTS = (1, 2)


class _Contacts(contacts.ContactRule):
    def tenant_of(self, person: Any) -> int | None:
        return int(person.last_name) if person.last_name else None

    def is_global(self, person: Any) -> bool:
        return person.is_superuser


class _Tenants(tenants.TenantRule):
    has_tenants = True

    def exists(self, tenant: int) -> bool:
        return tenant in TENANTS

    def tenants_of(self, people_ids):
        members = get_user_model().objects.filter(pk__in=people_ids).exclude(last_name="")
        return {pk: int(tenant) for pk, tenant in members.values_list("pk", "last_name")}

    def may_edit(self, person: Any) -> bool:
        return person.first_name != "student"


@pytest.fixture(autouse=True)
def two_tenants():
    before = contacts.set_rule(_Contacts()), tenants.set_rule(_Tenants())
    yield
    contacts.set_rule(before[0])
    tenants.set_rule(before[1])


@pytest.fixture
def client_of(db):
    """``client_of(kind, tenant)``: a client of a new person, who is a student, a teacher or a manager (global)."""

    def make(kind: str, tenant: int | None = None) -> APIClient:
        number = get_user_model().objects.count()
        person = get_user_model().objects.create(
            username=f"{kind}{number}", first_name=kind, last_name=str(tenant or ""), is_superuser=kind == "manager"
        )
        client = APIClient()
        client.force_authenticate(person)
        client.person = person
        return client

    return make
