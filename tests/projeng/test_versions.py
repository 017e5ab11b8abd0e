"""Two people with the same form: nobody's save overwrites what the other one has saved meanwhile."""

import re
from decimal import Decimal
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from PIL import Image

from projeng.access import Role
from projeng.models import Project, ProjectCost, ProjectProgress
from tests.faults.hostile.markup import PAYLOADS, active_parts
from tests.support.people import person

pytestmark = pytest.mark.django_db


def opened(client, url):
    """What a browser would send if the person changed nothing: the fields of the form with their values."""
    return typed(client.get(url).context["form"])


def typed(form):
    data = {}
    for bound in form:
        value = bound.field.widget.format_value(bound.value()) if bound.name != "image" else None
        if value not in (None, "", []):
            data[bound.html_name] = value
    return data


def sent_again(response, **changes):
    """What a browser would send from the page of a conflict."""
    return typed(response.context["form"]) | changes


@pytest.fixture
def edit(project):
    return reverse("project_edit", args=[project.pk])


@pytest.fixture
def colleague(browser, head):
    return browser(head)


def test_fields_that_only_one_of_two_has_changed_are_all_kept(browser, head, colleague, edit, project):
    client = browser(head)
    form = opened(client, edit)
    assert (
        colleague.post(edit, opened(colleague, edit) | {"status": "delayed", "description": "Late"}).status_code == 302
    )
    assert client.post(edit, form | {"project_cost": "2000000"}).status_code == 302
    project.refresh_from_db()
    assert (project.status, project.description, project.project_cost) == ("delayed", "Late", Decimal(2_000_000))


def test_a_field_that_both_have_changed_is_asked_back_with_both_values(browser, head, colleague, edit, project):
    client = browser(head)
    form = opened(client, edit)
    colleague.post(edit, opened(colleague, edit) | {"name": "Theirs", "status": "delayed"})
    response = client.post(edit, form | {"name": "Mine", "source_of_funds": "Tourism"})
    html = response.content.decode()
    assert response.status_code == 409
    assert "Theirs" in html
    assert 'value="Mine"' in html
    assert 'value="Tourism"' in html
    project.refresh_from_db()
    assert (project.name, project.source_of_funds) == ("Theirs", "")
    again = client.post(edit, sent_again(response))
    assert again.status_code == 409  # nothing was chosen
    assert client.post(edit, sent_again(again, choose_name="yours")).status_code == 302
    project.refresh_from_db()
    assert (project.name, project.source_of_funds, project.status) == ("Mine", "Tourism", "delayed")


def test_theirs_can_be_kept(browser, head, colleague, edit, project):
    client = browser(head)
    form = opened(client, edit)
    colleague.post(edit, opened(colleague, edit) | {"name": "Theirs"})
    response = client.post(edit, form | {"name": "Mine", "description": "More"})
    assert client.post(edit, sent_again(response, choose_name="theirs")).status_code == 302
    project.refresh_from_db()
    assert (project.name, project.description) == ("Theirs", "More")


# --- the kinds of fields ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "theirs", "mine", "shown"),
    [
        ("description", "Two\r\nlines", "Other\r\nlines", "Two"),
        ("barangay", "Madaum", "Busaon", "Madaum"),
        ("status", "delayed", "cancelled", "Delayed"),
        ("project_cost", "5", "₱6.50", "₱5.00"),
        ("project_cost", "", "7", "not set"),
        ("start_date", "2026-11-20", "2026-11-21", "Nov 20, 2026"),
        ("prn", "THEIRS-1", "MINE-1", "THEIRS-1"),
    ],
)
def test_each_kind_of_field_is_asked_back(field, theirs, mine, shown, browser, head, colleague, edit, project):
    client = browser(head)
    form = opened(client, edit)
    assert colleague.post(edit, opened(colleague, edit) | {field: theirs}).status_code == 302
    project.refresh_from_db()
    stored = getattr(project, field)
    response = client.post(edit, form | {field: mine})
    assert response.status_code == 409
    [change] = response.context["form"].conflicts.values()
    assert (change.name, change.stored.startswith(shown)) == (field, True)
    assert change.yours in response.content.decode().replace("&#x27;", "'") or field == "description"
    project.refresh_from_db()
    assert getattr(project, field) == stored
    assert client.post(edit, sent_again(response, **{f"choose_{field}": "yours"})).status_code == 302
    project.refresh_from_db()
    assert getattr(project, field) != stored


