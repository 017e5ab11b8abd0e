"""What is announced of a change: once, to those who may know, and true."""

import threading

import pytest
from django.contrib.auth.models import Group
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import connection, transaction

from projeng import inbox
from projeng.access import Role
from projeng.models import (
    Notification,
    Project,
    ProjectCost,
    ProjectDocument,
    ProjectMilestone,
    ProjectProgress,
    Status,
)
from realtime.access.audience import user_key
from realtime.log.models import Event
from tests.support.log import logged
from tests.support.people import person, session_cookie


def events(kind: str) -> list[Event]:
    return list(logged().filter(type=kind).order_by("pk"))


def messages(user) -> list[str]:
    return list(user.notifications.order_by("pk").values_list("message", flat=True))


@pytest.fixture
def court(db) -> Project:
    return Project.objects.create(name="Court", prn="P1", barangay="Apokon", project_cost=1000)


# --- once -------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_saving_without_a_change_says_nothing(head, court):
    before = logged().count()
    court.save()
    Project.objects.get(pk=court.pk).save()
    assert logged().count() == before


@pytest.mark.django_db
def test_a_project_that_is_deleted_twice_was_deleted_once(head, court):
    again = Project.objects.get(pk=court.pk)
    court.delete()
    again.delete()
    assert len(events("project_deleted")) == 1
    assert [message for message in messages(head) if "was deleted" in message] == [
        "Project 'Court (PRN: P1)' was deleted by the system"
    ]


@pytest.mark.django_db
def test_a_save_that_changes_several_things_tells_of_all_of_them_in_one_message(head, court):
    """Fault of the old system: only the first kind of change was reported."""
    court.status, court.project_cost, court.barangay = "delayed", "2000.5", "Madaum"
    court.description, court.start_date, court.end_date, court.name = "New", "2026-01-02", "2026-12-31", "Gym"
    court.save()
    [message] = messages(head)[1:]
    for part in (
        "Project 'Gym (PRN: P1)'",
        "status changed from Planned to Delayed",
        "name changed from Court to Gym",
        "budget changed from ₱1,000.00 to ₱2,000.50",
        "barangay changed from Apokon to Madaum",
        "description changed",
        "start date changed from not set to Jan 2, 2026",
        "end date changed from not set to Dec 31, 2026",
    ):
        assert part in message
    [status] = events("project_status_changed")
    assert (status.fields["old_status"], status.fields["new_status"]) == ("planned", "delayed")
    [updated] = events("project_updated")
    assert updated.fields["changes"]["project_cost"] == {"old": "1000.00", "new": "2000.50"}
    assert "status" not in updated.fields["changes"]


@pytest.mark.django_db
def test_bulk_changes_are_told_once_and_go_unnoticed_by_nobody(head, engineer, court):
    """``.update()`` and ``bulk_create`` send no signals in Django."""
    court.assigned_engineers.add(engineer)
    before = Notification.objects.filter(recipient=head).count()
    Project.objects.filter(pk=court.pk).update(status=Status.DELAYED)
    Project.objects.bulk_create(Project(name=f"{n}", prn=f"B{n}", barangay="Apokon") for n in range(300))
    updated, created = events("projects_changed")
    assert (updated.fields["updated"], created.fields["created"]) == (1, 300)
    assert updated.audience == sorted(["projects", user_key(engineer.pk)])
    assert created.audience == ["projects"]
    assert Notification.objects.filter(recipient=head).count() == before + 2


@pytest.mark.django_db
def test_what_is_rolled_back_is_announced_to_nobody(head, court):
    before = logged().count(), Notification.objects.count()
    with transaction.atomic():
        court.status = "completed"
        court.save()
        ProjectCost.objects.create(project=court, cost_type="labor", amount=5)
        assert logged().count() > before[0]
        transaction.set_rollback(True)
    assert (logged().count(), Notification.objects.count()) == before


