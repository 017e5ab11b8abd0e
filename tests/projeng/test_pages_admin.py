"""The administration: what can be changed there, and what can only be read."""

import re
from decimal import Decimal

import pytest
from django.contrib import admin
from django.core.files.base import ContentFile
from django.urls import reverse

from projeng.corrections import Correction
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

MODELS = [
    Project,
    ProjectProgress,
    ProjectCost,
    ProjectMilestone,
    ProjectDocument,
    ProjectActivity,
    Notification,
    Event,
    Correction,
]
PARTS = [ProjectProgress, ProjectCost, ProjectMilestone, ProjectDocument]
READ_ONLY = [ProjectActivity, Event, Correction]


@pytest.fixture
def client(browser, django_user_model):
    return browser(django_user_model.objects.create_superuser("root", password="x", first_name="Root"))


@pytest.fixture
def rows(project, head):
    """One row of every kind."""
    ProjectProgress.objects.create(project=project, percentage_complete=Decimal(5), created_by=head)
    cost = ProjectCost(project=project, cost_type="labor", amount=Decimal(5))
    cost.receipt.save("r.pdf", ContentFile(b"x"))
    ProjectMilestone.objects.create(project=project, name="Roof", target_date="2026-12-01")
    document = ProjectDocument(project=project, name="Plan")
    document.file.save("p.pdf", ContentFile(b"x"))
    ProjectMilestone.objects.get().void("Not in the contract")
    ProjectMilestone.objects.get().restore("It is")
    return project


