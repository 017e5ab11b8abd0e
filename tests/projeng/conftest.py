"""The office's people and a project, for tests of pages."""

from collections.abc import Callable
from decimal import Decimal
from threading import Thread
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from projeng.access import Role
from projeng.models import Project
from tests.support.people import person


@pytest.fixture
def head(db):
    return person(Role.HEAD, first_name="Maria", last_name="Santos")


@pytest.fixture
def finance(db):
    return person(Role.FINANCE, first_name="Jose", last_name="Ramirez")


@pytest.fixture
def engineer(db):
    return person(Role.ENGINEER, first_name="Ana", last_name="Reyes")


@pytest.fixture
def other_engineer(db):
    return person(Role.ENGINEER, first_name="Paolo", last_name="Cruz")


@pytest.fixture
def nobody(db):
    return person(None)


@pytest.fixture
def project(head, engineer):
    """A project of ``engineer``, with a budget of a million pesos."""
    project = Project.objects.create(
        name="Covered court", barangay="Apokon", project_cost=Decimal(1_000_000), created_by=head
    )
    project.assigned_engineers.add(engineer)
    return project


@pytest.fixture
def browser() -> Callable[..., Client]:
    """A browser of this person, or (``None``) of somebody who is not signed in."""

    def browse(user=None, **options) -> Client:
        client = Client(headers={"accept": "text/html"}, **options)
        if user is not None:
            client.force_login(user)
        return client

    return browse


@pytest.fixture
def together() -> Callable[..., list[Any]]:
    """Runs functions in threads of their own; returns what each returned, or the exception that ended it."""

    def run(*functions: Callable[[], Any]) -> list[Any]:
        outcomes: list[Any] = [None] * len(functions)

        def work(number: int, function: Callable[[], Any]) -> None:
            try:
                outcomes[number] = function()
            except Exception as fault:  # noqa: BLE001 (whatever it is, the test sees it)
                outcomes[number] = fault
            finally:
                connection.close()

        threads = [Thread(target=work, args=pair) for pair in enumerate(functions)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(40)
        return outcomes

    return run


@pytest.fixture
def edit(project) -> str:
    """The address of the project's form."""
    return reverse("project_edit", args=[project.pk])


@pytest.fixture
def colleague(browser, head) -> Client:
    """Another browser of a head, for what is done meanwhile."""
    return browser(head)
