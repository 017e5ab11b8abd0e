"""The frames that browsers rely on, stream by stream, as the existing system sent them (without its faults)."""

import itertools
import json
import re

import pytest

from projeng import inbox
from projeng.models import Notification, Project, ProjectCost, ProjectProgress
from realtime.log import replay
from realtime.log.models import Event
from tests.support.sse import Refused

ADDRESSES = ["notifications/", "dashboard/", "projects/", "events/"]
ISO_MANILA = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+08:00")


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_stream_has_the_headers_that_keep_it_flowing(listen, head, address):
    stream = listen(head, address)
    assert stream.headers["content-type"].startswith("text/event-stream")
    assert stream.headers["cache-control"] == "no-cache"
    assert stream.headers["x-accel-buffering"] == "no"


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_stream_says_how_soon_to_return_and_where_it_stands(listen, head, address):
    before = replay.head()
    stream = listen(head, address)
    stream.wait_for_cursor(before)
    assert 1000 <= stream.retry <= 6000


# --- notifications/ ---------------------------------------------------------------------------------------------


def test_the_unread_count_comes_at_once(listen, head):
    inbox.send([head], "One")
    inbox.send([head], "Two")
    assert listen(head, "notifications/").next() == {"type": "notification", "unread_count": 2}


def test_each_new_notification_comes_with_count_id_and_message(listen, head, project):
    inbox.mark_read(head)
    stream = listen(head, "notifications/")
    stream.next()
    [row] = inbox.send([head], "Look at this", project)
    frame = stream.next()
    assert frame["type"] == "notification"
    assert frame["unread_count"] == 1
    assert frame["notification"] | {"created_at": ""} == {
        "id": row.pk,
        "message": "Look at this",
        "created_at": "",
        "project_id": project.pk,
    }
    assert ISO_MANILA.fullmatch(frame["notification"]["created_at"])
    assert ISO_MANILA.fullmatch(frame["at"])
    assert (frame["notification_id"], frame["message"]) == (row.pk, "Look at this")
    assert frame.event_id == str(frame["id"])


def test_several_notifications_at_once_all_come(listen, head):
    """Fault of the old system: of several within two seconds only the last was sent."""
    stream = listen(head, "notifications/")
    stream.next()
    for number in range(5):
        Notification.objects.create(recipient=head, message=f"Number {number}")
    frames = [stream.next() for _ in range(5)]
    assert [frame["message"] for frame in frames] == [f"Number {number}" for number in range(5)]
    assert [frame["unread_count"] for frame in frames] == [1, 2, 3, 4, 5]


def test_reading_notifications_sends_the_count_alone(listen, head):
    rows = [Notification.objects.create(recipient=head, message=f"{number}") for number in range(3)]
    stream = listen(head, "notifications/")
    stream.next()
    inbox.mark_read(head, rows[0].pk)
    assert stream.next() == {"type": "notification", "unread_count": 2}
    inbox.mark_read(head)
    assert stream.next() == {"type": "notification", "unread_count": 0}


def test_one_created_and_one_read_together_are_both_told(listen, head):
    """Fault of the old system: the count stayed the same, so nothing was sent."""
    old = Notification.objects.create(recipient=head, message="Old")
    stream = listen(head, "notifications/")
    stream.next()
    Notification.objects.create(recipient=head, message="New")
    inbox.mark_read(head, old.pk)
    assert stream.next()["message"] == "New"
    assert stream.next() == {"type": "notification", "unread_count": 1}


def test_notifications_of_others_are_never_seen(listen, head, finance):
    stream = listen(head, "notifications/")
    stream.next()
    inbox.send([finance], "For finance only")
    inbox.send([head], "For the head")
    assert stream.next()["message"] == "For the head"


# --- dashboard/ and projects/ -----------------------------------------------------------------------------------


def test_the_dashboard_comes_at_once_and_when_a_project_changes(listen, engineer, project):
    project.assigned_engineers.add(engineer)
    stream = listen(engineer, "dashboard/")
    counts = {"planned": 1, "in_progress": 0, "completed": 0, "delayed": 0, "cancelled": 0}
    assert stream.next() == {"type": "dashboard_update", "status_counts": counts, "total_projects": 1}
    project.status = "in_progress"
    project.save()
    counts = {"planned": 0, "in_progress": 1, "completed": 0, "delayed": 0, "cancelled": 0}
    assert stream.next() == {"type": "dashboard_update", "status_counts": counts, "total_projects": 1}


def test_a_changed_project_comes_with_its_present_state(listen, head, project):
    stream = listen(head, "projects/")
    stream.wait_for_cursor(replay.head())
    project.status = "completed"
    project.save()
    frame = stream.next()
    assert frame["type"] == "project_status"
    [shown] = frame["projects"]
    assert ISO_MANILA.fullmatch(shown.pop("updated_at"))
    assert shown == {
        "id": project.pk,
        "name": "Covered court",
        "status": "completed",
        "description": "",
        "barangay": "Apokon",
        "progress": 0.0,
        "start_date": None,
        "end_date": None,
    }


