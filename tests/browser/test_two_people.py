"""Two people have the same form open: the one hears of the other, and nobody overwrites anybody."""

import itertools

import pytest
from playwright.sync_api import Page, expect

from projeng.access import Role
from projeng.actor import acting
from projeng.models import Project, ProjectCost
from tests.support.people import person

from .support import FAILED_REQUESTS, until_state
from .test_accessibility import DESK, STRUCTURE, _serious
from .test_screens import FOLDER, SIZES

pytestmark = pytest.mark.timeout(150)
CONFLICT = FAILED_REQUESTS  # what the console says of the page with status 409


@pytest.fixture(params=["gunicorn-sqlite", "daphne-postgres"])
def site(request, sites, on_database):
    running = sites(*request.param.split("-"))
    on_database(running.database_url)
    return running


@pytest.fixture
def head(site):
    return person(Role.HEAD, first_name="Maria", last_name="Santos")


@pytest.fixture
def colleague(site):
    return person(Role.HEAD, first_name="Jose", last_name="Cruz")


@pytest.fixture
def project(head):
    return Project.objects.create(
        name="Covered court", barangay="Apokon", project_cost=1_000_000, status="in_progress", created_by=head
    )


one_server = pytest.mark.parametrize("site", ["gunicorn-sqlite"], indirect=True)


def changes(colleague, project: Project, **fields) -> None:
    with acting(colleague):
        row = Project.objects.get(pk=project.pk)
        for name, value in fields.items():
            setattr(row, name, value)
        row.save()


def requests_of(page: Page) -> list[str]:
    urls: list[str] = []
    page.on("request", lambda request: urls.append(request.url))
    return urls


def says_so_without_a_request(page: Page, colleague, project: Project) -> None:
    until_state(page, "live")
    page.get_by_label("Description").fill("Typed before")
    asked = requests_of(page)
    changes(colleague, project, status="delayed", name="Gym")
    bar = page.locator("#changed-bar")
    expect(bar).to_contain_text("Changed by Jose Cruz while you have this open")
    expect(page.get_by_label("Description")).to_be_focused()
    expect(page.get_by_label("Description")).to_have_value("Typed before")
    bar.get_by_role("button", name="Show").press("Enter")
    expect(bar.locator("li")).to_have_count(2)
    expect(bar).to_contain_text("Status changed from In progress to Delayed by Jose Cruz")
    expect(page.locator('[data-field="name"] .changed-note')).to_have_text("Changed by Jose Cruz")
    assert [url for url in asked if "receipts" not in url] == []


def test_an_open_form_says_that_it_was_changed(site, browse, head, colleague, project):
    page = browse(site).open(head, f"/projeng/projects/{project.pk}/edit/")
    says_so_without_a_request(page, colleague, project)
    page.get_by_role("button", name="Save").click()
    expect(page.locator("h1")).to_have_text("Gym")
    project.refresh_from_db()
    assert (project.name, project.status, project.description) == ("Gym", "delayed", "Typed before")


def test_an_open_form_says_so_over_websocket(socket_site, browse):
    head = person(Role.HEAD, first_name="Maria", last_name="Santos")
    colleague = person(Role.HEAD, first_name="Jose", last_name="Cruz")
    project = Project.objects.create(name="Covered court", barangay="Apokon", status="in_progress")
    page = browse(socket_site).open(head, f"/projeng/projects/{project.pk}/edit/")
    says_so_without_a_request(page, colleague, project)


@one_server
@pytest.mark.parametrize("form", ["engineers", "delete", "edit"])
def test_every_form_of_a_project_says_so(form, site, browse, head, colleague, project):
    page = browse(site).open(head, f"/projeng/projects/{project.pk}/{form}/")
    until_state(page, "live")
    bar = page.locator("#changed-bar")
    if form == "delete":
        with acting(colleague):
            ProjectCost.objects.create(project=project, cost_type="labor", amount=5)
        expect(bar).to_contain_text("Changed by Jose Cruz")
    with acting(colleague):
        project.delete()
    expect(bar).to_contain_text("Deleted by Jose Cruz")


@one_server
def test_what_others_report_does_not_disturb_who_edits_the_project(site, browse, head, colleague, project):
    page = browse(site).open(head, f"/projeng/projects/{project.pk}/edit/")
    until_state(page, "live")
    with acting(colleague):
        ProjectCost.objects.create(project=project, cost_type="labor", amount=5)
    other = Project.objects.create(name="Other", barangay="Apokon")
    changes(colleague, other, name="Another")
    changes(colleague, project, name="Gym")
    bar = page.locator("#changed-bar")
    expect(bar).to_contain_text("Changed by Jose Cruz")
    bar.get_by_role("button", name="Show").click()
    expect(bar.locator("li")).to_have_count(1)


