"""Stored markup is never executed, on any page and for any user, and is displayed as text."""

from urllib.parse import quote

import httpx
import pytest
from django.contrib import admin
from django.core.management import call_command
from django.urls import URLPattern, get_resolver, reverse
from playwright.sync_api import Page, expect

from messaging.models import Conversation
from projeng.models import Project, ProjectCost, ProjectDocument
from tests.browser.support import FAILED_REQUESTS
from tests.support import http
from tests.support.database import using_database
from tests.support.people import session_cookie
from tests.support.site import Site

from .conftest import PROFILE
from .markup import CANARY, PAYLOADS, active_parts, everywhere, strange, text_fields

pytestmark = pytest.mark.timeout(240)

# An executed payload sets this variable, which writes to the console. The test that opened the page reads that.
MARK = "Object.defineProperty(globalThis, '__ran', { set() { console.error('IT RAN'); } });"
# Texts that are generated, or chosen from a list.
OWN_TEXTS = {
    "auth.User.password",
    "projeng.Correction.kind",
    "projeng.ProjectActivity.actor",
    "realtime.Event.type",
    "realtime.OutboxEvent.type",
    "realtime.LogEpoch.fingerprint",
    "realtime.ServerProcess.key",
    "realtime.ServerProcess.server",
    "realtime.ServerProcess.host",
    "realtime.ServerProcess.version",
    "realtime.ConnectionSample.process",
    "realtime.TransportHold.scope",
    "realtime.TransportChange.scope",
    "realtime.Feedback.transport",
    "realtime.RolloutWatch.name",
    "realtime.StreamTicket.digest",
    "realtime.StreamTicket.kind",
    "realtime.StreamTicket.key",
    "realtime.StreamTicket.auth_hash",
}
# URLs that are not pages: responses for scripts, files, and form actions.
NO_PAGES = {"milestone_reached", "undo", "feedback", "document", "receipt", "project_picture", "logout"}
PARTS = {"progress": "progress_updates", "cost": "costs", "milestone": "milestones", "document": "documents"}
FOR_SCRIPTS = ("stream_", "realtime_")
APIS = ("api/", "messages/api/", "comm/", "^comm/")


@pytest.fixture(scope="module")
def office(new_database, static_root, tmp_path_factory, django_db_blocker):
    """A site whose every text is hostile, with its people and projects."""
    url = new_database("sqlite")
    with django_db_blocker.unblock(), using_database(url):
        people, projects = everywhere()
    with Site(tmp_path_factory.mktemp("markup"), url, STATIC_ROOT=static_root) as site:
        yield site, people, projects


@pytest.fixture
def open_as(office, browse, on_database):
    """``open_as(role)``: a tab of this user's browser. At the end, no payload may have run or called another host."""
    site, people, _ = office
    on_database(site.database_url)
    browsing = browse(site)
    asked: list[str] = []

    def begin(role: str | None, *tolerate: str) -> Page:
        context = browsing.browser_of(people[role] if role else None)
        context.add_init_script(MARK)
        page = browsing.tab(context, tolerate=[FAILED_REQUESTS, *tolerate])
        page.on("dialog", lambda dialog: (asked.append(f"a dialog: {dialog.message}"), dialog.dismiss()))
        page.on("request", lambda request: request.url.startswith(site.url) or asked.append(request.url))
        return page

    yield begin
    assert asked == []


def visit(page: Page, path: str, status: int = 200) -> str:
    """Open a page, and return its text."""
    answer = page.goto(path, wait_until="domcontentloaded")
    assert answer is not None
    assert answer.status == status, path
    return page.evaluate("document.body.textContent")


def office_pages(project: Project) -> dict[str, str]:
    """Return the path of every page of the office, by URL name."""
    pages = {}
    for name, (patterns, *_) in _named():
        if name not in NO_PAGES and not name.startswith(FOR_SCRIPTS) and not patterns.startswith(APIS):
            args = [project.pk] if "project_id" in patterns else []
            if "part_id" in patterns:
                args.append(getattr(project, PARTS[name.partition("_")[0]]).get().pk)
            if "conversation_id" in patterns:
                args.append(Conversation.objects.latest("pk").pk)
            if "<str:key>" in patterns:
                args.append(f"project:{project.pk}")
            if name == "move":
                args.append("transport")
            pages[name] = reverse(name, args=args)
    pages["control_room_checklist"] += "?to=3"
    return pages


def _named() -> list[tuple[str, list[str]]]:
    def patterns(resolver, before=""):
        for entry in resolver.url_patterns:
            route = before + str(entry.pattern)
            if isinstance(entry, URLPattern):
                yield entry.name, [route]
            elif getattr(entry, "app_name", None) != "admin":
                yield from patterns(entry, route)

    return list(patterns(get_resolver()))


