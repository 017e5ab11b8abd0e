"""A socket tells the same as a stream: the same JSON with the same ids, from any cursor, for every person."""

from urllib.parse import quote

import pytest

from projeng import inbox
from projeng.models import Project, ProjectCost, ProjectProgress
from realtime.log import replay
from realtime.log.events import to_json
from realtime.log.models import Event
from realtime.management.commands.prune_events import prune
from tests.support.log import logged
from tests.support.people import person
from tests.support.websocket import Socket

ADDRESSES = {
    "events/": "events/",
    "events/?topics=notifications": "notifications/",
    "events/?topics=projects": "projects/",
    "events/?topics=dashboard,projects": "events/?topics=projects,dashboard",
}


def work(engineer) -> None:
    """A morning in the office: something of every kind."""
    project = Project.objects.create(name="Ñandú ‘court’ 🏀", barangay="Apokon", project_cost=1_000_000)
    project.assigned_engineers.add(engineer)
    project.status = "in_progress"
    project.save()
    ProjectProgress.objects.create(project=project, percentage_complete=45.5)
    ProjectCost.objects.create(project=project, cost_type="labor", amount="850000.50")
    Project.objects.create(name="Somebody else's", barangay="Madaum").delete()
    inbox.send([engineer], 'Quotes " and \\ and </script>')
    inbox.mark_read(engineer)


def events_of(stream) -> list[dict]:
    return [dict(frame) for frame in stream.frames if "id" in frame and "at" in frame]


def missed_nothing(sockets_and_streams) -> None:
    last = replay.head()
    for one in sockets_and_streams:
        one.wait_for_cursor(last)


# --- live -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("joined", [True, False], ids=["arrays", "single"])
def test_each_person_is_told_the_same_on_a_socket_as_on_a_stream(talk, listen, head, finance, engineer, nobody, joined):
    start = replay.head()
    people = [head, finance, engineer, nobody, person(is_superuser=True)]
    pairs = [
        (talk(user, socket, joined=joined), listen(user, stream))
        for user in people
        for stream, socket in ADDRESSES.items()
    ]
    everybody = [one for pair in pairs for one in pair]
    work(engineer)
    missed_nothing(everybody)
    engineer.assigned_projects.clear()
    Project.objects.first().save()
    inbox.send(people, "The end")
    missed_nothing(everybody)
    for socket, stream in pairs:
        assert events_of(socket) == events_of(stream)
    expected = {event.pk for event in logged().filter(id__gt=start) if event.audience}
    assert {frame["id"] for socket, _ in pairs for frame in events_of(socket)} <= expected
    everything = [{frame["type"] for frame in events_of(socket)} for socket, _ in pairs]
    assert {"project_created", "cost_updated", "project_deleted", "project_status_changed"} <= everything[0]
    assert {"notification", "notifications_read", "assignment_changed", "progress_updated"} <= everything[8]
    assert everything[12] == {"notification"}, "somebody without a role hears of no project"


def test_an_event_is_the_same_text_on_both(talk, head, project):
    socket = talk(head, "events/?topics=projects", joined=False)
    project.status = "delayed"
    project.save()
    frame = socket.of_type("project_status_changed")
    row = Event.objects.get(pk=frame["id"])
    assert replay.Frame(row).json in socket.messages


def test_the_present_state_comes_on_connect_and_after_changes(talk, listen, head, project):
    socket, stream = talk(head, "events/"), listen(head, "events/")
    for one in (socket, stream):
        assert [one.next()["type"] for _ in range(2)] == ["notification", "dashboard_update"]
    project.status = "completed"
    project.save()
    later = ({}, {})
    for one, states in zip((socket, stream), later, strict=True):
        while states.keys() != {"dashboard_update", "project_status"}:
            frame = one.wait_for(lambda frame: frame["type"] in {"dashboard_update", "project_status"})
            states[frame["type"]] = frame
    assert later[0] == later[1]
    assert later[0]["project_status"]["projects"][0]["status"] == "completed"


def test_those_who_offer_the_subprotocol_get_what_is_due_in_few_messages(talk, head):
    start = replay.head()
    for number in range(300):
        inbox.send([head], f"{number}")
    joined = talk(head, f"notifications/?last_event_id={start}", joined=True)
    single = talk(head, f"notifications/?last_event_id={start}", joined=False)
    missed_nothing([joined, single])
    assert events_of(joined) == events_of(single)
    assert len(events_of(joined)) == 300
    assert len(joined.messages) <= 10
    assert len(single.messages) >= 300


def test_another_subprotocol_is_not_agreed_to(site, talk, head):
    from websockets.sync.client import connect

    from tests.support.people import session_cookie

    url = f"ws://127.0.0.1:{site.port}/ws/notifications/"
    offer = {"additional_headers": {"Cookie": session_cookie(head)}, "origin": site.url, "proxy": None}
    with connect(url, subprotocols=["mqtt", "gistagum.v9"], **offer) as connection:
        assert connection.subprotocol is None
        assert connection.recv(5).startswith("{")
    with connect(url, subprotocols=["mqtt", "gistagum.v1"], **offer) as connection:
        assert connection.subprotocol == "gistagum.v1"
        assert connection.recv(5).startswith("[{")


# --- resuming ---------------------------------------------------------------------------------------------------


def said(one) -> list[str]:
    return [frame["message"] for frame in one.frames if "message" in frame]