@pytest.mark.parametrize("value", ["Covered court ", " Covered court"])
def test_the_same_value_written_otherwise_is_no_change(value, browser, head, colleague, edit, project):
    client = browser(head)
    form = opened(client, edit)
    colleague.post(edit, opened(colleague, edit) | {"name": "Theirs", "project_cost": "5"})
    assert client.post(edit, form | {"name": value, "project_cost": "₱1,000,000"}).status_code == 302
    project.refresh_from_db()
    assert (project.name, project.project_cost) == ("Theirs", 5)


def test_both_may_enter_the_same(browser, head, colleague, edit, project):
    client = browser(head)
    form = opened(client, edit)
    colleague.post(edit, opened(colleague, edit) | {"name": "Same"})
    assert client.post(edit, form | {"name": "Same", "description": "More"}).status_code == 302


def test_what_others_change_while_the_conflict_is_looked_at_is_asked_back_again(
    browser, head, colleague, edit, project
):
    client = browser(head)
    form = opened(client, edit)
    colleague.post(edit, opened(colleague, edit) | {"name": "Second"})
    response = client.post(edit, form | {"name": "Mine"})
    colleague.post(edit, opened(colleague, edit) | {"name": "Third", "status": "delayed"})
    again = client.post(edit, sent_again(response, choose_name="yours"))
    assert again.status_code == 409
    assert again.context["form"].conflicts["name"].stored == "Third"
    assert client.post(edit, sent_again(again, choose_name="theirs")).status_code == 302
    project.refresh_from_db()
    assert (project.name, project.status) == ("Third", "delayed")


def test_a_field_that_is_wrong_is_explained_beside_the_conflict(browser, head, colleague, edit, project):
    client = browser(head)
    form = opened(client, edit)
    colleague.post(edit, opened(colleague, edit) | {"name": "Theirs"})
    response = client.post(edit, form | {"name": "Mine", "project_cost": "a lot", "description": "Kept"})
    html = response.content.decode()
    assert response.status_code == 409
    assert 'id="id_project_cost_error"' in html
    assert 'value="a lot"' in html
    assert "Kept</textarea>" in html


def test_a_report_meanwhile_is_no_conflict(browser, head, engineer, edit, project):
    client = browser(head)
    form = opened(client, edit)
    ProjectProgress.objects.create(project=project, percentage_complete=40)
    assert client.post(edit, form | {"name": "Mine"}).status_code == 302
    project.refresh_from_db()
    assert (project.name, project.progress) == ("Mine", 40)


def test_changes_in_bulk_are_seen(browser, head, edit, project):
    client = browser(head)
    form = opened(client, edit)
    Project.objects.filter(pk=project.pk).update(name="Theirs", status="delayed")
    assert client.post(edit, form | {"name": "Mine"}).status_code == 409
    assert client.post(edit, form | {"description": "Mine"}).status_code == 302
    project.refresh_from_db()
    assert (project.name, project.status, project.description) == ("Theirs", "delayed", "Mine")


@pytest.mark.parametrize("opened_with", ["", "nonsense", "eyJ4IjoxfQ:1:abc"])
def test_a_form_whose_values_cannot_be_read_is_compared_by_its_version(
    opened_with, browser, head, colleague, edit, project
):
    client = browser(head)
    form = opened(client, edit)
    colleague.post(edit, opened(colleague, edit) | {"name": "Theirs"})
    response = client.post(edit, form | {"opened": opened_with, "description": "Mine"})
    assert response.status_code == 409
    assert set(response.context["form"].conflicts) == {"name", "description"}


def test_the_form_of_another_project_is_not_taken_for_this_one(browser, head, edit, project):
    client = browser(head)
    other = Project.objects.create(name="Other", barangay="Apokon")
    form = opened(client, reverse("project_edit", args=[other.pk]))
    Project.objects.filter(pk=project.pk).update(status="delayed")
    response = client.post(edit, opened(client, edit) | {"opened": form["opened"], "version": "1"})
    assert response.status_code == 302  # it would change nothing


