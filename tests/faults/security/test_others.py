"""Cursors, ids and link names that belong to other users.

A cursor is an integer, so anyone can invent one or use another user's. It only says where to resume, not what may be
read. Cases in tests/realtime/parity/test_receipts.py and tests/phase2/test_input.py are not repeated here.
"""

import json

import pytest

from projeng import inbox
from projeng.access import Role
from projeng.models import Notification, Project
from realtime.log import replay
from realtime.log.models import Event
from realtime.parity.models import Fallback, LinkReport, Receipt
from tests.support import http
from tests.support.log import logged
from tests.support.people import person, session_cookie
from tests.support.site import running_on
from tests.support.sse import Stream
from tests.support.websocket import Socket

site = running_on("daphne-postgres")
pytestmark = pytest.mark.timeout(120)

API = "/projeng/api/realtime"
# Cursors that no log has issued, as parts of a query string (where "+" is a blank).
NO_CURSORS = [
    "-1",
    "-0",
    "%2B5",
    "1.5",
    "1e3",
    "0x10",
    "1_000",
    "%D9%A1%D9%A2",  # Arabic digits
    "%C2%B2",
    "ten",
    "NaN",
    "Infinity",
    "null",
    "true",
    "[1]",
    "1,2",
    "1%00",
    "%00",
    "%F0%9F%92%A9",
    "%ff",
    "1;DROP TABLE realtime_event",
    "' OR 1=1 --",
    "9" * 19,
    "9" * 400,
    str(2**31 + 10),
    str(2**63 - 1),
    str(2**63),
    str(2**64),
    "1" + "0" * 18,
]
OURS = ["0" * 18 + "1", "%201%20"]  # unusual spellings of valid numbers


@pytest.fixture
def people(site):
    """An engineer as the attacker, and a Head Engineer with a project and notifications."""
    engineer, head = person(Role.ENGINEER), person(Role.HEAD)
    before = replay.head()
    project = Project.objects.create(name="Xanadu pier", barangay="Apokon")
    inbox.send([head], "Xanadu message", project)
    inbox.send([engineer], "Mine")
    return engineer, head, before


def says_nothing_of_others(frames) -> None:
    """Assert that no frame mentions the other user's project and notifications."""
    assert "Xanadu" not in json.dumps(list(frames))


def test_a_cursor_that_was_never_given_is_answered_with_a_reset_by_every_door(site, people):
    engineer, _, _ = people
    cookie, faults = session_cookie(engineer), site.log.read_text().count("Traceback")
    # A cursor ahead of the log by one is as invalid as one ahead by a million.
    for cursor in (*NO_CURSORS, str(replay.head() + 1)):
        query = f"?topics=notifications,projects&last_event_id={cursor.replace(' ', '%20')}"
        answer = http.get(f"{site.url}{API}/poll/{query}", headers={"Cookie": cookie}).json()
        assert answer["frames"][0]["type"] == "reset", cursor
        assert answer["cursor"] <= replay.head()
        says_nothing_of_others(answer["frames"])
        with (
            Stream(f"{site.url}{API}/events/{query}", cookie) as stream,
            Socket(f"{site.url}/ws/events/{query}", cookie) as socket,
        ):
            for one in (stream, socket):
                assert one.next()["reason"] == answer["frames"][0]["reason"], cursor
                says_nothing_of_others(one.frames)
    for header in ("-1", "1.5", "x", str(2**63)):
        with Stream(f"{site.url}{API}/events/", cookie, last_event_id=header) as stream:
            assert stream.next()["type"] == "reset"
    assert site.log.read_text().count("Traceback") == faults, site.log.read_text()[-3000:]


def test_a_cursor_of_somebody_else_shows_what_is_ones_own(site, people):
    engineer, head, before = people
    cookie, last = session_cookie(engineer), replay.head()
    for cursor in (str(before), *OURS):
        query = f"?topics=notifications,projects&last_event_id={cursor}"
        for one in (Stream(f"{site.url}{API}/events/{query}", cookie), Socket(f"{site.url}/ws/events/{query}", cookie)):
            with one:
                one.wait_for_cursor(last, 30)
                assert [frame["message"] for frame in one.frames if "id" in frame and "at" in frame][-1:] == ["Mine"]
                says_nothing_of_others(one.frames)
    # Readers share a slice of the log that was just read for the head. Permissions are applied for each of them.
    with Stream(f"{site.url}{API}/events/?last_event_id={before}", session_cookie(head)) as stream:
        stream.wait_for_cursor(last, 30)
        assert "Xanadu" in json.dumps(stream.frames)


