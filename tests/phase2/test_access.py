"""Who gets a socket at all, what each role sees, and how soon a change of that acts on sockets that are open."""

import asyncio

import pytest
from django.contrib.auth.models import Group, User
from django.contrib.sessions.backends.db import SessionStore

from projeng import inbox
from projeng.access import Role
from projeng.consumers import NotificationConsumer
from projeng.models import Project
from realtime.delivery.hub import hub
from realtime.delivery.reader import Reader
from realtime.log import replay
from tests.phase0.test_contract_access import (
    _change_password,
    _delete,
    _delete_session,
    _disable,
    _sign_out,
)
from tests.support import http
from tests.support.people import person, session_cookie
from tests.support.site import Site
from tests.support.websocket import Refused

ALL = ["notifications/", "projects/", "events/"]
SOON = 2.0  # seconds: how long a change of authority may take to act


def refused(talk, *args, **options) -> int:
    with pytest.raises(Refused) as caught:
        talk(*args, **options)
    return caught.value.status


# --- getting in -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ALL)
def test_without_a_session_the_handshake_is_refused(talk, address):
    assert refused(talk, None, address) == 403
    assert refused(talk, None, address, cookie="sessionid=" + "a" * 32) == 403


def test_a_cookie_that_can_be_none_of_ours_is_refused_without_a_stir(site, talk, head):
    for cookie in (
        "sessionid=",
        "sessionid=\\000",
        "sessionid=%00",
        "sessionid=" + "x" * 4000,
        "sessionid=☃",
        "a;b==;",
    ):
        assert refused(talk, None, "events/", cookie=cookie.encode("utf-8").decode("latin1")) == 403
    log = site.log.read_text()
    assert "Traceback" not in log, log[-3000:]


def test_a_disabled_account_is_refused(talk, head):
    cookie = session_cookie(head)
    head.is_active = False
    head.save()
    assert refused(talk, None, "events/", cookie=cookie) == 403


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://127.0.0.1.evil.example",
        "null",
        "file://",
        "",
    ],
)
def test_a_page_from_elsewhere_is_refused(talk, head, origin):
    assert refused(talk, head, "events/", origin=origin) == 403


def test_an_address_that_there_is_not_is_refused_and_the_server_goes_on(site, talk, head):
    for address in ("none/", "gossip/", "events", "notifications/1/"):
        with pytest.raises(Exception, match=r"403|404|500|did not receive"):
            talk(head, address)
    talk(head, "events/").next()


def test_while_use_daphne_is_false_sockets_are_refused_whatever_server_it_is(start_daphne):
    """The kill switch: another ASGI server, or Daphne started by hand, opens no socket."""
    site, talk = start_daphne(USE_DAPHNE="false")
    assert refused(talk, person(Role.HEAD), "events/") == 403
    assert http.get(f"{site.url}/health/").text == "OK"


def test_when_all_sockets_are_taken_the_next_is_refused_and_one_that_leaves_makes_room(start_daphne):
    from tests.support.ports import wait_until

    _, talk = start_daphne(WEBSOCKET_MAX_SOCKETS="3")
    user = person(Role.HEAD)
    opened = [talk(user, "notifications/") for _ in range(3)]
    assert refused(talk, user, "notifications/") == 403
    opened.pop().vanish()

    def enters() -> bool:
        try:
            talk(user, "notifications/").next()
        except Refused:
            return False
        return True

    wait_until(enters, "there is room again", 5)


def test_gunicorn_serves_no_socket_and_says_so_quickly(sites, on_database):
    site: Site = sites("gunicorn", "sqlite")
    on_database(site.database_url)
    headers = {"Upgrade": "websocket", "Connection": "Upgrade", "Cookie": session_cookie(person(Role.HEAD))}
    assert http.get(f"{site.url}/ws/events/", headers=headers, timeout=5).status_code == 404


# --- what each role sees ----------------------------------------------------------------------------------------


def names(socket) -> set[str]:
    socket.wait_for_cursor(replay.head())
    return {frame["name"] for frame in socket.events if "name" in frame}


def test_each_role_sees_what_it_may_and_no_more(talk, head, finance, engineer, nobody):
    people = {"head": head, "finance": finance, "engineer": engineer, "nobody": nobody}
    people["superuser"] = person(is_superuser=True)
    before = replay.head()
    sockets = {name: talk(user, "projects/") for name, user in people.items()}
    mine = Project.objects.create(name="Mine", barangay="Apokon")
    mine.assigned_engineers.add(engineer)
    Project.objects.create(name="Not mine", barangay="Apokon")
    replayed = {name: talk(user, f"projects/?last_event_id={before}") for name, user in people.items()}
    for some in (sockets, replayed):
        seen = {name: names(socket) for name, socket in some.items()}
        assert seen["head"] == seen["finance"] == seen["superuser"] == {"Mine", "Not mine"}
        assert seen["engineer"] == {"Mine"}
        assert seen["nobody"] == set()
    for some in (sockets, replayed):
        states = [frame for frame in some["engineer"].frames if frame["type"] == "project_status"]
        assert {one["name"] for frame in states for one in frame["projects"]} <= {"Mine"}
        assert not [frame for frame in some["nobody"].frames if frame["type"] == "project_status"]