# --- engineers and the picture ------------------------------------------------------------------------------------


@pytest.fixture
def third_engineer(db):
    return person(Role.ENGINEER)


@pytest.mark.parametrize("choice", ["theirs", "yours", "both"])
def test_engineers_whom_two_have_assigned(
    choice, browser, head, colleague, engineer, other_engineer, third_engineer, project
):
    url = reverse("project_engineers", args=[project.pk])
    client = browser(head)
    form = opened(client, url)
    assert colleague.post(url, {"assigned_engineers": [engineer.pk, other_engineer.pk]}).status_code == 302
    response = client.post(url, form | {"assigned_engineers": [engineer.pk, third_engineer.pk]})
    assert response.status_code == 409
    assert set(project.assigned_engineers.all()) == {engineer, other_engineer}
    assert client.post(url, sent_again(response, choose_assigned_engineers=choice)).status_code == 302
    expected = {"theirs": {other_engineer}, "yours": {third_engineer}, "both": {other_engineer, third_engineer}}
    assert set(project.assigned_engineers.all()) == {engineer} | expected[choice]


@pytest.mark.parametrize("change", ["add", "remove", "set", "clear", "reverse add", "reverse remove"])
def test_whoever_assigns_raises_the_version(change, engineer, other_engineer, project):
    before = Project.objects.get(pk=project.pk).version
    {
        "add": lambda: project.assigned_engineers.add(other_engineer),
        "remove": lambda: project.assigned_engineers.remove(engineer),
        "set": lambda: project.assigned_engineers.set([other_engineer]),
        "clear": lambda: project.assigned_engineers.clear(),
        "reverse add": lambda: other_engineer.assigned_projects.add(project),
        "reverse remove": lambda: engineer.assigned_projects.remove(project),
    }[change]()
    assert Project.objects.get(pk=project.pk).version > before


def test_a_form_that_is_sent_unchanged_does_not_take_anybody_off(browser, head, engineer, other_engineer, project):
    url = reverse("project_engineers", args=[project.pk])
    client = browser(head)
    form = opened(client, url)
    project.assigned_engineers.set([other_engineer])
    assert client.post(url, form).status_code == 302
    assert list(project.assigned_engineers.all()) == [other_engineer]


# --- programs -----------------------------------------------------------------------------------------------------


def test_a_program_is_told_both_versions_in_json(browser, head, edit, project):
    client = browser(head)
    client.defaults["HTTP_ACCEPT"] = "application/json"
    facts = {"name": "Mine", "barangay": "Apokon", "status": "planned", "project_cost": "1000000", "version": "1"}
    Project.objects.filter(pk=project.pk).update(name="Theirs")
    version = Project.objects.get(pk=project.pk).version
    response = client.post(edit, facts, headers={"accept": "application/json"})
    assert response.status_code == 409
    answer = response.json()
    assert answer["success"] is False
    assert answer["conflicts"] == {"name": {"opened": None, "stored": "Theirs", "yours": "Mine"}}
    assert answer["version"] == version
    response = client.post(edit, facts | {"version": version}, headers={"accept": "application/json"})
    assert response.status_code == 302


def test_without_a_version_the_last_one_wins(browser, head, edit, project):
    Project.objects.filter(pk=project.pk).update(name="Theirs")
    assert browser(head).post(edit, {"name": "Mine", "barangay": "Apokon", "status": "planned"}).status_code == 302


# --- deleting -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", ["field", "cost", "engineers", "bulk"])
def test_deleting_what_was_changed_meanwhile_is_asked_again(change, browser, head, project):
    client, url = browser(head), reverse("project_delete", args=[project.pk])
    seen = client.get(url).context["seen"]
    {
        "field": lambda: project.save(),
        "cost": lambda: ProjectCost.objects.create(project=project, cost_type="labor", amount=5),
        "engineers": lambda: project.assigned_engineers.clear(),
        "bulk": lambda: Project.objects.update(status="delayed"),
    }[change]()
    response = client.post(url, {"seen": seen})
    assert response.status_code == 409
    assert "Not deleted yet" in response.content.decode()
    told = client.post(url, {"seen": seen}, headers={"accept": "application/json"})
    assert (told.status_code, told.json()["seen"]) == (409, response.context["seen"])
    assert client.post(url, {"seen": response.context["seen"]}).status_code == 302
    assert not Project.objects.exists()