def test_acks_of_others_events_change_and_count_nothing(site, people):
    engineer, head, before = people
    ids = list(logged().filter(pk__gt=before).values_list("pk", flat=True))
    watched = (LinkReport, Receipt, Fallback, Event, Notification)

    def stored() -> list:
        return [list(model.objects.order_by("pk").values()) for model in watched]

    then = stored()
    with Socket(f"{site.url}/ws/events/", session_cookie(engineer)) as socket:
        socket.next()
        for some in (ids, [0, -1, 2**63, 2**70], list(range(1, 501)), ids * (500 // len(ids))):
            socket.send({"type": "ack", "ids": some})
        for _ in range(20):  # more than ten thousand in all
            socket.send({"type": "ack", "ids": list(range(500))})
        socket.send({"type": "ack", "ids": list(range(2_000))})  # more than a message may contain
        assert socket.closed_with() == 1009
        says_nothing_of_others(socket.frames)
    with Socket(f"{site.url}/ws/notifications/", session_cookie(head)) as socket:
        assert (
            socket.of_type("notification")["unread_count"]
            == Notification.objects.filter(recipient=head, is_read=False).count()
        )
    assert stored() == then


def test_a_report_on_what_is_others_tells_nothing_of_it_and_changes_nothing_of_theirs(site, people):
    engineer, head, before = people
    own, *_ = logged().filter(pk__gt=before, audience=[f"user:{engineer.pk}"]).values_list("pk", flat=True)
    foreign = list(
        logged().filter(pk__gt=before).exclude(audience=[f"user:{engineer.pk}"]).values_list("pk", flat=True)
    )
    link = {"link": "0123456789abcdef", "transport": "sse", "shown": True, "topics": ["projects"], "opened_ago": 9}
    theirs = {**link, "worked_ago": 9, "from": before, "to": foreign[-1], "events": [[one, 1] for one in foreign]}
    assert report(site, head, theirs)[0] == 200
    then = list(LinkReport.objects.filter(user=head).values()), list(Receipt.objects.filter(link__user=head).values())
    # Events of others, without an audience, for servers, and future ones are refused alike, so that a user cannot
    # distinguish them.
    answers = {
        report(site, engineer, {**link, "link": f"{number:016x}", "events": [[one, 1]]})
        for number, one in enumerate([*foreign, 1, replay.head() + 1, 2**62, 2**63 - 1])
    }
    assert answers == {(200, '{"accepted": 0, "refused": 1}')}
    # The report names the other user's link, with values that would end it, move it or make it look bad.
    bad = {**link, "ended_ago": 0, "reason": "silent", "dropped": 9_999, "from": 0, "to": 2**63 - 1, "first": 999_999}
    assert report(site, engineer, {**bad, "events": [[own, 0]]}) == (200, '{"accepted": 1, "refused": 0}')
    assert Receipt.objects.filter(link__user=engineer).count() == 1
    for query in (f"?user={head.pk}", "?user=0", "?user=-1", "?user=x"):
        assert report(site, engineer, bad, query)[0] == 409
    assert then == (
        list(LinkReport.objects.filter(user=head).values()),
        list(Receipt.objects.filter(link__user=head).values()),
    )


def test_a_page_that_names_somebody_else_is_shown_nothing(site, people):
    engineer, head, before = people
    cookie = {"Cookie": session_cookie(engineer)}
    for user in (head.pk, 0, -1, "x", f"{engineer.pk} ", f"0{engineer.pk}", f"{engineer.pk},{head.pk}"):
        query = {"user": user, "last_event_id": before, "topics": "notifications"}
        for address in ("poll", "events"):
            answer = http.get(f"{site.url}{API}/{address}/", params=query, headers=cookie)
            assert (answer.status_code, "Xanadu" in answer.text) == (409, False), (address, user)
        with Socket(
            f"{site.url}/ws/events/?user={str(user).replace(' ', '%20')}&last_event_id={before}", cookie["Cookie"]
        ) as socket:
            assert socket.closed_with() == 4409
            assert socket.frames == []
    # The parameter occurs twice. Whichever applies, the other user's data is not shown.
    for query in (f"?user={engineer.pk}&user={head.pk}", f"?user={head.pk}&user={engineer.pk}"):
        answer = http.get(f"{site.url}{API}/poll/{query}&last_event_id={before}", headers=cookie)
        assert "Xanadu" not in answer.text


def report(site, user, link: dict, query: str = "") -> tuple[int, str]:
    """Report one link as this user, and return the status and the body of the response."""
    token = "x" * 32
    headers = {"Cookie": f"{session_cookie(user)}; csrftoken={token}", "X-CSRFToken": token, "Origin": site.url}
    answer = http.post(f"{site.url}{API}/receipts/{query}", json={"links": [link]}, headers=headers)
    return answer.status_code, answer.text
