"""Whoever loses the connection misses nothing: resuming by header or query, and cursors that cannot be trusted."""

from urllib.parse import quote

import pytest

from projeng import inbox
from projeng.models import Notification, Project
from realtime.log import replay
from realtime.management.commands.prune_events import prune
from tests.support.log import logged
from tests.support.people import session_cookie
from tests.support.ports import wait_until
from tests.support.site import running_on
from tests.support.sse import Stream

API = "/projeng/api/realtime"
NOTIFICATIONS = "events/?topics=notifications"

site = running_on("gunicorn-postgres", "daphne-sqlite")


def notify(user, *messages: str) -> list[int]:
    """Writes a notification for each message; returns the ids of the events."""
    before = replay.head()
    Notification.objects.bulk_create(Notification(recipient=user, message=message) for message in messages)
    return list(logged().filter(id__gt=before).order_by("id").values_list("id", flat=True))


def messages(stream: Stream) -> list[str]:
    return [frame["message"] for frame in stream.frames if "message" in frame]


def caught_up(stream: Stream) -> Stream:
    stream.wait_for_cursor(replay.head())
    return stream


class CountingStream(Stream):
    """Counts the writes of the server (the chunks of the answer) and their bytes."""

    writes = 0
    size = 0

    def _body(self):
        for data in super()._body():
            self.writes += 1
            self.size += len(data)
            yield data


# --- coming back ------------------------------------------------------------------------------------------------


HOW = ("header", "query")


def resumed(listen, user, address: str, cursor: object, how: str) -> Stream:
    if how == "header":
        return listen(user, address, last_event_id=str(cursor))
    return listen(user, f"{address}{'&' if '?' in address else '?'}last_event_id={quote(str(cursor))}")


def test_what_happened_meanwhile_comes_before_what_is_new(listen, head):
    first = listen(head, NOTIFICATIONS)
    notify(head, "seen")
    caught_up(first)
    first.close()
    notify(head, "missed 1", "missed 2")
    returned = [resumed(listen, head, NOTIFICATIONS, first.cursor, how) for how in HOW]
    for back in returned:
        caught_up(back)
    notify(head, "new")
    for back in returned:
        assert messages(caught_up(back)) == ["missed 1", "missed 2", "new"]


def test_the_header_wins_over_the_query(listen, head):
    """A browser that reconnects by itself sends the header; the address is still the one it first opened."""
    at_first = replay.head()
    notify(head, "old")
    later = replay.head()
    notify(head, "new")
    back = listen(head, f"{NOTIFICATIONS}&last_event_id={at_first}", last_event_id=str(later))
    assert messages(caught_up(back)) == ["new"]


def test_however_often_the_connection_breaks_each_event_comes_once(listen, head, finance):
    cursor, got, expected = str(replay.head()), [], []
    for number in range(5):
        expected += notify(head, f"while away {number}")
        stream = listen(head, NOTIFICATIONS, last_event_id=cursor)
        expected += notify(head, f"while listening {number}")
        if number % 2:
            caught_up(stream)
        else:
            stream.of_type("notification")  # leaves early, with some events perhaps on their way
            notify(finance, "for somebody else")
        stream.close()
        got += [frame["id"] for frame in stream.frames if "id" in frame]
        cursor = stream.cursor
    last = listen(head, NOTIFICATIONS, last_event_id=cursor)
    got += [frame["id"] for frame in caught_up(last).frames if "id" in frame]
    assert got == expected


def test_the_cursor_moves_past_what_is_for_others_so_coming_back_is_cheap(listen, head, finance):
    stream = listen(finance, NOTIFICATIONS)
    ids = notify(head, "not for finance")
    stream.wait_for_cursor(ids[-1])
    assert messages(stream) == []


def test_1200_missed_events_come_in_order_across_the_pages_of_the_log(listen, head, finance):
    start = replay.head()
    ids: list[int] = []
    for part in range(4):
        ids += notify(head, *(f"{part * 300 + number}" for number in range(300)))
        notify(finance, "for somebody else")
    back = listen(head, NOTIFICATIONS, last_event_id=str(start))
    caught_up(back)
    assert [frame["id"] for frame in back.frames if "id" in frame] == ids
    assert messages(back) == [f"{number}" for number in range(1200)]
    # And from any place within the pages.
    for index in (0, 1, 499, 500, 777, 1198, 1199):
        stream = listen(head, NOTIFICATIONS, last_event_id=str(ids[index]))
        assert [frame["id"] for frame in caught_up(stream).frames if "id" in frame] == ids[index + 1 :]
        stream.close()


def test_events_that_are_due_at_once_come_in_few_writes(site, head):
    start = replay.head()
    notify(head, *(f"{number}" for number in range(400)))
    with CountingStream(f"{site.url}{API}/{NOTIFICATIONS}", session_cookie(head), last_event_id=str(start)) as back:
        caught_up(back)
        replayed, size = back.writes, back.size
        notify(head, *(f"{number}" for number in range(400)))
        caught_up(back)
        assert len(messages(back)) == 800
        assert size > 50_000
        assert replayed <= 5 + size / 8_000
        assert back.writes - replayed <= 5 + size / 8_000


# --- every address ----------------------------------------------------------------------------------------------


