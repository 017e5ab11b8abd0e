"""Creating, editing, deleting and assigning projects through the forms."""

import re
from datetime import date
from decimal import Decimal
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image

from projeng.models import (
    Notification,
    Project,
    ProjectActivity,
    ProjectCost,
    ProjectDocument,
    ProjectMilestone,
    ProjectProgress,
)
from realtime.log.models import Event

pytestmark = pytest.mark.django_db

NEW = {"name": "River park", "barangay": "Madaum", "status": "planned"}


def picture(name="site.png", kind="PNG"):
    data = BytesIO()
    Image.new("RGB", (8, 8), "teal").save(data, kind)
    return SimpleUploadedFile(name, data.getvalue())


def typed(html, name):
    """What the form shows in a field of this name."""
    return re.search(rf'<input[^>]*name="{name}"[^>]*>', html).group()


def test_a_new_project(browser, head, engineer):
    data = {
        **NEW,
        "project_cost": "₱1,234,567.89",
        "start_date": "2026-11-01",
        "end_date": "2026-12-31",
        "latitude": "7.4477",
        "longitude": "125.8068",
        "assigned_engineers": [engineer.pk],
        "image": picture(),
    }
    response = browser(head).post(reverse("project_create"), data, follow=True)
    project = Project.objects.get()
    assert response.redirect_chain == [(reverse("project_detail", args=[project.pk]), 302)]
    assert "was created" in response.content.decode()
    assert project.created_by == head
    assert project.prn.startswith("PRN-")
    assert project.project_cost == Decimal("1234567.89")
    assert project.end_date == date(2026, 12, 31)
    assert list(project.assigned_engineers.all()) == [engineer]
    assert "site" not in project.image.name
    assert ProjectActivity.objects.filter(project=project).count() == 2
    assert "You have been assigned" in Notification.objects.get(recipient=engineer).message


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": ""}, "name"),
        ({"barangay": "Atlantis"}, "barangay"),
        ({"status": "burning"}, "status"),
        ({"project_cost": "-1"}, "project_cost"),
        ({"project_cost": "a lot"}, "project_cost"),
        ({"project_cost": "99999999999999.99"}, "project_cost"),
        ({"project_cost": "NaN"}, "project_cost"),
        ({"start_date": "2026-12-02", "end_date": "2026-12-01"}, "end_date"),
        ({"start_date": "soon"}, "start_date"),
        ({"latitude": "7.4477"}, "longitude"),
        ({"longitude": "125.8068"}, "latitude"),
        ({"latitude": "14.5", "longitude": "121.0"}, "latitude"),
        ({"prn": "TAKEN"}, "prn"),
        ({"name": "x" * 201}, "name"),
    ],
)
def test_wrong_input_is_kept_and_explained(wrong, field, browser, head):
    Project.objects.create(name="Other", prn="TAKEN", barangay="Apokon")
    before = Event.objects.count()
    data = {**NEW, "source_of_funds": "Tourism <b>", **wrong}
    response = browser(head).post(reverse("project_create"), data)
    html = response.content.decode()
    assert response.status_code == 422
    assert 'value="Tourism &lt;b&gt;"' in typed(html, "source_of_funds")
    assert f'href="#id_{field}"' in html
    assert f'id="id_{field}_error"' in html
    control = re.search(rf'<(?:input|select|textarea)[^>]*name="{field}"[^>]*>', html).group()
    assert 'aria-invalid="true"' in control
    assert f"id_{field}_error" in re.search(r'aria-describedby="([^"]*)"', control).group(1)
    for name, value in wrong.items():
        if name not in {"barangay", "status"}:
            assert f'value="{value}"' in typed(html, name) or not value
    assert Project.objects.count() == 1
    assert Event.objects.count() == before