# --- to those who may know --------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_an_engineer_who_has_lost_the_role_is_told_nothing_of_the_projects_they_had(head, engineer, court):
    court.assigned_engineers.add(engineer)
    engineer.groups.clear()
    before = Notification.objects.filter(recipient=engineer).count()
    mark = logged().latest("pk").pk
    Project.objects.filter(pk=court.pk).update(status=Status.DELAYED)
    court.assigned_engineers.remove(engineer)
    court.assigned_engineers.add(engineer)
    court.delete()
    told = logged().filter(pk__gt=mark).exclude(type="authority_changed")
    assert told.count() >= 4
    assert not [event for event in told if user_key(engineer.pk) in event.audience]
    assert Notification.objects.filter(recipient=engineer).count() == before


@pytest.mark.django_db
def test_everybody_concerned_hears_of_a_deletion_once_and_in_the_same_words(head, finance, engineer, court):
    court.assigned_engineers.add(engineer)
    head.groups.add(Group.objects.get(name=Role.FINANCE))  # both roles, one message
    court.delete()
    words = "Project 'Court (PRN: P1)' was deleted by the system"
    for user in (head, finance, engineer):
        assert messages(user).count(words) == 1


@pytest.mark.django_db
def test_assigned_engineers_are_told_in_the_words_that_they_know(head, engineer):
    project = Project.objects.create(name="Court", prn="P1", barangay="Apokon", created_by=head)
    project.assigned_engineers.add(engineer)
    assert messages(engineer) == ["You have been assigned to project 'Court (PRN: P1)' by Maria Santos"]


# --- true -------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("spent", "level"),
    [
        ("799.99", ""),
        ("800", "WARNING"),
        ("949.99", "WARNING"),
        ("950", "CRITICAL"),
        ("1000", "CRITICAL"),
        ("1000.01", "URGENT"),
    ],
)
def test_budget_levels_are_exact_at_their_edges(head, court, spent, level):
    ProjectCost.objects.create(project=court, cost_type="labor", amount=spent)
    alarms = [message for message in messages(head) if message.startswith(("WARNING", "CRITICAL", "URGENT"))]
    assert [alarm.split(":")[0] for alarm in alarms] == ([level] if level else [])


@pytest.mark.django_db
def test_a_corrected_description_does_not_repeat_the_alarm_and_a_corrected_amount_does(head, court):
    cost = ProjectCost.objects.create(project=court, cost_type="labor", amount=900)
    cost.description = "Corrected"
    cost.save()
    assert len([message for message in messages(head) if message.startswith("WARNING")]) == 1
    cost.amount = 990
    cost.save()
    assert len([message for message in messages(head) if message.startswith("CRITICAL")]) == 1


@pytest.mark.django_db
def test_a_project_without_a_budget_is_not_checked(head):
    project = Project.objects.create(name="Court", prn="P1", barangay="Apokon")
    ProjectCost.objects.create(project=project, cost_type="labor", amount=10**9)
    assert not [message for message in messages(head) if "budget" in message]


@pytest.mark.django_db
def test_saving_what_was_read_long_ago_leaves_what_others_changed_meanwhile(head, court):
    stale = Project.objects.get(pk=court.pk)
    ProjectProgress.objects.create(project=court, percentage_complete=70)
    Project.objects.filter(pk=court.pk).unannounced().update(barangay="Madaum")
    stale.name = "Gym"
    stale.save()
    court.refresh_from_db()
    assert (court.name, court.progress, court.barangay) == ("Gym", 70, "Madaum")
    [event] = events("project_updated")
    assert list(event.fields["changes"]) == ["name"]


