"""`manage.py flag_overdue`: late projects are flagged once, and everybody who should hear of it does."""

import io
import json
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.utils import timezone

from projeng.management.commands import flag_overdue
from projeng.models import Notification, Project, Status
from realtime.log.models import Event

pytestmark = pytest.mark.django_db


def make(prn: str, *, days: int | None = -1, progress="50", status=Status.IN_PROGRESS) -> Project:
    """A project that ends so many days from today."""
    end = None if days is None else timezone.localdate() + timedelta(days=days)
    return Project.objects.create(
        prn=prn, name="Road", barangay="Apokon", status=status, progress=progress, end_date=end
    )


def run(**options) -> str:
    out = io.StringIO()
    call_command("flag_overdue", stdout=out, **options)
    return out.getvalue()


@pytest.mark.parametrize("status", [Status.PLANNED, Status.IN_PROGRESS])
@pytest.mark.parametrize("progress", ["0", "97.99"])
def test_a_project_past_its_end_date_is_flagged(status, progress):
    late = make("P1", status=status, progress=progress)
    assert run().endswith("1 project flagged as delayed.\n")
    late.refresh_from_db()
    assert late.status == Status.DELAYED


@pytest.mark.parametrize(
    "facts",
    [
        {"days": 0},
        {"days": 1},
        {"days": None},
        {"progress": "98"},
        {"progress": "100"},
        {"status": Status.COMPLETED},
        {"status": Status.CANCELLED},
        {"status": Status.DELAYED},
    ],
)
def test_other_projects_stay_as_they_are(facts):
    project = make("P1", **facts)
    before = Event.objects.count()
    assert run() == "0 projects flagged as delayed.\n"
    stored = Project.objects.get()
    assert (stored.status, stored.updated_at) == (project.status, project.updated_at)
    assert Event.objects.count() == before


def test_the_day_is_that_of_the_office(monkeypatch):
    make("P1", days=0)
    tomorrow = timezone.localdate() + timedelta(days=1)
    monkeypatch.setattr(flag_overdue.timezone, "localdate", lambda: tomorrow)
    assert "1 project flagged" in run()


def test_each_is_named_and_announced():
    boss = User.objects.create_superuser("boss")
    make("P1"), make("P2")
    Notification.objects.all().delete()
    said = run()
    assert "Road (PRN: P1): ended" in said
    assert "Road (PRN: P2): ended" in said
    changed = Event.objects.filter(type="project_status_changed").values_list("fields", flat=True)
    assert [(fields["prn"], fields["new_status"]) for fields in changed] == [("P1", "delayed"), ("P2", "delayed")]
    assert Notification.objects.filter(recipient=boss, message__endswith="by the overdue check").count() == 2


def test_running_twice_is_harmless():
    make("P1")
    run()
    events = Event.objects.count()
    assert run() == "0 projects flagged as delayed.\n"
    assert Event.objects.count() == events


def test_a_dry_run_changes_nothing():
    project = make("P1")
    events = Event.objects.count()
    assert run(dry_run=True).endswith("1 project would be flagged as delayed.\n")
    project.refresh_from_db()
    assert (project.status, Event.objects.count()) == (Status.IN_PROGRESS, events)


def test_a_project_that_was_completed_meanwhile_is_left_alone():
    project = make("P1")
    Project.objects.filter(pk=project.pk).update(status=Status.COMPLETED)
    assert flag_overdue.flag(project.pk) is None
    project.refresh_from_db()
    assert project.status == Status.COMPLETED


def test_scripts_can_read_which_were_flagged():
    project = make("P1", progress="12.5")
    outcome = json.loads(run(json=True))
    assert (outcome["count"], outcome["dry_run"]) == (1, False)
    assert outcome["projects"] == [
        {"id": project.pk, "prn": "P1", "name": "Road", "end_date": f"{project.end_date}", "progress": "12.50"}
    ]


def test_its_help_is_readable():
    said = flag_overdue.Command().create_parser("manage.py", "flag_overdue").format_help()
    assert "with progress under 98 %, to delayed" in " ".join(said.split())
