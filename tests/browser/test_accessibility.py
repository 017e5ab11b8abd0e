"""Every page can be used with a keyboard, a screen reader, a phone, in light and in dark."""

import itertools
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from projeng.models import Notification, Project

from .support import FAILED_REQUESTS, until_state

pytestmark = pytest.mark.timeout(150)
PHONE = {"width": 360, "height": 740}
DESK = {"width": 1280, "height": 900}
PAGES = {
    "sign-in": "/accounts/login/",
    "head's dashboard": "/dashboard/",
    "finance": "/dashboard/finance/",
    "engineer's page": "/projeng/",
    "list": "/projeng/projects/",
    "list, nothing found": "/projeng/projects/?q=nothing-is-called-that",
    "project": "{project}",
    "new project": "/projeng/projects/new/",
    "edit project": "{project}edit/",
    "delete project": "{project}delete/",
    "engineers": "{project}engineers/",
    "report progress": "{project}progress/add/",
    "add cost": "{project}costs/add/",
    "add milestone": "{project}milestones/add/",
    "add document": "{project}documents/add/",
    "correct milestone": "{project}milestones/{milestone}/edit/",
    "void cost": "{project}costs/{cost}/void/",
    "history of a cost": "{project}costs/{cost}/history/",
    "history": "{project}history/",
    "notifications": "/dashboard/notifications/",
    "messages": "/messages/",
    "profile": "/accounts/profile/",
    "password": "/accounts/password/",
    "not found": "/nothing/here/",
}
STRUCTURE = """() => {
  const all = (selector) => [...document.querySelectorAll(selector)];
  const name = (field) => [...(field.labels ?? [])].map((label) => label.textContent).join("").trim()
    || field.getAttribute("aria-label");
  return {
    headings: all("h1").map((heading) => heading.textContent.trim()),
    main: all("main").length,
    title: document.title,
    lang: document.documentElement.lang,
    levels: all("h1, h2, h3, h4").map((heading) => Number(heading.localName[1])),
    unlabelled: all("input:not([type=hidden]), select, textarea").filter((field) => !name(field) && field.offsetParent)
      .map((field) => field.outerHTML),
    nameless: all("nav, section, form[role]").filter((part) =>
      !part.hasAttribute("aria-label") && !part.hasAttribute("aria-labelledby")).map((part) => part.outerHTML),
    tabindex: all("[tabindex]").filter((element) => element.tabIndex > 0).length,
    ids: all("[id]").map(({ id }) => id).filter((id, index, ids) => ids.indexOf(id) !== index),
    wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  };
}"""
# Everything that the indicator says from now on.
COLLECT_WORDS = """() => {
  const said = document.getElementById("connection");
  globalThis.words = [];
  new MutationObserver(() => words.push(said.textContent)).observe(said, { childList: true, characterData: true });
}"""
# Of what has the focus: what it is, and whether one sees that it has it.
FOCUS = """() => {
  const element = document.activeElement;
  const { outlineStyle, outlineWidth } = getComputedStyle(element);
  const box = element.getBoundingClientRect();
  return {
    what: element.id || element.getAttribute("href") || element.className || element.localName,
    outlined: outlineStyle !== "none" && parseFloat(outlineWidth) >= 2,
    inside: box.width > 0 && box.right > 0 && box.left < innerWidth && box.bottom > 0,
  };
}"""


@pytest.fixture
def head(demo_site) -> User:
    return User.objects.get(username="head")


def _address(name: str) -> str:
    project = Project.objects.filter(costs__isnull=False, milestones__isnull=False).order_by("pk").first()
    cost, milestone = project.costs.not_voided().last(), project.milestones.last()
    if not project.corrections.exists():
        cost.description = "Corrected"
        cost.save()
        project.costs.first().void("Entered twice")
    return PAGES[name].format(project=f"/projeng/projects/{project.pk}/", cost=cost.pk, milestone=milestone.pk)


def _open(browse, site, head: User, name: str, **options) -> Page:
    user = None if name == "sign-in" else head
    tolerate = options.pop("tolerate", [FAILED_REQUESTS] if name == "not found" else [])
    # Without movement, so that no colour is looked at halfway to another.
    page = browse(site).open(user, _address(name), tolerate=tolerate, reduced_motion="reduce", **options)
    if page.locator("#connection").count():
        until_state(page, "live")
    return page