def test_every_text_that_can_be_written_is_hostile_here(office, on_database):
    site, _, _ = office
    on_database(site.database_url)
    for label, model, field in text_fields():
        values = model._base_manager.values_list(field, flat=True)
        assert label in OWN_TEXTS or strange(values), f"{label} holds no markup: everywhere() is to put some there"


def client(site: Site, user) -> httpx.Client:
    return http.Client(base_url=site.url, headers={"Cookie": session_cookie(user), "Accept": "text/html"}, timeout=30)


@pytest.mark.parametrize("role", ["head", "finance", "engineer", "nobody"])
def test_no_page_of_the_office_holds_anything_that_runs(role, office, on_database):
    """Every page for every role, checked by its markup. Tests in a browser are below."""
    site, people, projects = office
    on_database(site.database_url)
    opened = 0
    with client(site, people[role]) as asking:
        for project in projects[:2]:
            for path in office_pages(project).values():
                answer = asking.get(path)
                assert answer.status_code in {200, 302, 403, 404}, path
                assert active_parts(answer.text) == [], path
                opened += answer.status_code == 200
    assert opened >= {"head": 30, "finance": 8, "engineer": 10, "nobody": 3}[role]


def test_no_page_of_the_administration_holds_anything_that_runs(office, on_database):
    site, people, _ = office
    on_database(site.database_url)
    with client(site, people["head"]) as asking:
        for model in admin.site._registry:
            name = f"admin:{model._meta.app_label}_{model._meta.model_name}_"
            paths = [reverse(name + "changelist"), reverse(name + "changelist") + "?q=" + quote(PAYLOADS[1])]
            first = model._base_manager.order_by("-pk").first()
            if first is not None:
                paths += [reverse(name + kind, args=[first.pk]) for kind in ("change", "delete", "history")]
            for path in paths:
                answer = asking.get(path)
                assert answer.status_code in {200, 302, 403}, path
                assert active_parts(answer.text) == [], path


# The most visited pages. HYPOTHESIS_PROFILE=long opens all pages.
LOOKED_AT = {
    "head": ["dashboard", "project_list", "project_detail", "project_edit", "project_delete", "head_notifications"],
    "finance": ["finance_dashboard", "finance_notifications"],
    "engineer": ["engineer_dashboard", "progress_add", "engineer_notifications"],
    "nobody": ["profile"],
}


@pytest.mark.parametrize("role", LOOKED_AT)
def test_no_page_runs_anything_in_a_browser(role, office, open_as):
    _, _, projects = office
    page = open_as(role)
    names = LOOKED_AT[role] + (["control_room"] if role == "head" else [])
    for name, path in office_pages(projects[1]).items():
        if name in names or PROFILE != "quick":
            answer = page.goto(path, wait_until="domcontentloaded")
            assert answer is not None
            assert answer.status in ({200} if name in names else {200, 403, 404}), path
    page.wait_for_timeout(200)  # for delayed actions of the page


def test_every_payload_is_shown_as_text(office, open_as):
    _, _, projects = office
    page = open_as("head")
    seen = visit(page, "/projeng/projects/") + visit(page, "/projeng/projects/?page=2")
    inbox = visit(page, "/dashboard/notifications/") + visit(page, "/dashboard/notifications/?page=2")
    inbox += visit(page, "/dashboard/notifications/?page=3")
    room = visit(page, "/ops/realtime/")
    for number, payload in enumerate(PAYLOADS):
        assert payload in seen
        assert payload in inbox
        if number < 4:
            detail = visit(page, reverse("project_detail", args=[projects[number].pk]))
            assert detail.count(payload) >= 2
            assert PAYLOADS[number + 1] in detail  # what was reported
    assert PAYLOADS[1] in room  # the reason of what was taken away
    assert PAYLOADS[-1] in room  # what somebody said


@pytest.mark.parametrize("kind", ["direct", "group"])
def test_messages_are_shown_as_text(kind, office, open_as):
    place = Conversation.objects.filter(kind=kind).latest("pk")
    page = open_as("head")
    page.goto(f"/messages/{place.pk}/")
    messages = page.locator("[role=log]")
    if kind == "group":
        expect(page.locator("main")).to_contain_text(PAYLOADS[1])
        expect(messages.locator("[data-id]")).to_have_count(1)
    else:
        for payload in PAYLOADS:
            expect(messages).to_contain_text(payload)
    assert active_parts(page.locator("main").inner_html()) == []


