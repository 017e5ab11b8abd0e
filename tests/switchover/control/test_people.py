"""The control room, person by person."""

import re

import pytest

from switchover.control import people
from tests.support import telemetry
from tests.support.control_room import page_html, visible_text
from tests.support.people import person

pytestmark = pytest.mark.django_db


def _row(html: str, user) -> str:
    return visible_text(html.split(f'data-person="{user.pk}"', 1)[1].split("</tr>", 1)[0])


def test_a_person_with_all_that_is_known(staff, engineer):
    events = [telemetry.event(engineer, minutes=1) for _ in range(5)]
    telemetry.event(staff, minutes=1)  # not theirs
    telemetry.link(engineer, "poll", ended_at=telemetry.ago(minutes=3), reported_at=telemetry.ago(minutes=3))
    telemetry.link(engineer, cursor_to=events[2].pk)
    telemetry.fallback(engineer, "silent", minutes=30)
    telemetry.fallback(engineer, "blocked", minutes=2)
    telemetry.feedback(engineer, False, "Nothing moves")
    row = _row(page_html(staff), engineer)
    assert "SSE USE_WEBSOCKETS is false" in row
    assert re.search(r"WebSocket reported \d+ s ago", row)
    assert f"2 events 2 overdue at {events[2].pk}, newest {events[4].pk}" in row
    assert "blocked to SSE, 2 min ago" in row
    assert re.search(r"Not live \d+ s ago: Nothing moves", row)


def test_a_person_who_was_never_heard_of(staff, engineer):
    assert "never reported" in _row(page_html(staff), engineer)


def test_a_connection_of_which_nothing_is_heard_is_not_called_live(staff, engineer):
    telemetry.link(engineer, reported_at=telemetry.ago(minutes=10))
    row = _row(page_html(staff), engineer)
    assert "nothing now; WebSocket 10 min ago" in row


def test_of_two_browsers_the_one_that_still_listens_counts(staff, engineer):
    telemetry.link(engineer, reported_at=telemetry.ago(minutes=4))
    telemetry.link(engineer, "sse", ended_at=telemetry.ago(seconds=5))
    assert "WebSocket reported 4 min ago" in _row(page_html(staff), engineer)


def test_what_has_only_just_happened_makes_nobody_overdue(staff, engineer):
    events = [telemetry.event(engineer, seconds=age) for age in (30, 9, 5)]
    telemetry.link(engineer, cursor_to=events[0].pk)
    html = page_html(staff)
    assert "2 events at" in _row(html, engineer)
    assert 'class="behind"' not in html


def test_who_is_furthest_behind_comes_first_when_asked(staff):
    users = [person(None, f"person-{number:02}") for number in range(4)]
    for number, user in enumerate(users):
        events = [telemetry.event(user, minutes=1) for _ in range(number)]
        telemetry.link(user, cursor_to=events[0].pk - 1 if events else 0)
    html = page_html(staff, "?sort=lag&q=person-")
    assert re.findall(r'data-person="(\d+)"', html) == [str(user.pk) for user in reversed(users)]


def test_an_event_that_one_may_not_see_puts_nobody_behind(staff, engineer):
    telemetry.event(staff, minutes=1)
    telemetry.link(engineer, cursor_to=0)
    assert "0 events" in _row(page_html(staff), engineer)


def test_people_are_found_by_any_of_their_names(staff, engineer):
    for asked in ("reyes", "ANA", engineer.username):
        assert re.findall(r'data-person="(\d+)"', page_html(staff, f"?q={asked}")) == [str(engineer.pk)]
    assert "Nobody is called that." in page_html(staff, "?q=nobody-at-all")


def test_people_come_fifty_a_page(staff):
    for number in range(60):
        person(None, f"many-{number:02}")
    first, second = page_html(staff, "?q=many-"), page_html(staff, "?q=many-&page=2")
    assert len(re.findall("data-person=", first)) == people.PAGE
    assert len(re.findall("data-person=", second)) == 10
    assert "Page 2 of 2" in visible_text(second)