def test_notifications_shows_each_one_that_came_meanwhile_and_the_present_count(listen, head):
    first = listen(head, "notifications/")
    first.next()
    caught_up(first)
    first.close()
    notify(head, "missed 1", "missed 2")
    back = caught_up(listen(head, "notifications/", last_event_id=first.cursor))
    assert messages(back) == ["missed 1", "missed 2"]
    # The state follows what was missed in a write of its own.
    wait_until(lambda: {"type": "notification", "unread_count": 2} in back.frames, "the present count")
    assert back.frames[-1]["unread_count"] == 2


def test_notifications_shows_that_some_were_read_meanwhile(listen, head):
    notify(head, "one", "two")
    first = listen(head, "notifications/")
    caught_up(first)
    first.close()
    inbox.mark_read(head)
    back = caught_up(listen(head, "notifications/", last_event_id=first.cursor))
    wait_until(lambda: back.frames and back.frames[-1].get("unread_count") == 0, "the present count")


def test_projects_shows_which_projects_changed_meanwhile(listen, head, project):
    other = Project.objects.create(name="Left alone", barangay="Madaum")
    first = caught_up(listen(head, "projects/"))
    first.close()
    project.status = "delayed"
    project.save()
    new = Project.objects.create(name="New", barangay="Apokon")
    back = listen(head, "projects/", last_event_id=first.cursor)
    shown = {line["id"]: line["status"] for line in back.of_type("project_status")["projects"]}
    assert shown == {project.pk: "delayed", new.pk: "planned"}
    assert other.pk not in shown


def test_one_project_shows_its_present_state_at_once(listen, head, project):
    first = listen(head, f"projects/{project.pk}/")
    first.next()
    first.close()
    project.status = "completed"
    project.save()
    back = listen(head, f"projects/{project.pk}/", last_event_id=first.cursor)
    assert back.next()["status"] == "completed"


def test_the_dashboard_shows_its_present_state_at_once(listen, engineer, project):
    first = listen(engineer, "dashboard/")
    assert first.next()["total_projects"] == 0
    first.close()
    project.assigned_engineers.add(engineer)
    back = listen(engineer, "dashboard/", last_event_id=first.cursor)
    assert back.next()["total_projects"] == 1


# --- cursors that cannot be trusted -----------------------------------------------------------------------------


def test_a_cursor_that_promises_nothing_is_answered_with_a_reset_and_the_stream_goes_on(listen, head):
    future = replay.head() + 1_000_000
    raws = ["-1", "abc", str(10**30), str(2**63), str(future), "12.5", "1e3", "٣٤", "0x1f", "1 2", "NaN", "<script>"]
    asked = [(raw, how) for raw in raws for how in HOW]
    asked += [(raw, "query") for raw in (" ", "\x00", "7\n8", "9" * 2_000)]  # no header could hold these
    streams = {(raw, how): resumed(listen, head, NOTIFICATIONS, raw, how) for raw, how in asked}
    before = replay.head()
    for (raw, how), stream in streams.items():
        frame = stream.next()
        assert frame["type"] == "reset", (raw, how)
        assert frame["reason"]
        assert "id" not in frame
        assert int(stream.cursor) == before, f"{raw!r}: the cursor after a reset is a good one"
    inbox.send([head], "Live")
    for (raw, how), stream in streams.items():
        assert stream.wait_for(lambda frame: "message" in frame)["message"] == "Live", (raw, how)
        assert [frame["type"] for frame in stream.frames].count("reset") == 1


def test_an_empty_cursor_is_none_and_the_stream_starts_from_now(listen, head):
    notify(head, "old")
    streams = [resumed(listen, head, NOTIFICATIONS, "", how) for how in HOW]
    for stream in streams:
        assert stream.next() == {"type": "notification", "unread_count": 1}
    notify(head, "new")
    for stream in streams:
        assert messages(caught_up(stream)) == ["new"]


def test_blanks_around_a_cursor_do_not_count(listen, head):
    start = replay.head()
    notify(head, "missed")
    for how in HOW:
        stream = resumed(listen, head, NOTIFICATIONS, f"  {start}  ", how)
        assert messages(caught_up(stream)) == ["missed"]
        assert stream.frames[0]["type"] == "notification"


@pytest.mark.own_site
def test_a_cursor_older_than_the_log_keeps_is_told_to_reset_first_then_all_is_live(listen, head):
    old = replay.head()
    ids = notify(head, "pruned 1", "pruned 2", "kept")
    prune(ids[1])
    stream = listen(head, NOTIFICATIONS, last_event_id=str(old))
    assert stream.next()["type"] == "reset"
    assert stream.next() == {"type": "notification", "unread_count": 3}
    notify(head, "new")
    assert messages(caught_up(stream)) == ["new"]
    # Whoever has seen the last event that went has missed nothing.
    lucky = caught_up(listen(head, NOTIFICATIONS, last_event_id=str(ids[1])))
    assert messages(lucky) == ["kept", "new"]


def test_a_reset_shows_the_present_state_of_everything(listen, head, project):
    stream = listen(head, "events/", last_event_id="abc")
    assert [stream.next()["type"] for _ in range(3)] == ["reset", "notification", "dashboard_update"]
    one = listen(head, f"projects/{project.pk}/", last_event_id="abc")
    assert [one.next()["type"] for _ in range(2)] == ["reset", "project_status"]
