"""The administration: what can be changed there, and what can only be read."""

from decimal import Decimal

import pytest
from django.contrib import admin
from django.core.files.base import ContentFile
from django.urls import reverse

from projeng.models import (
    Notification,
    Project,
    ProjectActivity,
    ProjectCost,
    ProjectDocument,
    ProjectMilestone,
    ProjectProgress,
)
from realtime.models import Event

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
]
READ_ONLY = [ProjectActivity, Event]


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


def test_a_project_can_be_added_and_is_announced(client):
    inlines = {
        f"{prefix}-{name}": value
        for prefix in ("progress_updates", "costs", "milestones", "documents")
        for name, value in {"TOTAL_FORMS": 0, "INITIAL_FORMS": 0}.items()
    }
    cost = {"costs-TOTAL_FORMS": 1, "costs-0-date": "2026-11-19", "costs-0-cost_type": "labor", "costs-0-amount": "7"}
    data = {"name": "Pier", "barangay": "Madaum", "status": "planned", **inlines, **cost}
    assert client.post(url(Project, "add"), data).status_code == 302
    project = Project.objects.get()
    assert project.created_by.username == "root"
    assert project.costs.get().created_by.username == "root"
    assert Event.objects.filter(type="project_created").count() == 1


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
