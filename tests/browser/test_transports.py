"""WebSocket in use: what happens is seen, on every server, while people are moved to and fro and sites change."""

import time

import pytest
from django.core.management import call_command
from playwright.sync_api import Page, expect

from projeng import inbox
from projeng.access import Role
from projeng.models import Project
from tests.support.log import logged
from tests.support.people import person
from tests.support.ports import free_port
from tests.support.site import Site

from .support import NO_SPREAD, expect_unread, unread, until, until_state
from .witness import Work, happened_for, moved, moves, newest, status, tab, until_live, watched, whole

pytestmark = pytest.mark.timeout(150)
MOVE = 5.0  # seconds in which those who are connected have moved
NO_SOCKETS = "delete globalThis.WebSocket;"
on_servers = pytest.mark.parametrize("socket_site", ["daphne", "uvicorn"], indirect=True)


def _project(*engineers) -> Project:
    project = Project.objects.create(name="Covered court", barangay="Apokon", project_cost=9_000_000)
    project.assigned_engineers.add(*engineers)
    return project


@pytest.fixture
def head(socket_site):
    return person(Role.HEAD)


@pytest.fixture
def transports():
    """``manage.py transport``; in the end all have again what the flags grant."""
    yield lambda *words: call_command("transport", *words, verbosity=0)
    call_command("transport", "restore", "--all", verbosity=0)


@on_servers
def test_a_change_here_is_seen_there_by_websocket(socket_site, browse, head):
    """Row, counters, bell and toast of one person follow what another does through a form."""
    engineer = person(Role.ENGINEER, first_name="Ana", last_name="Reyes")
    project = _project(engineer)
    browsing = browse(socket_site)
    page = tab(browsing, watched(browsing, head), "/dashboard/", "websocket")
    form = tab(browsing, watched(browsing, engineer), f"/projeng/projects/{project.pk}/progress/add/", "websocket")
    page.evaluate("globalThis.opened = true")
    before = unread(page)
    form.get_by_label("Percent complete").fill("62.5")
    form.get_by_label("What was done").fill("The roof is on.")
    form.get_by_role("button", name="Report progress").click()
    row = page.locator(f'[data-project-id="{project.pk}"]')
    expect(row.locator(".progress-text")).to_have_text("62.5%")
    expect(page.locator("#toast-message")).to_contain_text("updated to 62.5% by Ana Reyes")
    assert unread(page) == before + 1
    project.status = "delayed"
    project.save()
    expect(row.locator(".status-badge")).to_have_text("Delayed")
    delayed = str(Project.objects.filter(status="delayed").count())
    expect(page.locator("#status-delayed")).to_have_text(delayed)
    whole(head, page)
    assert page.evaluate("opened"), "the page was loaded again"
    assert page.evaluate("wsManager === realtimeManager && wsManager.constructor.name") == "WebSocketManager"


def test_several_people_at_once_each_get_what_is_theirs_and_nothing_else(socket_site, browse, head):
    """Of a head, two engineers and somebody without a role: on a socket each, with one of them on SSE."""
    ana, ben, guest = person(Role.ENGINEER), person(Role.ENGINEER), person()
    roads, drains = _project(ana), _project(ben)
    browsing = browse(socket_site)
    pages = {
        user: tab(browsing, watched(browsing, user, *scripts), "/accounts/profile/", transport)
        for user, transport, scripts in (
            (head, "websocket", []),
            (ana, "websocket", []),
            (ben, "sse", [NO_SOCKETS]),
            (guest, "websocket", []),
        )
    }
    work = [Work(roads, head, ana), Work(drains, ben), Work(_project())]
    for _ in range(5):
        for change in work:
            change()
    inbox.send([guest], "Welcome")
    for user, page in pages.items():
        whole(user, page)
    heard = {user: set(page.evaluate("witness.handled")) for user, page in pages.items()}
    assert not heard[ana] & heard[ben]
    assert len(heard[guest]) == 1
    assert unread(pages[guest]) == 1
    # Taken off a project, one hears of that, and of the project no more.
    roads.assigned_engineers.remove(ana)
    until(pages[ana], lambda: newest(pages[ana]) >= _newest("assignment_changed"), "Ana hears that she is taken off")
    before = len(pages[ana].evaluate("witness.handled"))
    Work(roads, head)()
    inbox.send([ana], "For you all the same")
    until(pages[ana], lambda: newest(pages[ana]) >= _newest("notification"), "Ana hears what is hers")
    assert pages[ana].evaluate("witness.handled")[before:] == [_newest("notification")]
    whole(head, pages[head])


def _newest(kind: str) -> int:
    return logged().filter(type=kind).latest("pk").pk