def test_whoever_comes_back_gets_what_was_missed_first_and_then_what_is_new(talk, head):
    first = talk(head, "notifications/")
    inbox.send([head], "seen")
    first.saying("seen")
    first.vanish()
    inbox.send([head], "missed 1")
    inbox.send([head], "missed 2")
    back = talk(head, f"notifications/?last_event_id={first.cursor}")
    inbox.send([head], "new")
    back.saying("new")
    assert said(back) == ["missed 1", "missed 2", "new"]


def test_from_a_stream_to_a_socket_and_back_with_one_cursor(talk, listen, head):
    cursor, got = replay.head(), []
    start = cursor
    for number in range(4):
        inbox.send([head], f"away {number}")
        if number % 2:
            one = listen(head, f"events/?topics=notifications&last_event_id={cursor}")
        else:
            one = talk(head, f"notifications/?last_event_id={cursor}")
        inbox.send([head], f"here {number}")
        one.wait_for_cursor(replay.head())
        got += [frame["id"] for frame in events_of(one)]
        cursor = one.cursor
        one.close()
    assert got == list(logged().filter(id__gt=start).order_by("id").values_list("id", flat=True))


def test_the_cursor_moves_past_what_is_for_others(talk, head, finance):
    socket = talk(finance, "notifications/")
    inbox.send([head], "not for finance")
    socket.wait_for_cursor(replay.head())
    assert said(socket) == []
    assert {"type": "cursor", "cursor": replay.head()} in socket.frames


def test_1200_missed_events_come_once_and_in_order_while_others_are_written(talk, head, finance):
    start = replay.head()
    for part in range(12):
        _notify(head, [f"{part * 100 + number}" for number in range(100)])
        inbox.send([finance], "for somebody else")
    sockets = [talk(head, f"notifications/?last_event_id={start}", joined=joined) for joined in (True, False)]
    _notify(head, [f"{number}" for number in range(1200, 1300)])
    missed_nothing(sockets)
    for socket in sockets:
        assert said(socket) == [f"{number}" for number in range(1300)]


def _notify(user, messages: list[str]) -> None:
    from projeng.models import Notification

    Notification.objects.bulk_create(Notification(recipient=user, message=message) for message in messages)


LIES = ["-1", "abc", "1e3", "12.5", "9" * 30, str(2**63), "\x00", "NaN", "٣", "0x1f", "1 2"]


def test_a_lying_cursor_is_answered_with_a_reset_and_the_socket_goes_on(talk, head):
    lies = [*LIES, str(replay.head() + 1_000_000)]
    sockets: dict[str, Socket] = {lie: talk(head, f"notifications/?last_event_id={quote(lie)}") for lie in lies}
    before = replay.head()
    for lie, socket in sockets.items():
        frame = socket.next()
        assert frame["type"] == "reset", lie
        assert frame["reason"].startswith("last_event_id is ")
    inbox.send([head], "Live")
    for lie, socket in sockets.items():
        socket.saying("Live")
        assert [frame["type"] for frame in socket.frames].count("reset") == 1, lie
        assert min(frame["cursor"] for frame in socket.frames if frame["type"] == "cursor") >= before


@pytest.mark.own_site
def test_a_cursor_older_than_the_log_keeps_is_told_to_reset(talk, head):
    old = replay.head()
    for message in ("pruned 1", "pruned 2", "kept"):
        inbox.send([head], message)
    ids = list(logged().filter(id__gt=old).order_by("id").values_list("id", flat=True))
    prune(ids[1])
    socket = talk(head, f"notifications/?last_event_id={old}")
    assert socket.next() == {"type": "reset", "reason": replay.TOO_OLD}
    assert socket.next() == {"type": "notification", "unread_count": 3}
    lucky = talk(head, f"notifications/?last_event_id={ids[1]}")
    lucky.saying("kept")
    assert said(lucky) == ["kept"]


def test_an_empty_cursor_is_none_and_the_socket_starts_from_now(talk, head):
    inbox.send([head], "old")
    socket = talk(head, "notifications/?last_event_id=")
    assert socket.next() == {"type": "notification", "unread_count": 1}
    inbox.send([head], "new")
    socket.saying("new")
    assert said(socket) == ["new"]


def test_the_frame_is_compact_json(talk, head):
    socket = talk(head, "notifications/", joined=False)
    inbox.send([head], "Ñ")
    frame = socket.saying("Ñ")
    assert to_json(frame) in socket.messages


def test_a_megabyte_that_is_due_at_once_comes_in_pieces(talk, head):
    """Daphne sends no message beyond a megabyte: the client would come back for the same one for ever."""
    start = replay.head()
    _notify(head, ["x" * 2_000 for _ in range(700)])
    for joined in (True, False):
        socket = talk(head, f"notifications/?last_event_id={start}", joined=joined)
        socket.wait_for_cursor(replay.head(), 20)
        assert len(socket.events) == 700
        assert max(map(len, socket.messages)) < 200_000


@pytest.mark.own_site
def test_a_single_frame_beyond_a_megabyte_is_sent_whole(talk, head):
    socket = talk(head, "projects/")
    Project.objects.bulk_create(
        Project(name=f"{number}", prn=f"PRN-LONG-{number}", barangay="Apokon", description="₱" * 5_000)
        for number in range(200)
    )
    for project in Project.objects.all():
        project.status = "delayed"
        project.save()
    socket.wait_for_cursor(replay.head(), 30)
    inbox.send([head], "Still there?")
    socket.wait_for(lambda frame: frame["type"] == "project_status", "the state of many projects", 20)
    socket.send({"type": "ping"})
    socket.of_type("pong")