def _serious(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [
        f"{problem['id']}: {node['target']} {node['failureSummary']}"
        for problem in found
        if problem["impact"] in {"serious", "critical"}
        for node in problem["nodes"]
    ]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_sound(demo_site, browse, head, name):
    """Structure, names, and whatever axe finds, on a desk in light and on a phone in dark."""
    page = _open(browse, demo_site, head, name, viewport=DESK)
    structure = page.evaluate(STRUCTURE)
    assert len(structure["headings"]) == 1
    assert structure["headings"][0]
    assert structure["main"] == 1
    assert structure["lang"] == "en"
    assert structure["title"] != "· GISTagum"
    for above, below in itertools.pairwise(structure["levels"]):
        assert below <= above + 1, f"a level of headings is left out: {structure['levels']}"
    assert structure["unlabelled"] == []
    assert structure["nameless"] == []
    assert structure["tabindex"] == 0
    assert structure["ids"] == []
    assert structure["wide"] <= 0
    assert _serious(page) == []
    page.set_viewport_size(PHONE)
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(STRUCTURE)["wide"] <= 0, "one has to scroll sideways"
    assert _serious(page) == []


def test_a_form_with_errors_says_so_and_leads_to_them(demo_site, browse, head):
    page = browse(demo_site).open(
        head, "/projeng/projects/new/", tolerate=[FAILED_REQUESTS], viewport=PHONE, reduced_motion="reduce"
    )
    page.get_by_label("Name").fill("")
    page.get_by_label("Budget").fill("a lot")
    page.get_by_role("button", name="Create project").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing was saved yet")
    assert page.title().startswith("Error: ")
    page.get_by_role("link", name="Name: This field is required.").click()
    expect(page.get_by_label("Name")).to_be_focused()
    assert page.get_by_label("Name").get_attribute("aria-invalid") == "true"
    described = page.get_by_label("Budget").get_attribute("aria-describedby").split()
    texts = [page.locator(f"#{name}").inner_text() for name in described]
    assert any("number" in text.lower() for text in texts), texts
    assert page.evaluate(STRUCTURE)["wide"] <= 0
    assert _serious(page) == []


@pytest.mark.parametrize("width", [PHONE, DESK], ids=["phone", "desk"])
def test_the_keyboard_reaches_everything_and_shows_where_it_is(demo_site, browse, head, width):
    page = _open(browse, demo_site, head, "head's dashboard", viewport=width)
    page.keyboard.press("Tab")
    assert page.evaluate(FOCUS)["what"] == "#main"
    expect(page.get_by_role("link", name="Skip to content")).to_be_in_viewport()
    reached = []
    for _ in range(40):
        focus = page.evaluate(FOCUS)
        reached.append(focus["what"])
        assert focus["outlined"], f"one does not see that {focus['what']} has the focus"
        assert focus["inside"], f"{focus['what']} has the focus out of sight"
        page.keyboard.press("Tab")
    wanted = ["/", "/dashboard/", "/projeng/projects/", "notification-bell", "summary", "/projeng/projects/new/"]
    assert set(wanted) <= set(reached)


def test_the_skip_link_leads_past_the_menu(demo_site, browse, head):
    page = _open(browse, demo_site, head, "head's dashboard")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate(FOCUS)["what"] == "/projeng/projects/new/"


def test_the_account_menu_opens_by_keyboard_and_signs_out(demo_site, browse, head):
    page = _open(browse, demo_site, head, "head's dashboard", viewport=PHONE, tolerate=[FAILED_REQUESTS])
    page.locator("details.account summary").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    assert page.evaluate(STRUCTURE)["wide"] <= 0
    assert _serious(page) == []
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Sign out")).to_be_hidden()
    expect(page.locator("details.account summary")).to_be_focused()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Sign out").press("Enter")
    expect(page).to_have_url(f"{demo_site.url}/accounts/login/")


@pytest.mark.parametrize("width", [PHONE, DESK], ids=["phone", "desk"])
def test_the_connections_indicator_is_explained_by_keyboard_and_speaks_of_what_lasts(demo_site, browse, head, width):
    page = _open(browse, demo_site, head, "head's dashboard", viewport=width, tolerate=[FAILED_REQUESTS])
    indicator, more = page.locator("#connection"), page.locator("#connection-more summary")
    expect(indicator).to_have_text("Live")
    expect(more).to_have_accessible_name("Live SSE About the connection" if width is DESK else re.compile("^Live"))
    more.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#connection-about")).to_contain_text("Changes appear at once, by Server-Sent Events, since ")
    assert page.evaluate(STRUCTURE)["wide"] <= 0
    assert _serious(page) == []
    page.keyboard.press("Escape")
    expect(page.locator("#connection-about")).to_be_hidden()
    expect(more).to_be_focused()
    # A page that begins to live is not announced; what happens to it later is.
    expect(indicator).not_to_have_attribute("aria-live", "off")
    page.evaluate(COLLECT_WORDS)
    page.context.set_offline(True)
    until_state(page, "offline")
    page.context.set_offline(False)
    until_state(page, "live")
    assert page.evaluate("words") == ["Offline", "Live"]
    page.context.clear_cookies()
    page.evaluate("realtimeManager.check()")
    link = page.get_by_role("link", name="Signed out: sign in again")
    link.focus()
    expect(link).to_be_focused()
    assert page.evaluate(STRUCTURE)["wide"] <= 0
    assert _serious(page) == []


def test_a_toast_is_announced_and_sound(demo_site, browse, head):
    page = _open(browse, demo_site, head, "head's dashboard", viewport=PHONE)
    Notification.objects.create(recipient=head, message="Something for you " * 20)
    expect(page.locator("#toast-notification")).to_be_visible()
    expect(page.get_by_role("status").filter(has_text="Something for you")).to_be_visible()
    assert page.evaluate(STRUCTURE)["wide"] <= 0
    assert _serious(page) == []
