"""The control room in a real browser: it looks right, keeps itself up to date, and moves connected pages."""

import math
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.models import User
from django.core.management import call_command
from playwright.sync_api import Page, expect

from projeng.access import Role
from realtime.log import replay
from realtime.parity.models import Feedback, LinkReport
from realtime.rollout.models import ConnectionSample, ServerProcess, TransportHold
from switchover.transport import transport
from tests.support import telemetry
from tests.support.database import using_database
from tests.support.people import person, session_cookie
from tests.support.ports import wait_until
from tests.support.site import ROOT, Site
from tests.support.sse import Stream

from .support import until, until_state
from .test_accessibility import FOCUS, STRUCTURE

pytestmark = pytest.mark.timeout(150)
ROOM = "/ops/realtime/"
FOLDER = ROOT / "reports" / "screens"
PHONE = {"width": 360, "height": 740}
DESK = {"width": 1280, "height": 900}


@pytest.fixture(scope="module")
def _site(new_database, static_root: str, django_db_blocker, tmp_path_factory) -> Iterator[Site]:
    """Phase 4: Daphne, the demo's office, and WebSocket for six in ten."""
    url = new_database("sqlite")
    with django_db_blocker.unblock(), using_database(url):
        call_command("demo_data", verbosity=0)
        _a_busy_day()
    flags = {"USE_WEBSOCKETS": "true", "WEBSOCKET_BROADCAST": "true", "WEBSOCKET_ROLLOUT_PERCENT": "60"}
    with Site(tmp_path_factory.mktemp("room"), url, "daphne", STATIC_ROOT=static_root, **flags) as site:
        yield site


@pytest.fixture
def site(_site: Site, on_database: Callable[[str], None]) -> Site:
    on_database(_site.database_url)
    return _site


@pytest.fixture
def head(site) -> User:
    """A Head Engineer who is staff."""
    User.objects.filter(username="head").update(is_staff=True)
    return User.objects.get(username="head")


def _a_busy_day() -> None:
    """What servers and browsers would have reported in the last hour."""
    chance = random.Random(4)
    users = list(User.objects.order_by("pk"))
    begin = replay.head()
    _connections(chance)
    for number, user in enumerate(users):
        events = [telemetry.event(user, minutes=58 - i) for i in range(56)]
        websocket = number % 2 == 0
        delays = [round(chance.lognormvariate(3.2 if websocket else 4.6, 0.6)) for _ in events]
        name = "websocket" if websocket else "sse"
        link = telemetry.link(user, name, opened_at=telemetry.ago(minutes=59), cursor_from=begin, cursor_to=begin)
        telemetry.receipts(link, events[: len(events) - (number == 1) * 3], delays)
    for number in range(14):
        user = users[number % 3]
        telemetry.fallback(user, ["blocked", "silent", "closed"][number % 3], minutes=4 * number + 1)
    telemetry.fallback(users[1], "full", "poll", "sse", minutes=12)
    telemetry.feedback(users[2], True)
    telemetry.feedback(users[3], False, "The map moves only when I load the page again.", transport="sse")


def _connections(chance: random.Random) -> None:
    ConnectionSample.objects.all().delete()
    for process, size in (("a", 6), ("b", 4)):
        counts = [
            (round(size * (2 + math.sin(i / 9)) + chance.random() * 2), round(size * (1 + i / 20))) for i in range(59)
        ]
        telemetry.samples(process, counts)


def _open(browse, site: Site, user: User, address: str = ROOM, **options) -> Page:
    page = browse(site).open(user, address, reduced_motion="reduce", **options)
    until_state(page, "live")
    return page