def test_those_who_are_connected_move_within_five_seconds_and_back_while_events_flow(
    socket_site, browse, head, transports, record_property
):
    """A person by name, then everybody; two tabs of one browser move together, a page that is opened meanwhile too."""
    work = Work(_project(), head)
    browsing = browse(socket_site)
    context = watched(browsing, head)
    pages = [tab(browsing, context, path, "websocket") for path in ("/dashboard/", "/dashboard/notifications/")]
    for scope in (["--user", head.username], ["--all"]):
        for words, transport in ((["sse", *scope, "--reason", "A trial"], "sse"), (["restore", *scope], "websocket")):
            told = time.time()
            transports(*words)
            for page in pages:
                work.during(page, lambda page=page, to=transport: status(page, "transport") == to, f"it moves: {words}")
                seconds = moved(page, transport, told) - told
                record_property(f"to {transport}", round(seconds, 2))
                assert seconds < MOVE
            if len(pages) == 2 and transport == "sse":
                pages.append(tab(browsing, context, "/projeng/projects/", "sse"))
    whole(head, *pages)
    for page in pages:
        assert {move["state"] for move in moves(page)} <= {"connecting", "live"}, "made before broken"
        assert page.evaluate("witness.sockets.length") <= 3
        until_live(page, "websocket")


def test_a_site_that_goes_back_to_gunicorn_and_forward_again_loses_no_event(
    browse, on_database, new_database, static_root, scratch, record_property
):
    """From phase 4 to phase 0 after an orderly stop, and forward again after a kill, on the same port."""
    url = new_database("sqlite")
    on_database(url)
    head = person(Role.HEAD)
    work = Work(_project(), head)
    port = str(free_port())
    pages: list[Page] = []

    def site(server: str, flag: str) -> Site:
        return Site(scratch, url, server, STATIC_ROOT=static_root, USE_WEBSOCKETS=flag, PORT=port)

    def all_live(transport: str, since: float) -> None:
        for page in pages:
            work.during(page, lambda page=page: status(page, "transport") == transport, "it is live", 60)
            until_live(page, transport)
        record_property(f"live by {transport}", round(moved(pages[0], transport, since) - since, 2))
        whole(head, *pages)

    begun = time.time()
    with site("daphne", "true") as first:
        browsing = browse(first)
        context = watched(browsing, head, NO_SPREAD)
        pages += [tab(browsing, context, path) for path in ("/dashboard/", "/dashboard/notifications/")]
        all_live("websocket", begun)
        first.terminate()
        until_state(pages[0], "reconnecting")
        work()
    begun = time.time()
    with site("gunicorn", "false"):
        all_live("sse", begun)
    until_state(pages[0], "reconnecting")
    work()
    begun = time.time()
    with site("daphne", "true"):
        all_live("websocket", begun)
        expect_unread(pages[1], head.notifications.count())
        expect(pages[0].locator("[data-region=recent-activity] li").first).to_contain_text("Progress updated")
        for page in pages:
            page.close()


def test_what_is_read_here_is_read_in_every_tab_and_browser_whatever_the_transport(socket_site, browse, head):
    inbox.send([head], "The first")
    inbox.send([head], "The second")
    inbox.send([head], "The third")
    browsing = browse(socket_site)
    by_socket, by_stream = watched(browsing, head), watched(browsing, head, NO_SOCKETS)
    path = "/dashboard/notifications/"
    here, beside = tab(browsing, by_socket, path, "websocket"), tab(browsing, by_socket, "/dashboard/", "websocket")
    there, across = tab(browsing, by_stream, path, "sse"), tab(browsing, by_stream, "/dashboard/", "sse")
    tabs = [here, beside, there, across]
    here.get_by_role("button", name="Mark as read: The second").click()
    for page in tabs:
        expect(page.locator("#notification-count")).to_have_text("2")
    for page in (here, there):
        expect(page.get_by_role("button", name="Mark as read: The second")).to_have_count(0)
    there.get_by_role("button", name="Mark all as read").click()
    for page in tabs:
        expect(page.locator("#notification-count")).to_be_hidden()
    whole(head, *tabs)
    assert len(happened_for(head, 0)) >= 5


@pytest.mark.parametrize("debug", [False, True], ids=["silent", "debug"])
def test_the_console_stays_silent_unless_it_is_asked_to_tell_every_frame(socket_site, browse, head, debug):
    browsing = browse(socket_site)
    page = tab(browsing, watched(browsing, head))
    said: list[str] = []
    page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
    page.goto("/dashboard/notifications/" + ("?debug=1" if debug else ""))
    until_live(page, "websocket")
    inbox.send([head], "To be seen")
    inbox.mark_read(head, head.notifications.get().pk)
    whole(head, page)
    until(page, lambda: not unread(page), "it is read")
    if not debug:
        assert said == []
        return
    until(page, lambda: sum("in websocket" in line for line in said) >= 2, "frames are told")
    assert any("this tab leads" in line for line in said)
    assert all(line.startswith("debug: [live]") for line in said), said