@pytest.mark.parametrize(
    "file",
    [
        SimpleUploadedFile("site.png", b"this is no picture"),
        SimpleUploadedFile("site.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        picture("site.gif", "GIF"),
    ],
    ids=["no picture", "svg", "gif"],
)
def test_only_pictures_are_accepted_as_a_picture(file, browser, head):
    response = browser(head).post(reverse("project_create"), {**NEW, "image": file})
    assert response.status_code == 422
    assert 'id="id_image_error"' in response.content.decode()


def test_only_engineers_can_be_assigned(browser, head, finance, engineer):
    response = browser(head).post(reverse("project_create"), {**NEW, "assigned_engineers": [finance.pk]})
    assert response.status_code == 422
    engineer.is_active = False
    engineer.save()
    response = browser(head).post(reverse("project_create"), {**NEW, "assigned_engineers": [engineer.pk]})
    assert response.status_code == 422
    assert not Project.objects.exists()


def test_an_empty_form_that_is_sent_is_explained(browser, head):
    assert browser(head).post(reverse("project_create"), {}).status_code == 422


def test_editing_shows_what_is_stored_and_saves_what_was_changed(browser, head, engineer, project):
    ProjectProgress.objects.create(project=project, percentage_complete=Decimal(40))
    url = reverse("project_edit", args=[project.pk])
    html = browser(head).get(url).content.decode()
    assert 'value="1000000.00"' in typed(html, "project_cost")
    data = {**NEW, "name": "River park", "status": "in_progress", "prn": "", "project_cost": "2000000"}
    assert browser(head).post(url, data).status_code == 302
    prn = project.prn
    project.refresh_from_db()
    assert (project.name, project.status, project.prn) == ("River park", "in_progress", prn)
    assert project.progress == 40
    assert list(project.assigned_engineers.all()) == [engineer]
    assert Event.objects.filter(type="project_status_changed").count() == 1


def test_a_wrong_edit_leaves_the_page_with_the_stored_name(browser, head, project):
    response = browser(head).post(reverse("project_edit", args=[project.pk]), {**NEW, "name": "Nowhere", "status": "x"})
    html = response.content.decode()
    assert response.status_code == 422
    assert 'value="Nowhere"' in typed(html, "name")
    assert html.count("Covered court") == 2  # the title and the way back


def test_nobody_can_set_progress_or_author_through_the_form(browser, head, finance, project):
    data = {**NEW, "progress": "99", "created_by": finance.pk}
    browser(head).post(reverse("project_edit", args=[project.pk]), data)
    project.refresh_from_db()
    assert project.progress == 0
    assert project.created_by == head


def test_a_picture_can_be_kept_replaced_and_removed(browser, head, project):
    client, url = browser(head), reverse("project_edit", args=[project.pk])
    client.post(url, {**NEW, "image": picture()})
    project.refresh_from_db()
    first = project.image.name
    html = client.get(url).content.decode()
    assert "A file is kept" in html
    assert first not in html
    client.post(url, NEW)
    project.refresh_from_db()
    assert project.image.name == first
    client.post(url, {**NEW, "image-clear": "on"})
    project.refresh_from_db()
    assert not project.image


def test_assigning_and_taking_off(browser, head, engineer, other_engineer, project):
    client, url = browser(head), reverse("project_engineers", args=[project.pk])
    client.post(url, {"assigned_engineers": [other_engineer.pk]})
    assert list(project.assigned_engineers.all()) == [other_engineer]
    assert "You have been assigned" in Notification.objects.filter(recipient=other_engineer).get().message
    client.post(url, {})
    assert not project.assigned_engineers.exists()


@pytest.mark.parametrize("page", ["project_create", "project_engineers"])
@pytest.mark.parametrize("pk", ["0", "-1", str(2**63), "-" + "9" * 30, "9" * 5000, "1\0", "x", "1.5", "²"])
def test_a_person_who_cannot_be_is_refused(pk, page, browser, head, engineer, project):
    url = reverse(page, args=[project.pk] if page == "project_engineers" else [])
    response = browser(head).post(url, {**NEW, "assigned_engineers": [engineer.pk, pk]})
    assert response.status_code == 422
    assert 'id="id_assigned_engineers_error"' in response.content.decode()
    assert Project.objects.count() == 1


def test_engineers_can_be_assigned_whatever_else_is_wrong_with_the_project(browser, head, other_engineer, project):
    type(project).objects.unannounced().update(start_date="2026-12-02", end_date="2026-12-01", latitude="7.4")
    url = reverse("project_engineers", args=[project.pk])
    assert browser(head).post(url, {"assigned_engineers": [other_engineer.pk]}).status_code == 302
    assert list(project.assigned_engineers.all()) == [other_engineer]


def test_a_picture_with_a_long_name_is_accepted(browser, head, project):
    url = reverse("project_edit", args=[project.pk])
    assert browser(head).post(url, {**NEW, "image": picture("x" * 240 + ".png")}).status_code == 302
    project.refresh_from_db()
    assert project.image.name.endswith(".png")


def test_an_assigned_engineer_who_is_away_is_not_taken_off_by_accident(browser, head, engineer, project):
    engineer.is_active = False
    engineer.save()
    html = browser(head).get(reverse("project_engineers", args=[project.pk])).content.decode()
    assert re.search(rf'<input[^>]*value="{engineer.pk}"[^>]*checked', html)


def test_deleting_asks_first(browser, head, finance, engineer, project):
    client, url = browser(head), reverse("project_delete", args=[project.pk])
    assert "it can be undone" in client.get(url).content.decode()
    assert Project.objects.exists()
    response = client.post(url, follow=True)
    assert response.redirect_chain == [(reverse("project_list"), 302)]
    assert not Project.objects.exists()
    for person in (finance, engineer):
        assert "was deleted by Maria Santos" in Notification.objects.filter(recipient=person).first().message


def test_changes_name_the_person_who_made_them(browser, head, project):
    browser(head).post(reverse("project_edit", args=[project.pk]), {**NEW, "status": "delayed"})
    assert "by Maria Santos" in ProjectActivity.objects.first().summary


def _everything(project):
    """Return what belongs to a project, and what leads to it."""
    related = [
        getattr(project, name).order_by("pk").values()
        for name in ("costs", "progress_updates", "milestones", "documents", "activities", "notifications")
    ]
    row = Project.objects.filter(pk=project.pk).values().get()
    return row, [list(rows) for rows in related], list(project.assigned_engineers.values_list("pk", flat=True))


def test_deleting_a_project_can_be_undone_with_all_that_belongs_to_it(browser, head, finance, engineer, project):
    ProjectProgress.objects.create(project=project, percentage_complete="45.5", created_by=engineer)
    ProjectCost.objects.create(project=project, cost_type="labor", amount="5000.25", created_by=engineer)
    ProjectMilestone.objects.create(project=project, name="Roof", target_date="2026-12-24")
    ProjectDocument.objects.create(project=project, name="Plan", file="plan.pdf", uploaded_by=head)
    project.refresh_from_db()
    before = _everything(project)
    client = browser(head)
    html = client.post(reverse("project_delete", args=[project.pk]), follow=True).content.decode()
    assert not Project.objects.exists()
    [address] = re.findall(r'action="(/projeng/undo/\d+/)"', html)
    assert browser(finance).post(address, follow=True).status_code == 200
    assert not Project.objects.exists(), "only who deleted it can undo that"
    assert client.post(address).url == reverse("project_detail", args=[project.pk])
    row, related, engineers = _everything(project)
    assert (row, engineers) == (before[0], before[2])
    *parts, activities, notified = related
    assert parts == before[1][:4]
    assert activities[:-1] == before[1][4]
    assert activities[-1]["summary"] == "Project restored by Maria Santos"
    assert [one for one in notified if "was restored" not in one["message"]] == before[1][5]
    told = {one["recipient_id"] for one in notified if "was restored by Maria Santos" in one["message"]}
    assert told == {finance.pk, engineer.pk}
    assert browser(engineer).get(reverse("project_detail", args=[project.pk])).status_code == 200
    assert "no longer be undone" in client.post(address, follow=True).content.decode()


def test_a_project_whose_number_was_given_away_is_not_restored(browser, head, engineer, project):
    client = browser(head)
    html = client.post(reverse("project_delete", args=[project.pk]), follow=True).content.decode()
    [address] = re.findall(r'action="(/projeng/undo/\d+/)"', html)
    engineer.delete()  # an account that is gone is left out, but not what it has done
    other = Project.objects.create(name="Gym", barangay="Apokon", prn=project.prn)
    assert "no longer be undone" in client.post(address, follow=True).content.decode()
    other.delete()
    assert client.post(address).url == reverse("project_detail", args=[project.pk])
    assert not project.assigned_engineers.exists()
