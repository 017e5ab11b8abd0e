"""The badge: right after every change, and counted once for all whose numbers have changed."""

from types import SimpleNamespace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from messaging import conversations, editing, receipts, subjects, unread
from messaging.live import unread_state
from messaging.live.unread_state import UNREAD, UnreadTotals, totals_of
from realtime.access import authority
from realtime.delivery.topics import of_page, of_topics
from realtime.log.models import Event
from realtime.log.replay import Frame
from tests.messaging.conftest import write
from tests.support.people import person

pytestmark = pytest.mark.django_db


class Process:
    """A process to which people are connected: it observes the log, and counts for those who ask."""

    def __init__(self) -> None:
        self.cursor = 0
        self.people: list = []
        self.totals = UnreadTotals()
        self._viewers: dict = {}

    def user_ids(self) -> set:
        return {one.pk for one in self.people}

    def viewer(self, user_id):
        return self._viewers.get(user_id)

    def read_on(self) -> None:
        self._viewers = authority.load(self.user_ids())
        frames = [Frame(row) for row in Event.objects.filter(id__gt=self.cursor).order_by("id")]
        self.totals.observe(frames)
        self.cursor = frames[-1].id if frames else self.cursor

    def badges(self) -> list[tuple[int, int]]:
        return [self.totals.of(one.pk, self.cursor) for one in self.people]


@pytest.fixture
def process(monkeypatch) -> Process:
    made = Process()
    monkeypatch.setattr(unread_state, "hub", made)
    return made


def test_a_message_to_many_is_counted_for_all_of_them_at_once(ana, process):
    process.people = [person() for _ in range(20)]
    place = conversations.create(creator=ana, kind="group", participants=process.people, subject="Roof")
    process.read_on()
    process.badges()
    write(ana, place)
    process.read_on()
    with CaptureQueriesContext(connection) as queries:
        assert process.badges() == [(1, 1)] * 20
    assert len(queries) == 1


def test_who_was_counted_for_an_event_is_not_counted_again_for_it_when_another_one_follows(ana, process):
    process.people = [person() for _ in range(20)]
    place = conversations.create(creator=ana, kind="group", participants=process.people, subject="Roof")
    write(ana, place)
    process.read_on()
    first, *others = process.people
    since = process.cursor
    assert process.totals.of(first.pk, since) == (1, 1)
    write(ana, place)
    process.read_on()
    with CaptureQueriesContext(connection) as queries:
        assert [process.totals.of(one.pk, since) for one in others] == [(1, 1)] * 19
    assert len(queries) == 0
    with CaptureQueriesContext(connection) as queries:
        assert process.badges() == [(2, 1)] * 20
    assert len(queries) == 1


def test_whose_numbers_have_not_changed_is_not_counted(ana, ben, cora, process):
    process.people = [ben, cora]
    write(ana, ben)
    process.read_on()
    assert process.totals._changed.keys() == {ben.pk}


def test_after_each_change_the_badge_is_what_is_unread(ana, ben, process):
    process.people = [ana, ben]
    place = write(ana, ben).conversation
    process.read_on()
    assert process.badges() == [(0, 0), (1, 1)]
    second = write(ana, ben)
    process.read_on()
    assert process.badges() == [(0, 0), (2, 1)]
    editing.delete(actor=ana, message_id=second.pk)
    process.read_on()
    assert process.badges() == [(0, 0), (1, 1)]
    receipts.mark_read(ben, conversation=place)
    process.read_on()
    assert process.badges() == [(0, 0), (0, 0)]


def test_what_was_counted_before_a_change_is_not_shown_after_it(ana, ben, cora, process):
    process.people = [ben, cora]
    for one in process.people:
        write(ana, one)
    process.read_on()
    assert process.totals.of(ben.pk, process.cursor) == (1, 1)  # Cora is counted, too, and has not asked yet
    write(ana, cora)
    process.read_on()
    assert process.totals.of(cora.pk, process.cursor) == (2, 1)


def test_a_change_while_somebody_is_counted_is_counted_when_it_comes(ana, ben, process, monkeypatch):
    process.people = [ben]
    write(ana, ben)
    process.read_on()
    count = unread_state.totals_of

    def overtaken(people):
        found = count(people)
        write(ana, ben)
        process.read_on()
        return found

    monkeypatch.setattr(unread_state, "totals_of", overtaken)
    assert process.totals.of(ben.pk, process.cursor) == (1, 1)
    monkeypatch.setattr(unread_state, "totals_of", count)
    assert process.totals.of(ben.pk, process.cursor) == (2, 1)


def test_somebody_who_is_ahead_of_this_process_is_counted_anew(ana, ben, cora, process):
    process.people = [ben, cora]
    for one in process.people:
        write(ana, one)
    process.read_on()
    process.totals.of(ben.pk, process.cursor)  # and so is Cora
    write(ana, cora)  # which this process has not read yet
    assert process.totals.of(cora.pk, process.cursor + 1) == (2, 1)


def test_a_new_connection_is_always_counted(ana, ben, process):
    write(ana, ben)
    assert process.totals.of(ben.pk, None) == (1, 1)


def test_people_who_have_left_are_forgotten(ana, ben, cora, process):
    process.people = [ben, cora]
    write(ana, ben)
    process.read_on()
    process.people = [cora]
    write(ana, cora)
    process.read_on()
    assert process.totals._changed.keys() == {cora.pk}


def test_many_are_counted_as_each_alone(ana, ben, cora):
    place = conversations.create(creator=ana, kind="group", participants=[ben, cora], subject="Roof")
    first = write(ana, place)
    write(ben, place)
    write(cora, place, parent_id=first.pk)  # a reply is unread for the one who began
    write(ana, ben)
    write(ben, ben)  # a note
    people = [ana, ben, cora, person()]
    together = totals_of([one.pk for one in people])
    assert together == {one.pk: unread.total(one) for one in people}
    assert together[ana.pk] == (2, 1)
    assert together[ben.pk] == (2, 2)
    assert together[cora.pk] == (2, 1)


def test_conversations_about_what_one_may_no_longer_see_do_not_count(ana, ben, cora):
    visible = {ana.pk, ben.pk, cora.pk}
    subjects.register_subject(
        subjects.Subject(
            "roof",
            visible=lambda person, keys: keys if person.pk in visible else [],
            audience=lambda key: ["everybody"],
            title=lambda key: "The roof",
        )
    )
    try:
        place = conversations.of_subject(ana, "roof:1")
        for one in (ben, cora):
            conversations.of_subject(one, "roof:1")
        write(ana, place)
        write(ana, cora)
        visible.discard(cora.pk)
        assert totals_of([ben.pk, cora.pk]) == {ben.pk: (1, 1), cora.pk: (1, 1)}
    finally:
        subjects.unregister_subject("roof")


def test_the_frame_has_both_numbers(ana, ben):
    write(ana, ben)
    viewer = authority.load([ben.pk])[ben.pk]
    assert UNREAD.read(viewer, None) == [{"type": "messages_unread", "unread": 1, "conversations": 1}]
    assert UNREAD.scope(viewer) == ben.pk


def test_only_clients_that_ask_for_it_have_the_topic():
    assert UNREAD in of_topics("messages").states
    assert UNREAD not in of_page(None).states
    assert "messages" not in of_page(None).topics


def test_what_reached_somebody_changes_no_number():
    assert UNREAD.subject(SimpleNamespace(type="message_delivered")) is None
    assert UNREAD.subject(SimpleNamespace(type="message_created", id=7)) == 7