@pytest.mark.django_db
def test_values_that_arrive_as_text_are_told_as_what_they_are(head, court):
    """Dates and amounts arrive as strings when a form or script set them so."""
    ProjectCost.objects.create(project=court, cost_type="labor", amount="1", date="2026-11-20")
    ProjectProgress.objects.create(project=court, percentage_complete="45.50", date="2026-11-20")
    [cost], [progress] = events("cost_updated"), events("progress_updated")
    assert (cost.fields["cost_data"]["amount"], cost.fields["cost_data"]["formatted_amount"]) == ("1.00", "₱1.00")
    assert (progress.fields["progress"], progress.fields["progress_data"]["date"]) == (45.5, "2026-11-20")
    assert "Progress for project 'Court (PRN: P1)' updated to 45.5% by the system" in messages(head)


@pytest.mark.django_db
@pytest.mark.parametrize("part", [ProjectProgress, ProjectCost, ProjectMilestone, ProjectDocument])
def test_a_part_stays_with_its_project(court, part):
    values = {
        ProjectProgress: {"percentage_complete": 5},
        ProjectCost: {"cost_type": "labor", "amount": 5},
        ProjectMilestone: {"name": "M", "target_date": "2026-12-01"},
        ProjectDocument: {"name": "D", "file": "d.pdf"},
    }
    row = part.objects.create(project=court, **values[part])
    row.project = Project.objects.create(name="Other", barangay="Apokon")
    with pytest.raises(ValueError, match="stays with its project"):
        row.save()


@pytest.mark.django_db
def test_marking_as_unread_is_told_too(head):
    inbox.send([head], "Hello")
    row = head.notifications.get()
    inbox.mark_read(head, row.pk)
    row.refresh_from_db()
    row.is_read = False
    row.save()
    last = events("notifications_read")[-1]
    assert (last.fields["notification_ids"], last.fields["unread_count"]) == ([], 1)


@pytest.mark.django_db
def test_clearing_sessions_that_ran_out_and_deleting_an_account_do_not_fill_the_log(head, finance):
    session_cookie(head)
    Session.objects.update(expire_date="2020-01-01T00:00:00Z")
    inbox.send([finance], "One")
    inbox.send([finance], "Two")
    before = logged().count()
    call_command("clearsessions")
    assert logged().count() == before
    finance.delete()
    assert not logged().filter(type="notifications_deleted").exists()


# --- two at once, on PostgreSQL ---------------------------------------------------------------------------------


def at_once(*work) -> list[Exception]:
    failures: list[Exception] = []
    start = threading.Barrier(len(work))

    def run(one) -> None:
        try:
            start.wait(10)
            one()
        except Exception as error:  # noqa: BLE001 (told to the test)
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(one,)) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return failures


def test_sums_are_right_whoever_adds_and_deletes_at_once(new_database, on_database):
    on_database(new_database("postgres"))
    person(Role.HEAD)
    project = Project.objects.create(name="Court", barangay="Apokon", project_cost=1000)
    for _ in range(5):
        report = ProjectProgress.objects.create(project=project, percentage_complete=10, date="2026-01-01")
        cost = ProjectCost.objects.create(project=project, cost_type="labor", amount=100)
        failures = at_once(
            report.delete,
            cost.delete,
            lambda: ProjectProgress.objects.create(project=project, percentage_complete=80),
            lambda: ProjectCost.objects.create(project=project, cost_type="labor", amount=7),
        )
        assert failures == []
        project.refresh_from_db()
        assert project.progress == 80
        assert events("cost_updated")[-1].fields["spent"] == str(project.spent)


def test_a_project_that_many_delete_at_once_while_others_read_their_mail_is_deleted_once(new_database, on_database):
    on_database(new_database("postgres"))
    reader = person(Role.HEAD)
    for number in range(4):
        project = Project.objects.create(name=f"{number}", barangay="Apokon")
        copies = [Project.objects.get(pk=project.pk) for _ in range(3)]
        failures = at_once(*(copy.delete for copy in copies), *[lambda: inbox.mark_read(reader)] * 3)
        assert failures == []
    assert len(events("project_deleted")) == 4
