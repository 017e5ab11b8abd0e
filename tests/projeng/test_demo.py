"""`manage.py demo_data` and `demo_activity`: a believable office, that never touches a real one."""

import io
import json
import os
import signal
from collections import Counter
from decimal import Decimal
from random import Random

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.utils import timezone

from projeng.access import Role, role_of
from projeng.budget import Budget
from projeng.demo.changes import FEWEST_OPEN, OPEN, Changes
from projeng.demo.people import ENGINEERS, FINANCE, HEAD, demo_people
from projeng.models import Notification, Project, ProjectCost, ProjectMilestone, ProjectProgress
from realtime.log.models import Event

pytestmark = pytest.mark.django_db


def run(command: str = "demo_data", **options) -> str:
    out = io.StringIO()
    call_command(command, stdout=out, stderr=io.StringIO(), **options)
    return out.getvalue()


def believable() -> None:
    """Checks what must hold for every project of the demo, however long it has been busy."""
    today = timezone.localdate()
    for project in Project.objects.prefetch_related("progress_updates"):
        project.full_clean()
        reports = [report.percentage_complete for report in reversed(project.progress_updates.all())]
        assert reports == sorted(reports), project
        assert project.progress == (reports[-1] if reports else 0), project
        assert all(report.date <= today for report in project.progress_updates.all()), project
        assert project.start_date <= project.end_date, project
        if project.project_cost:
            assert project.spent <= project.project_cost * Decimal("1.05"), project


# --- demo_data --------------------------------------------------------------------------------------------------


def test_people_of_every_role_can_sign_in():
    table = run()
    roles = {name: role_of(user) for name, user in demo_people().items()}
    assert roles == {
        HEAD: Role.HEAD,
        FINANCE: Role.FINANCE,
        **dict.fromkeys(ENGINEERS, Role.ENGINEER),
        "admin": Role.HEAD,
    }
    assert User.objects.get(username="admin").is_superuser
    for name in roles:
        assert authenticate(username=name, password="tagum-demo-2026")
        assert f"\n{name} " in table
    assert all(user.get_full_name() for user in demo_people().values())


def test_projects_are_believable_and_of_every_kind():
    run()
    believable()
    assert 55 <= Project.objects.count() <= 65
    statuses = Counter(Project.objects.values_list("status", flat=True))
    assert statuses.keys() == {"planned", "in_progress", "completed", "delayed", "cancelled"}
    assert statuses.most_common(1)[0][0] == "in_progress"
    assert Project.objects.filter(assigned_engineers__isnull=True).exists()
    for costs in Project.objects.values_list("project_cost", flat=True):
        assert 1_000_000 <= costs <= 45_000_000
    assert ProjectMilestone.objects.filter(is_completed=True).exists()
    assert {Budget(row.spent, row.project_cost).level for row in Project.objects.all()} >= {"", "URGENT", "WARNING"}


def test_inboxes_and_timelines_have_something_to_show():
    run()
    for name in (HEAD, *ENGINEERS):
        assert Notification.objects.filter(recipient__username=name).exists(), name
    assert Notification.objects.filter(recipient__username=HEAD, message__startswith="URGENT").exists()
    assert not Project.objects.filter(activities__isnull=True).exists()
    assert Event.objects.filter(type="projects_changed").count() == 1
    assert set(Event.objects.values_list("type", flat=True)) >= {
        "project_created",
        "progress_updated",
        "cost_updated",
        "assignment_changed",
        "project_status_changed",
    }


def test_the_past_is_in_the_past():
    run()
    old = Project.objects.filter(prn__startswith="DEMO-", progress_updates__isnull=False).distinct()
    assert all(project.created_at.date() <= project.start_date for project in old)
    for project in old:
        moments = list(project.activities.order_by("pk").values_list("at", flat=True))
        assert moments == sorted(moments)
        assert project.created_at == moments[0]


@pytest.mark.parametrize("again", [{}, {"if_empty": True}, {"seed": 7}])
def test_running_it_again_changes_nothing(again):
    run()
    counts = [model.objects.count() for model in (User, Project, ProjectCost, ProjectProgress, Notification, Event)]
    passwords = list(User.objects.order_by("pk").values_list("password", flat=True))
    assert run(**again).startswith("Nothing to make")
    assert counts == [
        model.objects.count() for model in (User, Project, ProjectCost, ProjectProgress, Notification, Event)
    ]
    assert passwords == list(User.objects.order_by("pk").values_list("password", flat=True))


def test_the_same_seed_makes_the_same_data():
    fields = ("prn", "name", "barangay", "project_cost", "latitude", "start_date", "status", "progress")
    made = []
    for seed in (1, 1, 2):
        run(seed=seed)
        made.append(sorted(Project.objects.values_list(*fields)))
        Project.objects.all().delete()
    assert made[0] == made[1] != made[2]


def test_a_site_with_projects_is_left_alone_if_asked():
    Project.objects.create(prn="REAL", name="Real", barangay="Apokon")
    assert run(if_empty=True).startswith("Nothing to make")
    assert (Project.objects.count(), User.objects.count()) == (1, 0)


