"""Leaving a page on which something was typed asks first; leaving it as it was, or after it was sent, does not."""

import re

import pytest
from playwright.sync_api import Dialog, Page, expect

from projeng import inbox
from projeng.access import Role
from projeng.models import Project
from tests.support.people import person
from tests.support.site import running_on

from .support import FAILED_REQUESTS, until, until_state

pytestmark = pytest.mark.timeout(150)


site = running_on("gunicorn-sqlite")


@pytest.fixture
def head(site):
    return person(Role.HEAD)


@pytest.fixture
def project(head):
    return Project.objects.create(name="Covered court", barangay="Apokon", project_cost=1_000_000, created_by=head)


class Asked:
    """The questions that a page has asked, each answered with staying."""

    def __init__(self, page: Page) -> None:
        self.kinds: list[str] = []
        page.on("dialog", self._stay)

    def _stay(self, dialog: Dialog) -> None:
        self.kinds.append(dialog.type)
        dialog.dismiss()


def _open(browse, site, head, path: str) -> tuple[Page, Asked]:
    page = browse(site).open(head, path, tolerate=[FAILED_REQUESTS])
    until_state(page, "live")
    page.locator("h1").click()  # a page that nobody has touched may not ask
    return page, Asked(page)


def _type(page: Page) -> None:
    page.get_by_label("Amount").fill("5000")


def _choose(page: Page) -> None:
    page.get_by_label("Kind").select_option("labor")


def _attach(page: Page) -> None:
    page.get_by_label("Receipt").set_input_files({"name": "r.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1"})


def _give_feedback(page: Page) -> None:
    page.locator("form.word summary").click()
    page.locator("form.word textarea").fill("It hangs sometimes")


def _link(page: Page) -> None:
    page.get_by_role("link", name="Projects").first.click(no_wait_after=True)


def _cancel(page: Page) -> None:
    page.get_by_role("link", name="Cancel").click(no_wait_after=True)


def _sign_out(page: Page) -> None:
    page.locator("details.account > summary").click()
    page.get_by_role("button", name="Sign out").click(no_wait_after=True)


def _toast_link(page: Page) -> None:
    page.locator("#toast-link").click(no_wait_after=True)


def _close(page: Page) -> None:
    page.close(run_before_unload=True)


@pytest.mark.parametrize(
    ("change", "leave"),
    [
        (_type, _link),
        (_type, _cancel),
        (_choose, _sign_out),
        (_attach, _close),
        (_type, _toast_link),
        (_give_feedback, _link),
    ],
)
def test_leaving_a_filled_form_asks(change, leave, site, browse, head, project):
    page, asked = _open(browse, site, head, f"/projeng/projects/{project.pk}/costs/add/")
    change(page)
    if leave is _toast_link:
        inbox.send([head], "News", project)
        expect(page.locator("#toast-notification")).to_be_visible()
    leave(page)
    until(page, lambda: asked.kinds, "it asks")
    assert asked.kinds == ["beforeunload"]
    assert page.url.endswith("/costs/add/")


def test_a_form_that_is_as_it_was_may_be_left(site, browse, head, project):
    page, asked = _open(browse, site, head, f"/projeng/projects/{project.pk}/edit/")
    name = page.get_by_label("Name", exact=True)
    name.fill("Sports complex")
    name.fill("Covered court")
    _link(page)
    expect(page).to_have_url(re.compile("/projeng/projects/$"))
    page.get_by_label("Search").fill("court")  # a search is nothing to save
    page.get_by_role("link", name="Dashboard").click()
    expect(page).to_have_url(re.compile("/dashboard/$"))
    assert asked.kinds == []


def test_what_is_sent_is_not_asked_about_and_what_was_refused_is(site, browse, head, project):
    page, asked = _open(browse, site, head, f"/projeng/projects/{project.pk}/costs/add/")
    _choose(page)
    page.get_by_label("Amount").fill("-5")
    page.get_by_role("button", name="Add cost").click()
    expect(page.locator(".error-summary")).to_be_visible()
    assert asked.kinds == []
    page.locator("h1").click()
    _link(page)
    until(page, lambda: asked.kinds, "it asks")
    page.get_by_label("Amount").fill("5000")
    page.get_by_role("button", name="Add cost").click()
    expect(page.locator(".message")).to_be_visible()
    assert asked.kinds == ["beforeunload"]
