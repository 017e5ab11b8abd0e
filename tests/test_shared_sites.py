"""The guard of shared sites sees what a test leaves there that another would meet, and says it once."""

import os
import socket

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.management import call_command

from projeng import inbox
from projeng.access import Role
from projeng.models import Project
from realtime.log import replay
from realtime.management.commands.prune_events import prune
from tests.support import http
from tests.support.database import using_database
from tests.support.people import person
from tests.support.shared import SharedSite
from tests.support.site import Site


@pytest.fixture(scope="module")
def shared(new_database, static_root, tmp_path_factory, django_db_blocker):
    """A site that is looked after, with one person and one project in it."""
    folder, url = tmp_path_factory.mktemp("shared"), new_database("sqlite")
    with django_db_blocker.unblock(), using_database(url):
        person(Role.HEAD, "kept")
        Project.objects.create(name="Kept", barangay="Apokon")
    with Site(folder, url, STATIC_ROOT=static_root) as site:
        yield SharedSite(site)


@pytest.fixture
def site(shared, on_database):
    on_database(shared.site.database_url)
    return shared.site


def _prune(site: Site) -> None:
    inbox.send([User.objects.first()], "Pruned")
    prune(replay.head())


def _traceback(site: Site) -> None:
    with site.log.open("a") as log:
        log.write("Traceback (most recent call last):\n")


def _use_up(site: Site) -> None:
    for _ in range(11):
        made_up = {"Cookie": f"sessionid={os.urandom(16).hex()}"}
        http.get(f"{site.url}/projeng/api/realtime/status/", headers=made_up, timeout=20)


@pytest.mark.parametrize(
    ("do", "said"),
    [
        (_prune, "how far the log is pruned: "),
        (lambda site: call_command("transport", "sse", "--all", "--reason", "x", verbosity=0), "demotions to SSE: "),
        (lambda site: Group.objects.create(name="Left behind"), "groups: "),
        (lambda site: Group.objects.first().permissions.add(Permission.objects.first()), "permissions of groups: "),
        (lambda site: User.objects.filter(username="kept").update(is_active=False), "people that have changed or gone"),
        (lambda site: Project.objects.filter(name="Kept").delete(), "projects that have changed or gone"),
        (
            lambda site: Project.objects.create(name="Long", prn="PRN-1", barangay="Apokon", description="x" * 200_000),
            "1 more projects with 200000 characters",
        ),
        (_traceback, "tracebacks in its log: 0 before, 1 after"),
    ],
)
def test_what_another_test_would_meet_is_said_once(shared, site, do, said):
    assert list(shared.left_behind()) == []
    do(site)
    [line] = shared.left_behind()
    assert line.startswith(said)
    assert list(shared.left_behind()) == []


def test_a_connection_that_is_left_open_is_said(shared, site, monkeypatch):
    monkeypatch.setattr("tests.support.shared.LEAVING_SECONDS", 0.1)
    with socket.create_connection(("127.0.0.1", site.port)):
        assert list(shared.left_behind()) == ["1 connections that are open"]
    monkeypatch.undo()
    assert list(shared.left_behind()) == []


def test_what_tests_make_for_themselves_may_stay(shared, site):
    user = person(Role.ENGINEER)
    project = Project.objects.create(name="Of a test", prn="PRN-2", barangay="Apokon")
    project.assigned_engineers.add(user)
    inbox.send([user], "Of a test")
    user.delete()
    assert list(shared.left_behind()) == []


def test_an_allowance_that_is_used_up_is_said(new_database, static_root, scratch):
    with Site(scratch, new_database("sqlite"), STATIC_ROOT=static_root, OPENS_PER_ADDRESS="10") as site:
        shared = SharedSite(site)
        _use_up(site)
        [line] = shared.left_behind()
        assert line.startswith("the allowance of 127.0.0.1 is used up")