def test_one_project_comes_at_once_under_both_names_of_its_id(listen, head, project):
    """Fault of the old system: the page looked for ``id`` and the frame had ``project_id``."""
    stream = listen(head, f"projects/{project.pk}/")
    frame = stream.next()
    assert (frame["type"], frame["id"], frame["project_id"]) == ("project_status", project.pk, project.pk)
    assert (frame["status"], frame["progress"]) == ("planned", 0.0)
    ProjectProgress.objects.create(project=project, percentage_complete=40)
    assert stream.next()["progress"] == 40.0


def test_one_projects_stream_ends_when_the_project_is_deleted(listen, head, project):
    stream = listen(head, f"projects/{project.pk}/")
    stream.next()
    project.delete()
    assert stream.next() == {"type": "error", "message": "gone"}
    assert stream.ended.wait(2)


def test_a_project_that_there_is_not_has_no_stream(listen, head):
    with pytest.raises(Refused) as refused:
        listen(head, "projects/999999999/")
    assert refused.value.status == 404


def test_one_projects_stream_ignores_other_projects(listen, head, project):
    stream = listen(head, f"projects/{project.pk}/")
    stream.next()
    other = Project.objects.create(name="Other", barangay="Madaum")
    stream.wait_for_cursor(replay.head())
    other.status = "delayed"
    other.save()
    project.status = "cancelled"
    project.save()
    assert stream.next()["status"] == "cancelled"


@pytest.mark.quiet
def test_state_of_the_same_kind_comes_at_most_once_a_second(listen, head, project):
    stream = listen(head, f"projects/{project.pk}/")
    stream.next()
    for percentage in range(1, 31):
        ProjectProgress.objects.create(project=project, percentage_complete=percentage)
    stream.wait_for(lambda frame: frame["progress"] == 30.0, "the newest state")
    times = [frame.at for frame in stream.frames]
    assert all(later - earlier > 0.9 for earlier, later in itertools.pairwise(times[1:]))


# --- events/ ----------------------------------------------------------------------------------------------------


def test_one_stream_carries_everything_of_a_page(listen, head, project):
    stream = listen(head, "events/?topics=notifications,projects,dashboard")
    assert {stream.next()["type"], stream.next()["type"]} == {"notification", "dashboard_update"}
    ProjectCost.objects.create(project=project, cost_type="labor", amount="1234567.89")
    cost = stream.of_type("cost_updated")
    assert cost["cost_data"]["formatted_amount"] == "₱1,234,567.89"
    assert cost["project_name"] == "Covered court"
    assert "₱1,234,567.89" in stream.of_type("notification")["message"]


def test_events_have_the_fields_of_their_log_row_and_ids_that_rise(listen, head, project):
    stream = listen(head, "events/")
    for status in ("in_progress", "delayed", "completed"):
        project.status = status
        project.save()
    stream.wait_for(lambda frame: frame.get("new_status") == "completed")
    events = [frame for frame in stream.frames if "id" in frame]
    assert [frame["id"] for frame in events] == sorted({frame["id"] for frame in events})
    for frame in events:
        row = Event.objects.get(pk=frame["id"])
        assert {key: value for key, value in frame.items() if key not in {"id", "type", "at"}} == row.fields


def test_state_frames_carry_no_id(listen, head, project):
    stream = listen(head, "events/")
    project.status = "in_progress"
    project.save()
    stream.wait_for_cursor(replay.head())
    states = [frame for frame in stream.frames if frame["type"] == "dashboard_update"]
    assert states
    assert all("id" not in frame and frame.event_id is None for frame in states)


@pytest.mark.parametrize(
    ("topics", "kinds"),
    [
        ("notifications", {"notification"}),
        ("projects", {"project_status", "project_status_changed"}),
        ("dashboard", {"dashboard_update"}),
    ],
)
def test_a_topic_brings_only_its_own_frames(listen, head, project, topics, kinds):
    stream = listen(head, f"events/?topics={topics}")
    project.status = "in_progress"
    project.save()
    stream.wait_for_cursor(replay.head())
    inbox.send([head], "Last")
    stream.wait_for_cursor(replay.head())
    # Whatever the topics, a page's stream says besides by which transport to listen.
    assert {frame["type"] for frame in stream.frames} <= {*kinds, "transport"}


def test_text_survives_the_wire_whole(listen, head):
    message = 'Brgy. Niño ₱ "quoted" \\ back\nsecond line\r\n<script>alert(1)</script> \u2028 😀'
    stream = listen(head, "events/?topics=notifications")
    Notification.objects.create(recipient=head, message=message)
    frame = stream.wait_for(lambda frame: "message" in frame)
    assert frame["message"] == message
    assert json.loads(json.dumps(frame))["notification"]["message"] == message