# --- uploads ------------------------------------------------------------------------------------------------------


def picture(color):
    data = BytesIO()
    Image.new("RGB", (8, 8), color).save(data, "PNG")
    return SimpleUploadedFile(f"{color}.png", data.getvalue())


def color_of(project):
    project.refresh_from_db()
    with Image.open(project.image) as image:
        return image.getpixel((0, 0))


TEAL, RED = (0, 128, 128), (255, 0, 0)


def kept(response):
    html = response.content.decode()
    tokens = dict(re.findall(r'name="(kept_\w+)" value="([^"]+)" checked', html))
    return typed(response.context["form"]) | tokens


@pytest.mark.parametrize(("choice", "color"), [("yours", TEAL), ("theirs", RED)])
def test_two_pictures_are_asked_back_and_yours_is_not_lost(choice, color, browser, head, colleague, edit, project):
    client = browser(head)
    form = opened(client, edit)
    colleague.post(edit, opened(colleague, edit) | {"image": picture("red")})
    response = client.post(edit, form | {"image": picture("teal")})
    assert response.status_code == 409
    assert "Keep teal.png, which was chosen already" in response.content.decode()
    assert color_of(project) == RED
    assert client.post(edit, kept(response) | {"choose_image": choice}).status_code == 302
    assert color_of(project) == color


def test_a_picture_is_not_lost_by_a_conflict_elsewhere_or_by_a_mistake(browser, head, colleague, edit, project):
    client = browser(head)
    form = opened(client, edit)
    colleague.post(edit, opened(colleague, edit) | {"name": "Theirs"})
    response = client.post(edit, form | {"name": "", "image": picture("teal")})
    assert response.status_code == 422
    response = client.post(edit, kept(response) | {"name": "Mine"})
    assert response.status_code == 409
    assert client.post(edit, kept(response) | {"choose_name": "yours"}).status_code == 302
    assert color_of(project) == TEAL


def test_a_picture_that_a_colleague_has_put_there_or_removed_stays_so(browser, head, colleague, edit, project):
    client = browser(head)
    form = opened(client, edit)
    colleague.post(edit, opened(colleague, edit) | {"image": picture("red")})
    assert client.post(edit, form | {"name": "Mine"}).status_code == 302
    assert color_of(project) == RED
    form = opened(client, edit)
    colleague.post(edit, opened(colleague, edit) | {"image-clear": "on"})
    assert client.post(edit, form | {"name": "Mine again"}).status_code == 302
    project.refresh_from_db()
    assert not project.image


# --- what is wrong together with what others have changed ---------------------------------------------------------


def test_what_does_not_go_with_what_a_colleague_has_entered_is_explained_with_that(
    browser, head, colleague, edit, project
):
    client = browser(head)
    form = opened(client, edit)
    colleague.post(edit, opened(colleague, edit) | {"start_date": "2026-12-01"})
    response = client.post(edit, form | {"end_date": "2026-11-20"})
    html = response.content.decode()
    assert response.status_code == 422
    assert "The end date is before the start date." in html
    assert 'value="2026-12-01"' in html
    assert "Start date changed from not set to Dec 1, 2026" in html
    assert client.post(edit, sent_again(response, start_date="2026-11-01")).status_code == 302
    project.refresh_from_db()
    assert (str(project.start_date), str(project.end_date)) == ("2026-11-01", "2026-11-20")


def test_a_field_that_was_wrong_is_compared_once_it_is_right(browser, head, colleague, edit, project):
    client = browser(head)
    form = opened(client, edit)
    colleague.post(edit, opened(colleague, edit) | {"name": "Theirs", "project_cost": "5", "status": "delayed"})
    response = client.post(edit, form | {"name": "Mine", "project_cost": "a lot"})
    assert set(response.context["form"].conflicts) == {"name"}
    response = client.post(edit, sent_again(response, choose_name="yours", project_cost="7"))
    assert response.status_code == 409
    assert response.context["form"].conflicts["project_cost"].stored == "₱5.00"
    assert client.post(edit, sent_again(response, choose_project_cost="theirs")).status_code == 302
    project.refresh_from_db()
    assert (project.name, project.project_cost, project.status) == ("Mine", 5, "delayed")


