"""Engineers, pictures, programs and deletions: nobody overwrites anybody there either. And what versions cost."""

import re
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
from tests.support.forms import opened, sent_again, typed
from tests.support.people import person

pytestmark = pytest.mark.django_db


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


# --- versions, and pages that are about them -----------------------------------------------------------------------


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