def _serious(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html']}" for one in found if one["impact"] in {"serious", "critical"}]


@pytest.mark.parametrize("width", [PHONE, DESK], ids=["phone", "desk"])
def test_it_looks_right(site, browse, head, width):
    """Pictures to look at, in light and in dark; structure, width, and whatever axe finds."""
    wait_until(ServerProcess.objects.filter(server="daphne").exists, "the server says that it lives")
    own = ServerProcess.objects.filter(server="daphne").first()
    _connections(random.Random(4))
    other = telemetry.server(switches=own.switches, version=own.version, sse=20, websocket=38)
    page = _open(browse, site, head, viewport=width)
    until(page, lambda: page.locator("#now-sse").inner_text() != "" and page.locator(".plot").count() == 4, "charts")
    structure = page.evaluate(STRUCTURE)
    assert structure["headings"] == ["Control room"]
    assert structure["wide"] <= 0, "one has to scroll sideways"
    assert structure["unlabelled"] == structure["nameless"] == structure["ids"] == []
    name = "phone" if width is PHONE else "desk"
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.screenshot(path=Path(FOLDER) / f"control-room-{name}-{scheme}.png", full_page=True)
        assert _serious(page) == []
    other.delete()


@pytest.mark.parametrize("width", [PHONE, DESK], ids=["phone", "desk"])
def test_labels_of_charts_are_of_readable_size_and_do_not_overlap(site, browse, head, width):
    page = _open(browse, site, head, viewport=width)
    boxes = page.evaluate("""() => [...document.querySelectorAll(".plot")].map((plot) =>
        [...plot.querySelectorAll(".tick")].map((tick) => tick.getBoundingClientRect().toJSON()))""")
    assert len(boxes) == 4
    for chart in boxes:
        for number, box in enumerate(chart):
            assert box["height"] >= 10
            assert box["left"] >= 0
            assert box["right"] <= width["width"]
            for other in chart[number + 1 :]:
                apart = box["right"] <= other["left"] or other["right"] <= box["left"]
                assert apart or box["bottom"] <= other["top"] + 1 or other["bottom"] <= box["top"] + 1


def test_a_chart_has_a_text_and_a_table(site, browse, head):
    page = _open(browse, site, head)
    plot = page.get_by_role("img", name="Open connections in the last hour. WebSocket: ")
    expect(plot).to_be_visible()
    page.locator("[data-chart='connections'] summary").click()
    table = page.locator("[data-region='table-connections']")
    expect(table.get_by_role("columnheader", name="WebSocket")).to_be_visible()
    assert table.get_by_role("row").count() == 61
    # An open table is still kept up to date, and stays open.
    more = ConnectionSample.objects.create(process="c", at=telemetry.ago(minutes=30), sse=0, websocket=4300)
    expect(table.get_by_text("43").first).to_be_visible()
    more.delete()


def test_the_values_below_the_pointer_are_shown_in_words(site, browse, head):
    page = _open(browse, site, head)
    chart = page.locator("[data-chart='delay']")
    told = chart.locator(".hit title").nth(5).text_content()
    assert "WebSocket" in told
    chart.locator(".hit").nth(5).hover()
    expect(chart.locator(".readout")).to_have_text(told)
    page.get_by_role("heading", name="Control room").hover()
    expect(chart.locator(".readout")).to_be_empty()


def test_a_card_without_anything_to_show_is_small(site, browse, head):
    """As long as nothing is known, a card is a heading and a line of text."""
    page = _open(browse, site, head)
    page.get_by_role("button", name="Pause").click()
    page.locator("[data-held='chart-fallbacks']").evaluate(
        "region => { region.innerHTML = '<p class=\"empty\" data-empty>None in this time.</p>'; "
        "document.querySelector('[data-held=fallbacks]').replaceChildren(); }"
    )
    fallbacks, events = page.locator("#fallbacks").bounding_box(), page.locator("[data-chart='events']").bounding_box()
    assert fallbacks["height"] < events["height"] / 1.5
    expect(page.locator("[data-chart='fallbacks'] summary")).to_be_hidden()


def test_a_new_connection_shows_without_a_reload(site, browse, head):
    page = _open(browse, site, head)
    page.evaluate("globalThis.same = true")
    shown = page.locator("#now-sse")
    cookie = session_cookie(User.objects.get(username="engineer1"))
    before = until(page, lambda: int(shown.inner_text()) + 1, "a number")
    streams = [Stream(f"{site.url}/projeng/api/realtime/events/", cookie) for _ in range(3)]
    until(page, lambda: int(shown.inner_text()) >= before + 1, "three streams more", 40)
    for stream in streams:
        stream.close()
    assert page.evaluate("globalThis.same")
    assert "Updated" in page.locator("#freshness").inner_text()


def test_it_says_how_old_it_is_and_can_be_paused(site, browse, head):
    page = _open(browse, site, head)
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#freshness-text")).to_contain_text("Paused; as of")
    telemetry.feedback(head, True, "said while it was paused")
    page.wait_for_timeout(7000)
    expect(page.get_by_text("said while it was paused")).to_have_count(0)
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("said while it was paused").first).to_be_visible()
    expect(page.locator("#freshness-text")).to_contain_text("Updated")