def test_a_change_that_raised_no_version_is_seen_too(browser, head, edit, project):
    """As the previous release makes it, while both run beside each other."""
    client = browser(head)
    form = opened(client, edit)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE projeng_project SET name = 'Theirs', status = 'delayed'")
    assert client.post(edit, form | {"name": "Mine"}).status_code == 409
    assert client.post(edit, form | {"description": "Mine"}).status_code == 302
    project.refresh_from_db()
    assert (project.name, project.status) == ("Theirs", "delayed")


def test_versions_cost_a_save_no_statement(project, other_engineer):
    """Each is raised by the statement that changes the row; assigning one person takes no other lock than before."""

    def statements(work):
        with CaptureQueriesContext(connection) as asked:
            work()
        return [query["sql"] for query in asked if '"version"' in query["sql"] and query["sql"].startswith("UPDATE")]

    def saved():
        project.name += "!"
        project.save()

    report = ProjectProgress.objects.create(project=project, percentage_complete=5)
    for work in (
        saved,
        lambda: Project.objects.filter(pk=project.pk).update(status="delayed"),
        lambda: Project.objects.bulk_update([project], ["name"]),
        lambda: project.assigned_engineers.add(other_engineer),
        lambda: ProjectProgress.objects.create(project=project, percentage_complete=6),
    ):
        before = Project.objects.values_list("version", flat=True).get(pk=project.pk)
        made = statements(work)
        assert len(made) == 1
        assert Project.objects.values_list("version", flat=True).get(pk=project.pk) == before + 1
    report.refresh_from_db()
    assert report.version == 1


def test_what_was_typed_into_the_form_of_a_deleted_project_is_not_lost(browser, head, edit, project):
    client = browser(head)
    form = opened(client, edit)
    project.delete()
    response = client.post(edit, form | {"description": "Typed <b>at length</b>"})
    html = response.content.decode()
    assert response.status_code == 404
    assert "deleted meanwhile" in html
    assert "Typed &lt;b&gt;at length&lt;/b&gt;" in html
    assert form["opened"] not in html


def test_the_previous_release_can_still_enter_rows(engineer, project):
    """It knows no versions: an office that went back to it goes on."""
    through = Project.assigned_engineers.through
    through.objects.filter(project=project).delete()
    with connection.cursor() as cursor:
        names = [field.column for field in Project._meta.concrete_fields if field.name not in {"id", "version", "prn"}]
        listed = ", ".join(names)
        cursor.execute(f"INSERT INTO projeng_project (prn, {listed}) SELECT 'OLD-1', {listed} FROM projeng_project")
    assert Project.objects.get(prn="OLD-1").version == 1


@pytest.mark.parametrize("page", ["project_edit", "project_delete", "project_create"])
def test_nothing_that_was_typed_runs_on_these_pages(page, browser, head, colleague, edit, project):
    payload = "".join(PAYLOADS)[:190]
    client = browser(head)
    url = reverse(page, args=[] if page == "project_create" else [project.pk])
    if page == "project_create":  # which asks back
        html = client.post(url, {"name": payload, "barangay": "Apokon", "status": "completed"}).content.decode()
    elif page == "project_delete":
        seen = client.get(url).context["seen"]
        colleague.post(edit, opened(colleague, edit) | {"name": payload})
        html = client.post(url, {"seen": seen}).content.decode()
    else:
        form = opened(client, edit)
        theirs = {"name": payload, "description": payload, "source_of_funds": payload[:90]}
        colleague.post(edit, opened(colleague, edit) | theirs)
        mine = {"name": payload[1:], "description": payload[1:]}
        html = client.post(edit, form | mine).content.decode()
    assert "__ran" in html
    assert active_parts(html) == []
    if page == "project_edit":
        project.delete()
        assert active_parts(client.post(edit, form | mine).content.decode()) == []