def test_notifications_are_for_their_recipient_alone(talk, head, finance):
    mine, others = talk(head, "notifications/"), talk(finance, "events/")
    inbox.send([head], "For the head alone")
    mine.saying("For the head alone")
    others.wait_for_cursor(replay.head())
    assert not [frame for frame in others.frames if "message" in frame]


# --- while the socket is open -----------------------------------------------------------------------------------


@pytest.mark.quiet
def test_an_assignment_acts_at_once_both_ways(talk, engineer, project):
    socket = talk(engineer, "projects/")
    project.assigned_engineers.add(engineer)
    assert socket.of_type("assignment_changed", SOON)["assigned"][0]["id"] == engineer.pk
    project.status = "in_progress"
    project.save()
    assert socket.of_type("project_status_changed", SOON)["project_id"] == project.pk
    project.assigned_engineers.remove(engineer)
    assert socket.of_type("assignment_changed", SOON)["unassigned"][0]["id"] == engineer.pk
    seen = len(socket.events)
    project.status = "delayed"
    project.save()
    socket.wait_for_cursor(replay.head())
    assert len(socket.events) == seen


@pytest.mark.quiet
def test_a_new_and_a_lost_group_act_on_an_open_socket(talk, nobody, project):
    socket = talk(nobody, "projects/")
    nobody.groups.add(Group.objects.get(name=Role.FINANCE))
    socket.wait_for_cursor(replay.head())
    project.status = "delayed"
    project.save()
    assert socket.of_type("project_status_changed", SOON)["project_id"] == project.pk
    nobody.groups.clear()
    project.status = "planned"
    project.save()
    socket.wait_for_cursor(replay.head())
    assert len(socket.events) == 1


@pytest.mark.quiet
@pytest.mark.parametrize("how", [_sign_out, _disable, _delete, _change_password, _delete_session])
def test_whoever_is_out_is_out_of_open_sockets_too(site, talk, head, how):
    cookie = session_cookie(head)
    sockets = [talk(head, address, cookie=cookie, joined=joined) for address in ALL for joined in (True, False)]
    for socket in sockets:
        socket.wait_for(lambda frame: True)
    how(site, head, cookie)
    for socket in sockets:
        assert socket.closed_with(SOON) == 4401
        assert socket.frames[-1] == {"type": "error", "message": "signed out"}
    assert refused(talk, None, "events/", cookie=cookie) == 403


@pytest.mark.quiet
def test_signing_out_in_one_browser_leaves_the_others_alone(site, talk, head):
    here = session_cookie(head)
    stays, goes = talk(head, "notifications/"), talk(head, "notifications/", cookie=here)
    goes.next()
    _sign_out(site, head, here)
    assert goes.closed_with(SOON) == 4401
    inbox.send([head], "Still there?")
    stays.saying("Still there?")


def test_sockets_that_come_and_go_quickly_are_each_their_own(talk, head, finance):
    """One that comes right after another has gone must not be taken for it (objects of the two may share an id)."""
    inbox.send([head], "For the head alone")
    unread, cookies = {head: 1, finance: 0}, {user: session_cookie(user) for user in (head, finance)}
    for _ in range(60):
        for user, count in unread.items():
            socket = talk(user, "notifications/", cookie=cookies[user])
            assert socket.next()["unread_count"] == count
            socket.close()


def test_each_socket_reads_for_itself(monkeypatch):
    """Readings are kept and shared by key; whoever is let in is read about without one, so it is shared by nobody."""
    keys = []

    class Recorder:
        def submit(self, key, read):
            keys.append(key)
            raise RuntimeError("no database here")

    async def sent(message) -> None:
        assert message["type"] == "websocket.close"

    async def connect() -> None:
        consumer = NotificationConsumer()
        consumer.scope = {"user": User(pk=1), "session": SessionStore(), "query_string": b""}
        consumer.base_send = sent
        await consumer._let_in()
        consumer._leave()

    monkeypatch.setattr(hub, "reader", Recorder())
    monkeypatch.setattr("django.conf.settings.USE_DAPHNE", True)
    for _ in range(100):
        asyncio.run(connect())
    assert keys == [None] * 100
    reader = Reader()
    first, second = reader.submit(None, lambda: 1), reader.submit(None, lambda: 2)
    assert (first.result(5), second.result(5)) == (1, 2)