def test_it_says_so_when_the_server_does_not_answer(site, browse, head):
    page = _open(browse, site, head, tolerate=["Failed to load resource"])
    page.route("**/ops/realtime/**", lambda route: route.abort())
    expect(page.locator("#freshness-text")).to_contain_text("The server has not answered for", timeout=40_000)
    page.unroute("**/ops/realtime/**")
    expect(page.locator("#freshness-text")).to_contain_text("Updated", timeout=40_000)


def test_nobody_who_looks_elsewhere_asks_the_server(site, browse, head):
    browsing = browse(site)
    context = browsing.browser_of(head)
    page = browsing.tab(context, ROOM)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if ROOM in request.url else None)
    page.evaluate("""() => {
        Object.defineProperty(document, "hidden", { get: () => true, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
    }""")
    page.wait_for_timeout(1500)
    asked.clear()
    page.wait_for_timeout(11_000)
    assert asked == []
    page.evaluate("() => { delete document.hidden; document.dispatchEvent(new Event('visibilitychange')); }")
    until(page, lambda: asked, "the page is fetched when it is looked at again")


# --- taking away and giving back -------------------------------------------------------------------------------------


@pytest.fixture
def someone(site) -> Iterator[User]:
    """A person to whom the flags grant WebSocket."""
    others = User.objects.filter(is_active=True).exclude(username="head")
    yield next(user for user in others if transport.share(user.pk) < 60)
    TransportHold.objects.all().delete()


def test_one_person_is_moved_after_a_confirmation_and_back(site, browse, head, someone):
    """Their open page goes to SSE and back to WebSocket without being loaded again."""
    theirs = _open(browse, site, someone, "/accounts/profile/")
    theirs.evaluate("globalThis.same = true")
    until_transport(theirs, "websocket")
    page = _open(browse, site, head, f"{ROOM}?q={someone.username}#people")
    row = page.locator(f"[data-person='{someone.pk}']")
    expect(row).to_contain_text("is within 60 %")
    page.get_by_label(f"Move {someone.get_full_name()} to SSE").click()
    assert not TransportHold.objects.exists()
    page.locator(f"#reason-{someone.pk}").fill("Their office is slow")
    row.get_by_role("button", name="Take it away now").click()
    expect(page.get_by_role("status").filter(has_text="WebSocket is taken away from")).to_be_visible()
    expect(row).to_contain_text("taken away from this person: Their office is slow")
    expect(page.locator("[data-region='demotions']")).to_contain_text("Their office is slow")
    assert TransportHold.objects.get().by == "head"
    until_transport(theirs, "sse")
    row.get_by_label(f"Give back to {someone.get_full_name()}").click()
    row.get_by_role("button", name="Give back now").click()
    expect(row).to_contain_text("is within 60 %")
    until_transport(theirs, "websocket")
    assert theirs.evaluate("globalThis.same")


def until_transport(page: Page, name: str) -> None:
    """Wait until this page is kept up to date by that transport."""
    script = "globalThis.realtimeManager.getStatus()"
    until(page, lambda: page.evaluate(script)["transport"] == name, f"{page.url} is on {name}")


