"""Nobody is notified of what they did themselves, whatever it was and through whichever door; everybody else is."""

import csv

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from projeng import inbox
from projeng.access import Role
from projeng.actor import acting
from projeng.models import Notification, Project
from tests.support.people import person

pytestmark = pytest.mark.django_db

FIELDS = {"name": "Covered court", "barangay": "Apokon", "status": "planned", "project_cost": "1000000"}


def _post(page, /, **data):
    def act(client, project):
        response = client.post(reverse(page, args=[project.pk]), data)
        assert response.status_code == 302, response.content.decode()

    return act


def _create(client, project):
    assert client.post(reverse("project_create"), FIELDS | {"name": "Gym"}).status_code == 302


def _document(client, project):
    _post("document_add", name="Plan", file=SimpleUploadedFile("plan.pdf", b"%PDF-1.4 plan"))(client, project)


def _admin_action(client, project):
    data = {"action": "delete_selected", "_selected_action": [project.pk], "post": "yes"}
    assert client.post(reverse("admin:projeng_project_changelist"), data).status_code == 302


TODAY = str(timezone.localdate())
ACTS = {
    "creating": _create,
    "renaming": _post("project_edit", **(FIELDS | {"name": "Sports complex"})),
    "a status": _post("project_edit", **(FIELDS | {"status": "in_progress"})),
    "a budget": _post("project_edit", **(FIELDS | {"project_cost": "2000000"})),
    "progress": _post("progress_add", date=TODAY, percentage_complete="45.5"),
    "a cost": _post("cost_add", date=TODAY, cost_type="labor", amount="5000"),
    "a cost beyond the budget": _post("cost_add", date=TODAY, cost_type="labor", amount="1100000"),
    "a document": _document,
    "deleting": _post("project_delete"),
    "deleting in the administration": _admin_action,
}


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS.keys())
def test_of_two_heads_only_the_other_is_notified(act, browser, project):
    me, other = (person(Role.HEAD, is_staff=True, is_superuser=True) for _ in range(2))
    Notification.objects.all()._raw_delete("default")
    act(browser(me), project)
    assert [row.message for row in Notification.objects.filter(recipient=me)] == []
    assert Notification.objects.filter(recipient=other).exists()


def test_an_engineer_who_is_also_a_superuser_is_not_told_of_their_own_assignment(browser, engineer, project):
    engineer.is_superuser = True
    engineer.save()
    project.assigned_engineers.clear()
    before = Notification.objects.filter(recipient=engineer).count()
    _post("project_engineers", assigned_engineers=[engineer.pk])(browser(engineer), project)
    assert Notification.objects.filter(recipient=engineer).count() == before


def test_who_imports_is_not_notified_of_the_import(head, tmp_path):
    other = person(Role.HEAD)
    path = tmp_path / "projects.csv"
    with path.open("w", newline="") as file:
        fields = {"prn": "PRN-1", "name": "Canal", "barangay": "Apokon", "latitude": "7.4", "longitude": "125.8"}
        writer = csv.DictWriter(file, [*fields, "status"])
        writer.writeheader()
        writer.writerow(fields | {"status": "planned"})
    call_command("import_projects", str(path), by=head.username, verbosity=0)
    assert (head.notifications.count(), other.notifications.count()) == (0, 1)


def test_a_bulk_change_is_told_to_others_alone(head, project):
    other = person(Role.HEAD)
    before = head.notifications.count()
    with acting(head):
        Project.objects.filter(pk=project.pk).update(status="delayed")
    assert (head.notifications.count(), other.notifications.count()) == (before, 1)


def test_what_a_program_does_is_told_to_everybody(head):
    for actor in (None, "the import"):
        with acting(actor):
            assert len(inbox.send([head], "News")) == 1