@one_server
@pytest.mark.parametrize("choice", ["theirs", "yours"])
def test_a_conflict_is_settled_with_the_keyboard(choice, site, browse, head, colleague, project):
    browsing = browse(site)
    path = f"/projeng/projects/{project.pk}/edit/"
    mine, theirs = (browsing.open(who, path, tolerate=[CONFLICT], viewport=DESK) for who in (head, colleague))
    theirs.get_by_label("Name", exact=True).fill("Theirs")
    theirs.get_by_role("button", name="Save").click()
    expect(theirs.locator("h1")).to_have_text("Theirs")
    mine.get_by_label("Name", exact=True).fill("Mine")
    mine.get_by_label("Description").fill("Typed by me")
    mine.get_by_role("button", name="Save").click()
    expect(mine.get_by_role("alert")).to_contain_text("Nothing was saved yet")
    expect(mine).to_have_title("Changed meanwhile: Edit project: Theirs · GISTagum")
    # From the summary to the choice, with nothing but keys.
    mine.get_by_role("alert").get_by_role("link", name="Name").press("Enter")
    expect(mine.locator("#conflict_name")).to_be_focused()
    mine.keyboard.press("Tab")
    radio = mine.get_by_role("radio", name="Keep theirs (Theirs)")
    expect(radio).to_be_focused()
    mine.keyboard.press("Space")
    if choice == "yours":
        mine.keyboard.press("ArrowDown")
        expect(mine.get_by_role("radio", name="Use yours (Mine)")).to_be_checked()
    expect(mine.get_by_label("Description")).to_have_value("Typed by me")
    mine.keyboard.press("Tab")
    mine.keyboard.press("Enter")  # in the field beside the choice: sends the form
    expect(mine.locator("h1")).to_have_text("Mine" if choice == "yours" else "Theirs")
    project.refresh_from_db()
    assert project.description == "Typed by me"


@one_server
def test_the_page_of_a_conflict_is_sound(site, browse, head, colleague, project):
    """Several fields, one of them long, on a desk and on a phone, in light and in dark. Pictured, too."""
    page = browse(site).open(
        head, f"/projeng/projects/{project.pk}/edit/", tolerate=[CONFLICT], viewport=DESK, reduced_motion="reduce"
    )
    page.get_by_label("Name", exact=True).fill("Mine")
    page.get_by_label("Description").fill("My words. " * 60)
    page.get_by_label("Budget").fill("2,000,000")
    page.get_by_label("Status").select_option("delayed")
    changes(
        colleague, project, name="Theirs", description="Their words. " * 40, project_cost=3_000_000, status="cancelled"
    )
    changes(colleague, project, source_of_funds="Tourism")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".conflict")).to_have_count(4)
    for size, scheme in itertools.product(SIZES, ("light", "dark")):
        page.set_viewport_size(SIZES[size])
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.screenshot(path=FOLDER / f"conflict-{size}-{scheme}.png", full_page=True)
        structure = page.evaluate(STRUCTURE)
        assert (structure["unlabelled"], structure["ids"], structure["tabindex"]) == ([], [], 0)
        assert structure["wide"] <= 0
        assert _serious(page) == []


@one_server
def test_a_doubtful_status_is_confirmed_with_a_box(site, browse, head, project):
    page = browse(site).open(head, f"/projeng/projects/{project.pk}/edit/", tolerate=[FAILED_REQUESTS])
    page.get_by_label("Status").select_option("completed")
    page.get_by_role("button", name="Save").click()
    box = page.get_by_role("checkbox", name="Completed at 0%: sure?")
    assert _serious(page) == []
    box.check()
    page.get_by_role("button", name="Save").click()
    expect(page.locator("h1")).to_have_text("Covered court")
    expect(page.locator("header .status-badge")).to_have_text("Completed")


FRAMES = {
    "of what the page shows already": ("project", {"type": "project_updated", "activity_id": 7}, False),
    "of another part": ("cost_id:5", {"type": "cost_updated", "cost_id": 6, "activity_id": 8}, False),
    "of this part": ("cost_id:5", {"type": "cost_updated", "cost_id": 5, "activity_id": 8}, True),
    "of another kind with this id": (
        "cost_id:5",
        {"type": "milestone_updated", "milestone_id": 5, "activity_id": 8},
        False,
    ),
    "of the project of this part": ("cost_id:5", {"type": "project_updated", "activity_id": 8}, False),
    "of its deletion": ("cost_id:5", {"type": "project_deleted", "activity_id": None}, True),
    "of an import": ("project", {"type": "projects_changed"}, True),
    "of a state": ("project", {"type": "project_status", "id": None}, False),
}


@one_server
def test_only_what_concerns_the_form_is_told(site, browse, head, project):
    page = browse(site).open(head, f"/projeng/projects/{project.pk}/edit/")
    told = page.evaluate(
        """async (frames) => {
          const { FormChanges } = await import("/static/js/form_changes.js");
          const bar = document.getElementById("changed-bar");
          const form = document.querySelector("form[data-live-form]");
          return Object.fromEntries(Object.entries(frames).map(([name, [about, frame]]) => {
            bar.replaceChildren();
            Object.assign(form.dataset, { liveForm: about, activity: "7" });
            const { id = 1, ...rest } = frame;
            new FormChanges(form).onFrame({ ...(id ? { id } : {}), actor: "Jose", summary: "Something", ...rest });
            return [name, bar.textContent.includes("Jose")];
          }));
        }""",
        {name: [about, frame] for name, (about, frame, _) in FRAMES.items()},
    )
    assert told == {name: expected for name, (_, _, expected) in FRAMES.items()}


@one_server
def test_who_corrects_a_cost_hears_that_it_was_corrected(site, browse, head, colleague, project):
    cost = ProjectCost.objects.create(project=project, cost_type="labor", amount=5, created_by=head)
    page = browse(site).open(head, f"/projeng/projects/{project.pk}/costs/{cost.pk}/edit/")
    until_state(page, "live")
    page.get_by_label("Description").fill("Typed before")
    with acting(colleague):
        row = ProjectCost.objects.get(pk=cost.pk)
        row.amount = 7
        row.save()
    bar = page.locator("#changed-bar")
    expect(bar).to_contain_text("Changed by Jose Cruz")
    bar.get_by_role("button", name="Show").click()
    expect(page.locator('[data-field="amount"] .changed-note')).to_have_text("Changed by Jose Cruz")
    expect(page.get_by_label("Description")).to_have_value("Typed before")