def test_everybody_is_moved_by_keyboard_alone(site, browse, head, someone):
    page = _open(browse, site, head)
    page.locator("#demotions summary", has_text="Take WebSocket away…").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(page.get_by_label("Everybody")).to_be_checked()
    for _ in range(6):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "take-reason":
            break
    assert page.evaluate(FOCUS)["outlined"]
    page.keyboard.type("A rehearsal")
    page.wait_for_timeout(6000)  # the page brings itself up to date, and what is typed stays
    expect(page.get_by_label("Why", exact=True).and_(page.locator("#take-reason"))).to_have_value("A rehearsal")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("[data-region='status']")).to_contain_text("From everybody")
    assert TransportHold.objects.get().scope == "all"
    page.locator("[data-region='demotions']").get_by_label("Give back to everybody").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("[data-region='demotions']")).to_contain_text("Nothing is taken away.")


def test_a_confirmation_fits_a_phone(site, browse, head, someone):
    page = _open(browse, site, head, f"{ROOM}?q={someone.username}", viewport=PHONE)
    page.get_by_label(f"Move {someone.get_full_name()} to SSE").click()
    expect(page.get_by_role("button", name="Take it away now").first).to_be_in_viewport()
    assert page.evaluate(STRUCTURE)["wide"] <= 0
    page.screenshot(path=FOLDER / "control-room-confirm-phone.png")
    page.keyboard.press("Escape")
    page.locator("#demotions summary", has_text="Take WebSocket away…").click()
    button = page.locator(".take-form").get_by_role("button", name="Take it away now")
    button.scroll_into_view_if_needed()
    box = button.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= PHONE["width"]
    assert page.evaluate(STRUCTURE)["wide"] <= 0
    assert _serious(page) == []
    page.screenshot(path=FOLDER / "control-room-take-phone.png")


# --- the checklist, and people's word --------------------------------------------------------------------------------


def test_the_checklist_comes_into_the_page(site, browse, head):
    page = _open(browse, site, head)
    page.get_by_label("Before phase").select_option("2")
    page.get_by_role("button", name="Check now").click()
    result = page.locator("#checklist-result")
    expect(result).to_contain_text("Before phase 2, endpoints:")
    expect(result).to_contain_text("Database:")
    page.wait_for_timeout(6000)
    expect(result).to_contain_text("Before phase 2, endpoints:")
    assert page.url == f"{site.url}{ROOM}"
    assert _serious(page) == []


def test_somebody_says_that_it_is_not_live(site, browse, head):
    user = User.objects.get(username="finance")
    page = _open(browse, site, user, "/dashboard/finance/", viewport=PHONE, tolerate=["429"])
    page.evaluate("globalThis.same = true")
    form = page.locator("form.word")
    form.get_by_text("No…").click()
    form.get_by_label("What do you see?").fill("<b>Nothing</b> moves")
    assert page.evaluate(STRUCTURE)["wide"] <= 0
    assert _serious(page) == []
    form.screenshot(path=FOLDER / "word-phone.png")
    form.get_by_role("button", name="It is not live").click()
    expect(form.get_by_role("status")).to_contain_text("Thank you")
    said = Feedback.objects.get(user=user, comment="<b>Nothing</b> moves")
    assert (said.live, said.page) == (False, "/dashboard/finance/")
    assert said.transport in LinkReport.Transport.values
    form.get_by_role("button", name="Yes", exact=True).click()
    expect(form.get_by_role("status")).to_contain_text("heard already")
    assert page.evaluate("globalThis.same")
    room = _open(browse, site, head)
    expect(room.locator("[data-region='words']")).to_contain_text("<b>Nothing</b> moves")


def test_without_scripts_the_page_and_the_question_work(site, browse):
    newcomer = person(Role.HEAD, is_staff=True)  # has not been asked yet: one word a minute is heard
    page = browse(site).open(newcomer, ROOM, java_script_enabled=False, viewport=PHONE)
    expect(page.get_by_text("As of")).to_be_visible()
    page.get_by_label("Before phase").select_option("1")
    page.get_by_role("button", name="Check now").click()
    expect(page.get_by_role("heading", name="Safety checklist")).to_be_visible()
    page.get_by_role("link", name="Control room").first.click()
    page.locator("form.word").get_by_role("button", name="Yes", exact=True).click()
    expect(page.get_by_text("Thank you.")).to_be_visible()
    assert page.url == f"{site.url}{ROOM}"