def test_no_page_of_the_administration_runs_anything_in_a_browser(office, open_as):
    page = open_as("head")
    names = ["projeng_project", "realtime_feedback", "auth_user", "projeng_notification"]
    for model in admin.site._registry:
        label = f"{model._meta.app_label}_{model._meta.model_name}"
        if label in names or PROFILE != "quick":
            visit(page, reverse(f"admin:{label}_changelist"))
            first = model._base_manager.order_by("-pk").first()
            if first is not None:
                visit(page, reverse(f"admin:{label}_change", args=[first.pk]))


@pytest.mark.parametrize("payload", PAYLOADS[1:2])
def test_what_is_asked_for_is_said_back_as_text(payload, office, open_as):
    page = open_as("head")
    for path in ("/projeng/projects/?q=", "/ops/realtime/?q=", "/ops/realtime/?hours=", "/projeng/projects/?status="):
        page.goto(path + quote(payload))
    page.goto("/" + quote(payload))
    stranger = open_as(None)
    stranger.goto("/accounts/login/?next=" + quote(f"javascript:{payload}"))
    stranger.get_by_label("Username").fill(payload)
    stranger.get_by_label("Password").fill(payload)
    stranger.get_by_role("button", name="Sign in").click()
    assert stranger.get_by_label("Username").input_value() == payload


def test_what_is_said_of_something_that_was_done_is_text(office, open_as):
    _, _, projects = office
    page = open_as("engineer")
    visit(page, reverse("project_detail", args=[projects[0].pk]))
    page.get_by_role("button", name="Mark reached").click()
    expect(page.locator(".message")).to_contain_text(f"Milestone “{PAYLOADS[1]}” is reached.")


def test_what_is_typed_wrong_is_shown_again_as_text(office, open_as):
    page = open_as("head")
    visit(page, "/projeng/projects/new/")
    for name in ("name", "project_cost", "description", "source_of_funds", "prn"):
        page.locator(f"[name={name}]").evaluate("(field, text) => { field.value = text }", PAYLOADS[1])
    page.locator("form:has([name=prn])").evaluate("(form) => { form.noValidate = true; form.requestSubmit() }")
    page.wait_for_selector(".field-error, .errors, [id$=_error]")
    for name in ("name", "project_cost", "description"):
        assert page.locator(f"[name={name}]").input_value() == PAYLOADS[1]


def test_what_is_imported_is_text_too(office, open_as, tmp_path):
    path = tmp_path / "hostile.csv"
    rows = [
        f'"I{number}","{payload.replace(chr(34), chr(34) * 2)}",Apokon,7.423,125.8276,planned'
        for number, payload in enumerate(PAYLOADS)
    ]
    path.write_text("\n".join(["prn,name,barangay,latitude,longitude,status", *rows]), encoding="utf-8")
    page = open_as("head")
    call_command("import_projects", str(path), verbosity=0)
    for number in (0, 1, 8):
        project = Project.objects.get(prn=f"I{number}")
        assert project.name == PAYLOADS[number]
        assert PAYLOADS[number] in visit(page, reverse("project_detail", args=[project.pk]))


def test_stored_files_run_nothing_when_their_address_is_opened(office, open_as):
    """Files that are opened, framed, or loaded as scripts are downloads or pictures."""
    _, _, projects = office
    page = open_as("head")
    document = ProjectDocument.objects.filter(project=projects[0]).get()
    visit(page, "/accounts/profile/")
    with page.expect_download() as download:
        page.evaluate("(to) => { location.href = to }", reverse("document", args=[document.pk]))
    assert download.value.suggested_filename.endswith(".pdf")
    receipt = ProjectCost.objects.filter(project=projects[0]).get()
    with page.expect_download():
        page.evaluate("(to) => { location.href = to }", reverse("receipt", args=[receipt.pk]))
    page = open_as("head", "inline style", "CSP: style-src", "Blocked script")  # Chromium's own page, and ours
    page.goto(reverse("project_picture", args=[projects[0].pk]))
    assert page.evaluate("document.contentType") == "image/png"


@pytest.mark.parametrize("number", [*range(6), 9, 10, 12, 13, 14, 15, 22, 23])
def test_markup_that_is_not_escaped_would_be_found(number):
    assert active_parts(f'<p title="{PAYLOADS[number]}">{PAYLOADS[number]}</p>')


def test_the_canary_would_be_heard(browser):
    """The payloads do run on a page without protection, as these tests require."""
    context = browser.new_context()
    heard, asked = [], []
    context.add_init_script(MARK)
    page = context.new_page()
    page.on("console", lambda message: heard.append(message.text))
    page.on("request", lambda request: asked.append(request.url))
    page.set_content(PAYLOADS[1].replace("//", "http://"))
    page.wait_for_timeout(300)
    assert "IT RAN" in heard
    assert any(CANARY in url for url in asked)
    context.close()
