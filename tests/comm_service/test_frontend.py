"""The example of a page (examples/comm-frontend) in Chromium: on an origin of its own, in the secured form."""

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from comm_service import callers
from tests.browser.support import chromium
from tests.support.site import ROOT, Site

SECRET = "only-for-the-tests-of-the-communication-api-0123456789"
PHONE, DESK = {"width": 360, "height": 740}, {"width": 1280, "height": 900}
SECONDS = 20


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *arguments: Any) -> None:
        """Requests are no news."""


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    """Where the page is served."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(ROOT / "examples" / "comm-frontend")))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def site(tmp_path_factory, new_database, origin) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("comm")
    environment = {"SERVICE": "comm", "COMM_ENABLED": "true", "COMM_API": "ninja", "JWT_SECRET_KEY": SECRET}
    more = {"CORS_ALLOWED_ORIGINS": origin, "MEDIA_ROOT": str(folder / "media")}
    with Site(folder, new_database("sqlite"), "daphne", **environment, **more) as running:
        yield running


@pytest.fixture(scope="module")
def browser(site) -> Iterator[Browser]:
    with chromium() as started:
        yield started


class Person:
    """A user with the page open. ``problems``: what the page complained of."""

    def __init__(self, browser: Browser, site: Site, origin: str, **options: Any) -> None:
        self.id = str(uuid4())
        self.token = callers.make_token(self.id)
        self.problems: list[str] = []
        self._site = site
        self.context = browser.new_context(base_url=origin, accept_downloads=True, **options)
        self.context.set_default_timeout(SECONDS * 1000)
        self.page: Page = self.context.new_page()
        self.page.on("console", lambda said: self.problems.append(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda error: self.problems.append(error.message))
        self.page.goto("/")

    def enter(self) -> "Person":
        self.page.get_by_label("Address of the service").fill(self._site.url)
        self.page.get_by_label("Your user id").fill(self.id.upper())
        self.page.get_by_label("Access token").fill(self.token)
        self.page.get_by_role("button", name="Connect").click()
        self.expect_live()
        return self

    def expect_live(self) -> None:
        expect(self.page.get_by_role("status")).to_have_text("Live", timeout=SECONDS * 1000)

    def list(self, name: str) -> Any:
        return self.page.get_by_role("list", name=name)


@pytest.fixture
def people(browser, site, origin) -> Iterator[Any]:
    """``people()`` opens the page for a new user. At the end no page may have complained."""
    opened: list[Person] = []

    def begin(**options: Any) -> Person:
        opened.append(Person(browser, site, origin, **options))
        return opened[-1]

    yield begin
    for one in opened:
        one.context.close()
    assert [problem for one in opened for problem in one.problems] == []


def notify(site: Site, user: str, title: str) -> None:
    headers = {"Authorization": f"Bearer {callers.make_token(uuid4(), role=callers.SERVICE)}"}
    body = {"user_id": user, "type": "system", "title": title, "content": "<b>plain text</b>"}
    answer = httpx.post(f"{site.url}/comm/api/notifications/", json=body, headers=headers, timeout=SECONDS)
    assert answer.status_code == 201, answer.text


def test_two_people_write_to_each_other_and_hear_of_it_at_once(site, people):
    ana, ben = people().enter(), people(viewport=PHONE, color_scheme="dark").enter()
    ana.page.get_by_label("To (user id)").fill(ben.id)
    ana.page.get_by_label("Subject").fill("Ünïcode <i>subject</i>")
    ana.page.get_by_label("Message", exact=True).fill("Good morning")
    ana.page.get_by_role("button", name="Send", exact=True).click()
    row = ben.list("Messages").get_by_role("listitem")
    expect(row).to_contain_text("Ünïcode <i>subject</i>")
    expect(row).to_contain_text("Good morning")
    row.get_by_role("button", name="Mark as read").click()
    expect(row.get_by_role("button")).to_have_count(0)
    ana.page.get_by_role("button", name="Sent").click()
    expect(ana.list("Messages").get_by_role("listitem")).to_contain_text("Good morning")
    notify(site, ben.id, "New evaluation")
    expect(ben.list("Notifications").get_by_role("listitem")).to_contain_text("<b>plain text</b>")


def test_what_came_while_the_connection_was_gone_is_caught_up_on(site, people):
    ana = people().enter()
    notify(site, ana.id, "One")
    expect(ana.list("Notifications").get_by_role("listitem")).to_have_count(1)
    # A kept page is closed on leaving, and comes back with its cursor.
    ana.page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))")
    notify(site, ana.id, "Two")
    ana.page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    expect(ana.list("Notifications").get_by_role("listitem").first).to_contain_text("Two")
    expect(ana.list("Notifications").get_by_role("listitem")).to_have_count(2)


def test_without_websocket_the_same_comes_by_server_sent_events(site, people):
    ana = people()
    ana.page.add_init_script(
        "globalThis.WebSocket = class { constructor() { setTimeout(() => this.onclose({}), 0); } close() {} }"
    )
    ana.page.reload()
    ana.enter()
    notify(site, ana.id, "By a stream")
    expect(ana.list("Notifications").get_by_role("listitem")).to_contain_text("By a stream")


def test_a_document_is_uploaded_and_downloaded_under_its_name(people):
    ana = people().enter()
    name = "Relevé été.txt"
    ana.page.get_by_label("File").set_input_files({"name": name, "mimeType": "text/plain", "buffer": b"marks"})
    ana.page.get_by_label("Kind").fill("report")
    ana.page.get_by_role("button", name="Upload").click()
    row = ana.list("Documents").get_by_role("listitem")
    expect(row).to_contain_text(name)
    with ana.page.expect_download() as waiting:
        row.get_by_role("button", name=f"Download {name}").click()
    assert waiting.value.suggested_filename == name
    assert waiting.value.path().read_bytes() == b"marks"
    ana.page.reload()
    ana.expect_live()
    expect(ana.list("Documents").get_by_role("listitem")).to_contain_text(name)


def test_what_is_refused_is_said(people):
    ana = people()
    ana.token = "nonsense"
    ana.page.get_by_label("Address of the service").fill(ana._site.url)
    ana.page.get_by_label("Your user id").fill(ana.id)
    ana.page.get_by_label("Access token").fill(ana.token)
    ana.page.get_by_role("button", name="Connect").click()
    expect(ana.page.get_by_role("alert")).to_have_text("Invalid token")
    ana.problems.clear()  # the console says that requests were refused


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
def test_everybody_can_use_it(site, people, viewport, scheme):
    ana = people(viewport=viewport, color_scheme=scheme)
    assert Axe().run(ana.page).violations_count == 0, Axe().run(ana.page).generate_report()
    ana.enter()
    notify(site, ana.id, "Seen")
    expect(ana.list("Notifications").get_by_role("listitem")).to_have_count(1)
    ana.page.emulate_media(reduced_motion="reduce")
    result = Axe().run(ana.page)
    assert result.violations_count == 0, result.generate_report()
    assert ana.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