def url(model, page, *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


@pytest.mark.parametrize("model", MODELS)
def test_every_model_can_be_listed_searched_and_opened(model, client, rows):
    assert client.get(url(model, "changelist")).status_code == 200
    if admin.site.get_model_admin(model).search_fields:
        assert client.get(url(model, "changelist"), {"q": "court"}).status_code == 200
    response = client.get(url(model, "change", model.objects.first().pk))
    assert response.status_code == 200


@pytest.mark.parametrize("model", READ_ONLY)
def test_what_the_system_writes_cannot_be_changed_by_hand(model, client, rows):
    row = model.objects.first()
    assert client.get(url(model, "add")).status_code == 403
    assert client.post(url(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    assert client.post(url(model, "change", row.pk), {"summary": "x", "type": "x"}).status_code == 403
    assert 'name="_save"' not in client.get(url(model, "change", row.pk)).content.decode()


def facts(**parts):
    """A project's form as it is sent, with these parts added: ``costs=[{"amount": …}]``."""
    data = {"name": "Pier", "barangay": "Madaum", "status": "planned"}
    for prefix in ("progress_updates", "costs", "milestones", "documents"):
        rows = parts.get(prefix, [])
        data |= {f"{prefix}-TOTAL_FORMS": len(rows), f"{prefix}-INITIAL_FORMS": 0}
        data |= {f"{prefix}-{number}-{name}": value for number, row in enumerate(rows) for name, value in row.items()}
    return data


COST = {"date": "2026-11-19", "cost_type": "labor", "amount": "7"}
REPORT = {"date": "2026-11-19", "percentage_complete": "7"}


def test_a_project_can_be_added_and_is_announced(client):
    assert client.post(url(Project, "add"), facts(costs=[COST], progress_updates=[REPORT])).status_code == 302
    project = Project.objects.get()
    assert project.created_by.username == "root"
    assert project.costs.get().created_by.username == "root"
    assert Event.objects.filter(type="project_created").count() == 1


def test_a_project_with_hundreds_of_costs_can_be_changed(client, rows, django_assert_max_num_queries):
    ProjectCost.objects.unannounced().bulk_create(
        ProjectCost(project=rows, cost_type="other", amount=5, created_by=rows.created_by) for _ in range(300)
    )
    page = url(Project, "change", rows.pk)
    with django_assert_max_num_queries(25):
        html = client.get(page).content.decode()
    assert f'<a href="{url(ProjectCost, "changelist")}?project__id__exact={rows.pk}">Costs: 301</a>' in html
    listed = client.get(url(ProjectCost, "changelist"), {"project__id__exact": rows.pk})
    assert listed.context["cl"].result_count == 301
    sent = {name: "" for name in re.findall(r'name="([^"]+)"', html) if "__prefix__" not in name and name[0] != "_"}
    assert len(sent) < 50
    response = client.post(
        page, facts(costs=[COST], documents=[{"name": "Plan", "file": ContentFile(b"%PDF-", "p.pdf")}])
    )
    assert response.status_code == 302
    rows.refresh_from_db()
    assert (rows.name, rows.costs.count(), rows.documents.count()) == ("Pier", 302, 2)
    assert rows.documents.first().uploaded_by.username == "root"


def test_what_is_wrong_with_a_project_is_said(client, rows):
    for wrong, told in (
        ({"start_date": "2026-12-02", "end_date": "2026-12-01"}, "The end date is before the start date."),
        ({"latitude": "7.4477"}, "A latitude was given, so the longitude is needed too."),
    ):
        response = client.post(url(Project, "change", rows.pk), facts() | wrong)
        assert response.status_code == 200
        assert told in response.content.decode()


@pytest.mark.parametrize("model", PARTS)
def test_a_part_is_corrected_voided_and_restored_with_a_reason(model, client, rows):
    part = model.objects.get()
    page = url(model, "change", part.pk)
    data = {**COST, "percentage_complete": "5", "name": "Changed", "target_date": "2026-12-24"}
    before = Correction.objects.count()
    assert client.post(page, data | {"reason": "A slip"}).status_code == 302
    refused = client.post(page, data | {"void": "on"})
    assert "Please say why it is voided or restored." in refused.content.decode()
    for sent, action in (({"void": "on"}, "voided"), ({}, "restored")):
        assert client.post(page, data | sent | {"reason": "Twice"}).status_code == 302
        part.refresh_from_db()
        assert part.is_void == bool(sent)
        assert (action == "voided") == (part.void_reason == "Twice")
    found = [(kept.action, kept.reason) for kept in Correction.objects.order_by("pk")[before:]]
    assert found == [("changed", "A slip"), ("voided", "Twice"), ("restored", "Twice")]
    assert "void" not in client.get(url(model, "add")).context["adminform"].form.Meta.fields


def test_void_parts_are_counted_apart(client, rows):
    rows.costs.get().void("Twice")
    html = client.get(url(Project, "change", rows.pk)).content.decode()
    assert f'?project__id__exact={rows.pk}">Costs: 0, and 1 void</a>' in html
    listed = client.get(url(ProjectCost, "changelist"), {"voided_at__isempty": "0"})
    assert listed.context["cl"].result_count == 1


def test_the_admin_asks_back_too(client, rows):
    part = rows.costs.get()
    rows.project_cost = 10
    rows.save()
    page = url(ProjectCost, "change", part.pk)
    data = COST | {"amount": "9999999999999"}
    html = client.post(page, data).content.decode()
    assert "₱9,999,999,999,999.00 of the budget of ₱10.00 is spent" in html
    assert 'value="9999999999999"' in html
    assert client.post(page, data | {"confirmed": "on"}).status_code == 302


@pytest.mark.parametrize("model", PARTS)
def test_a_part_stays_with_its_project(model, client, rows):
    other = Project.objects.create(name="Other", barangay="Madaum")
    assert 'name="project"' in client.get(url(model, "add")).content.decode()
    part = model.objects.get()
    page = url(model, "change", part.pk)
    assert 'name="project"' not in client.get(page).content.decode()
    data = {**COST, "percentage_complete": "9", "name": "Changed", "target_date": "2026-12-24", "project": other.pk}
    assert client.post(page, data).status_code == 302
    part.refresh_from_db()
    assert part.project == rows


def test_of_a_notification_only_whether_it_is_read_can_be_changed(client, rows, finance):
    note = Notification.objects.first()
    page = url(Notification, "change", note.pk)
    before = Notification.objects.values().get(pk=note.pk)
    names = set(re.findall(r'name="([a-z]\w+)"', client.get(page).content.decode()))
    assert "is_read" in names
    assert not names & {"recipient", "project", "message", "created_at_0"}
    data = {"is_read": "on", "recipient": finance.pk, "message": "x", "created_at_0": "2020-01-01"}
    assert client.post(page, data).status_code == 302
    assert Notification.objects.values().get(pk=note.pk) == before | {"is_read": True}
    assert {"recipient", "message"} <= set(
        re.findall(r'name="([a-z]\w+)"', client.get(url(Notification, "add")).content.decode())
    )


def test_a_project_can_be_deleted_with_its_timeline(client, rows):
    assert "Yes, I’m sure" in client.get(url(Project, "delete", rows.pk)).content.decode()
    assert client.post(url(Project, "delete", rows.pk), {"post": "yes"}).status_code == 302
    assert not Project.objects.exists()


def test_progress_is_not_typed_in(client, rows):
    assert 'name="progress"' not in client.get(url(Project, "change", rows.pk)).content.decode()


def test_stored_files_are_not_linked_to(client, rows):
    html = client.get(url(Project, "change", rows.pk)).content.decode()
    assert rows.costs.get().receipt.name not in html


def test_people_of_the_office_need_to_be_staff(browser, head):
    assert browser(head).get(reverse("admin:index")).status_code == 302