def test_real_accounts_are_never_touched():
    User.objects.create_user("finance", password="secret")
    with pytest.raises(CommandError, match="real accounts, so there is no demo: finance"):
        run()
    assert (User.objects.count(), Project.objects.count()) == (1, 0)


def test_a_real_superuser_keeps_their_account():
    User.objects.create_superuser("admin", password="secret")
    assert "\nadmin " not in run()
    assert authenticate(username="admin", password="secret")
    assert Project.objects.exists()


def test_a_password_that_was_changed_stays_and_is_not_told():
    run()
    head = User.objects.get(username=HEAD)
    head.set_password("another")
    head.save()
    people = {row["user"]: row["password"] for row in json.loads(run(json=True))["people"]}
    assert (people[HEAD], people[FINANCE]) == (None, "tagum-demo-2026")


def test_the_projects_of_a_file_can_be_used(tmp_path):
    path = tmp_path / "office.csv"
    path.write_text(
        "prn,name,barangay,latitude,longitude,status,start_date,end_date\n"
        "P1,Road,Apokon,7.42,125.82,completed,,2025-05-05\nP2,Canal,Madaum,,,planned,2029-01-01,\n"
    )
    run(csv=path)
    road = Project.objects.get(prn="P1")
    assert (road.name, road.latitude, road.progress, road.status) == ("Road", Decimal("7.42"), 100, "completed")
    assert not Project.objects.filter(prn__startswith="DEMO-").exists()
    believable()


def test_a_file_that_cannot_be_imported_makes_no_demo(tmp_path):
    path = tmp_path / "office.csv"
    for content, reason in (("", "is empty"), ("prn,name,barangay,latitude,longitude,status\n,,,,,x", "line 2: PRN")):
        path.write_text(content)
        with pytest.raises(CommandError, match=reason):
            run(csv=path)
    assert not User.objects.exists()


# --- demo_activity ----------------------------------------------------------------------------------------------


def test_activity_without_demo_people_is_refused():
    User.objects.create_user("head")
    with pytest.raises(CommandError, match="no demo people") as fault:
        run("demo_activity", every=0, count=1)
    assert fault.value.returncode == 1


def test_each_change_is_announced_and_told_in_a_line():
    run()
    events = Event.objects.count()
    lines = run("demo_activity", every=0, count=25, seed=1).splitlines()
    assert len(lines) == 25
    assert all("(PRN: " in line for line in lines)
    assert Event.objects.count() >= events + 25


@pytest.mark.timeout(180)
def test_activity_goes_on_for_ever_and_stays_believable():
    run()
    changes = Changes(demo_people(), Random(5))
    reports = ProjectProgress.objects.count()
    for _ in range(500):
        assert changes.make_one()
    believable()
    assert ProjectProgress.objects.count() > reports + 100
    assert Project.objects.filter(OPEN).count() >= FEWEST_OPEN


def test_new_projects_are_started_when_all_are_complete():
    run()
    Project.objects.update(status="completed", progress=100)
    lines = run("demo_activity", every=0, count=FEWEST_OPEN, seed=1).splitlines()
    assert all("Project created by Maria Teresa Villanueva" in line for line in lines)
    assert Project.objects.filter(OPEN).count() == FEWEST_OPEN


def test_real_projects_are_not_touched():
    run()
    Project.objects.exclude(prn="DEMO-001").delete()
    real = Project.objects.create(prn="REAL", name="Real", barangay="Apokon", status="in_progress")
    run("demo_activity", every=0, count=40, seed=1)
    stored = Project.objects.get(prn="REAL")
    assert stored.updated_at == real.updated_at
    assert not stored.assigned_engineers.exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly_after_the_change_that_has_begun(number, monkeypatch):
    run()
    handlers = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    make_one = Changes.make_one

    def signalled(self):
        os.kill(os.getpid(), number)
        return make_one(self)

    monkeypatch.setattr(Changes, "make_one", signalled)
    assert len(run("demo_activity", every=3600).splitlines()) == 1
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == handlers


def test_a_database_that_is_busy_for_a_while_does_not_end_it(monkeypatch):
    run()
    monkeypatch.setattr("projeng.management.commands.demo_activity.connection.close", lambda: None)
    monkeypatch.setattr("projeng.management.commands.demo_activity.RETRY_SECONDS", 0)
    make_one, faults = Changes.make_one, [OperationalError("database is locked")]

    def failing_once(self):
        if faults:
            raise faults.pop()
        return make_one(self)

    monkeypatch.setattr(Changes, "make_one", failing_once)
    assert len(run("demo_activity", every=0, count=2, seed=1).splitlines()) == 2


@pytest.mark.parametrize("every", ["-1", "nan", "soon"])
def test_seconds_that_are_none_are_wrong_usage(every):
    with pytest.raises(CommandError, match="not a number of seconds"):
        call_command("demo_activity", "--every", every)
