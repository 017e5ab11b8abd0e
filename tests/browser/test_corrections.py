"""A wrong cost from its entry to its restoring: one person corrects it in a browser, and another's pages follow."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from projeng.access import Role
from projeng.models import Project, ProjectCost
from tests.support.people import person

from .support import FAILED_REQUESTS, until, until_state

pytestmark = pytest.mark.timeout(150)
HUGE = "₱9,999,999,999,999.00"


@pytest.fixture(params=["sse", "websocket"])
def site(request, on_database):
    if request.param == "websocket":
        return request.getfixturevalue("socket_site")
    running = request.getfixturevalue("sites")("gunicorn", "sqlite")
    on_database(running.database_url)
    return running


def _in_use(page: Page) -> str:
    return page.evaluate("realtimeManager.getStatus().transport")


def _of_the_cost(page: Page, what: str, amount: str) -> Locator:
    return page.get_by_role("link", name=re.compile(rf"^{what} ?: Cost of {re.escape(amount)} \(labor\)$"))


def test_a_wrong_cost_is_corrected_voided_and_restored_before_the_eyes_of_others(site, browse, request):
    transport = request.node.callspec.params["site"]
    head = person(Role.HEAD, first_name="Maria", last_name="Santos")
    finance = person(Role.FINANCE, first_name="Jose", last_name="Ramirez")
    project = Project.objects.create(name="River park", barangay="Madaum", project_cost=1_000_000, status="in_progress")
    path = f"/projeng/projects/{project.pk}/"
    browsing = browse(site)
    # What one has open while the other works: the project, its history, and the budgets of all projects.
    eyes = [browsing.open(head, address) for address in (path, f"{path}history/", "/dashboard/finance/")]
    work = browsing.open(finance, path, tolerate=[FAILED_REQUESTS])
    for page in (*eyes, work):
        until_state(page, "live")
        page.evaluate("window.opened = true")
    until(eyes[0], lambda: _in_use(eyes[0]) == transport, f"it is on {transport}")
    theirs, history, budgets = eyes
    row = theirs.locator("tr[data-cost-id]")
    spent = theirs.locator("[data-region=header] .project-spent")

    # Entered wrong: asked back once, with all that was typed still there, the chosen file included.
    work.get_by_role("link", name="Add cost").click()
    work.get_by_label("Kind").select_option("labor")
    work.get_by_label("Amount").fill("9,999,999,999,999")
    work.get_by_label("Description").fill("Five loads of sand")
    work.get_by_label("Receipt").set_input_files({"name": "r.pdf", "mimeType": "x/x", "buffer": b"%PDF-1.4"})
    work.get_by_role("button", name="Add cost").click()
    expect(work.locator("#questions")).to_contain_text(f"{HUGE} of the budget of ₱1,000,000.00 is spent. Sure?")
    expect(work.get_by_label("Amount")).to_have_value("9,999,999,999,999")
    expect(work.get_by_label("Keep r.pdf")).to_be_checked()
    assert not ProjectCost.objects.filter(project=project).exists()
    work.get_by_label("Yes: With this cost").check()
    work.get_by_role("button", name="Add cost").click()
    expect(row.locator("[data-label=Amount]")).to_have_text(HUGE)
    expect(row.get_by_role("link", name="Receipt")).to_be_visible()

    # Corrected.
    _of_the_cost(work, "Correct", HUGE).click()
    work.get_by_label("Amount").fill("960,000")
    work.get_by_label("Why").fill("Seven nines too many")
    work.get_by_role("button", name="Save correction").click()
    expect(work.locator(".message")).to_have_text("The cost was corrected.")
    expect(row.locator("[data-label=Amount]")).to_have_text("₱960,000.00")
    expect(spent).to_have_text("₱960,000.00")
    for page in (theirs.locator("[data-region=corrections]"), history.locator("[data-region=history]")):
        expect(page.locator("del")).to_have_text(HUGE)
        expect(page.locator("ins")).to_have_text("₱960,000.00")
        expect(page).to_contain_text("“Seven nines too many”")
        expect(page).to_contain_text("by Jose Ramirez")
    expect(budgets.locator(f'[data-budget-of="{project.pk}"] .level')).to_have_text("Critical")

    # Void.
    _of_the_cost(work, "Void", "₱960,000.00").click()
    work.get_by_role("button", name="Void cost").click()
    expect(work.get_by_role("alert")).to_contain_text("Why: This field is required.")
    work.get_by_label("Why").fill("Of another project")
    work.get_by_role("button", name="Void cost").click()
    until_state(work, "live")
    work.evaluate("window.opened = true")
    expect(row).to_contain_text("by Jose Ramirez: Of another project")
    expect(row.locator("[data-label=Amount] .void-text")).to_have_css("text-decoration-line", "line-through")
    expect(spent).to_have_text("₱0.00")
    expect(budgets.locator(f'[data-budget-of="{project.pk}"] .project-spent')).to_have_text("₱0.00")
    expect(history.locator("[data-correction-id]")).to_have_count(2)
    expect(theirs.locator("#toast-message")).to_contain_text("was voided by Jose Ramirez: Of another project")

    # Restored by a head, before the eyes of who had voided it.
    other = browsing.open(head, path)
    _of_the_cost(other, "Restore", "₱960,000.00").click()
    other.get_by_label("Why").fill("It is ours after all")
    other.get_by_role("button", name="Restore cost").click()
    mine = work.locator("tr[data-cost-id]")
    expect(mine.locator(".void-note")).to_have_count(0)
    expect(work.locator("[data-region=header] .project-spent")).to_have_text("₱960,000.00")
    expect(work.locator("#toast-message")).to_contain_text("was restored by Maria Santos: It is ours after all")
    expect(spent).to_have_text("₱960,000.00")
    expect(history.locator("[data-correction-id]")).to_have_count(3)
    for page in (*eyes, work):
        assert page.evaluate("window.opened"), f"{page.url} was loaded again"
