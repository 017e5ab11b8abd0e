"""What reached somebody: noted at once, stored together in the background, for nobody but the receivers."""

import threading

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from messaging import conversations, delivered
from messaging.live import deliveries as module
from messaging.live.deliveries import AT_ONCE, Deliveries, store_deliveries
from messaging.models import Participant, Receipt
from realtime.log.models import Event
from realtime.transports import client_messages
from tests.messaging.conftest import write
from tests.support.people import person
from tests.support.ports import wait_until


def told() -> list[tuple]:
    rows = Event.objects.filter(type="message_delivered").order_by("id")
    return [(row.fields["person_id"], row.fields["message_ids"]) for row in rows]


# --- in the background ------------------------------------------------------------------------------------------


@pytest.fixture
def stored() -> list[tuple]:
    return []


@pytest.fixture
def waiting(stored) -> Deliveries:
    return Deliveries(lambda messages, events: stored.append((messages, events)))


def test_what_comes_within_a_moment_is_stored_together(waiting, stored):
    waiting.note(1, [10, 11])
    waiting.note(2, [12])
    waiting.note(1, [11, 13])  # another tab of theirs
    waiting.acknowledge(1, [900])
    wait_until(lambda: stored, "it is stored")
    assert stored == [({1: {10, 11, 13}, 2: {12}}, {1: {900}})]


def test_the_thread_goes_when_nothing_waits_and_comes_back(waiting, stored):
    for number in (1, 2):
        waiting.note(number, [number])
        thread = waiting._thread
        thread.join(5)
        assert not thread.is_alive()
    assert stored == [({1: {1}}, {}), ({2: {2}}, {})]


def test_many_are_stored_in_parts(waiting, stored):
    for number in range(3):
        waiting.note(number, range(AT_ONCE - 1))
    waiting._thread.join(5)
    assert [len(messages) for messages, _ in stored] == [2, 1]


def test_so_many_wait_and_no_more(waiting, stored, monkeypatch):
    monkeypatch.setattr(module, "MOST_WAITING", 5)
    waiting.note(1, range(3))
    waiting.acknowledge(1, range(100))
    waiting.note(2, range(3))
    wait_until(lambda: stored, "it is stored")
    [(messages, events)] = stored
    assert (messages.keys(), len(events[1])) == ({1}, 2)


def test_a_database_that_is_away_ends_nothing(caplog):
    asked = threading.Semaphore(0)

    def fails(messages, events):
        asked.release()
        raise OperationalError("away")

    waiting = Deliveries(fails)
    for number in (1, 2):
        waiting.note(number, [number])
        assert asked.acquire(timeout=5)
        waiting._thread and waiting._thread.join(5)
    assert "OperationalError: away" in caplog.text


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_fault_that_ends_the_thread_does_not_keep_the_next_one_from_starting():
    stored = []

    def fails_once(messages, events):
        stored.append(messages)
        if len(stored) == 1:
            raise OverflowError

    waiting = Deliveries(fails_once)
    for number in (1, 2):
        waiting.note(number, [number])
        thread = waiting._thread
        thread.join(5)
        assert not thread.is_alive()
    assert stored == [{1: {1}}, {2: {2}}]


def test_nothing_starts_no_thread(waiting):
    waiting.note(1, [])
    assert waiting._thread is None


# --- what is stored ---------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_receivers_have_got_it_and_the_senders_are_told(ana, ben, cora):
    first, second, third = write(ana, ben), write(ana, ben), write(ana, cora)
    store_deliveries({ben.pk: {first.pk, second.pk}, cora.pk: {third.pk}}, {})
    assert not Receipt.objects.filter(delivered_at=None).exists()
    assert told() == [(ben.pk, [first.pk, second.pk]), (cora.pk, [third.pk])]
    store_deliveries({ben.pk: {first.pk}}, {})
    assert len(told()) == 2


@pytest.mark.django_db
def test_what_is_not_for_them_is_left_out(ana, ben, cora):
    message = write(ana, ben)
    event = Event.objects.get(type="message_created")
    store_deliveries({cora.pk: {message.pk, 999_999}, ana.pk: {message.pk}}, {cora.pk: {event.pk, 2**53}})
    assert Receipt.objects.get().delivered_at is None
    assert told() == []


@pytest.mark.django_db
def test_an_event_that_is_acknowledged_is_the_message_that_it_carries(ana, ben):
    write(ana, ben)
    event = Event.objects.get(type="message_created")
    other = Event.objects.exclude(pk=event.pk).values_list("pk", flat=True)
    store_deliveries({}, {ben.pk: {event.pk, event.pk + 100, *other}})
    assert Receipt.objects.get().delivered_at is not None


@pytest.mark.django_db
def test_in_a_larger_conversation_the_pointer_moves_forward_alone(ana, ben, cora):
    place = conversations.create(creator=ana, kind="group", participants=[ben, cora], subject="Roof")
    first, second = write(ana, place), write(ana, place)
    for got in ({first.pk, second.pk}, {first.pk}):
        store_deliveries({ben.pk: got}, {})
    seqs = dict(Participant.objects.filter(conversation=place).values_list("person_id", "last_delivered_seq"))
    assert (seqs[ben.pk], seqs[cora.pk]) == (second.seq, 0)


@pytest.mark.django_db
def test_many_people_cost_as_much_as_few(ana):
    def cost(number: int) -> int:
        people = [person() for _ in range(number)]
        got = {one.pk: [write(ana, one).pk] for one in people}
        with CaptureQueriesContext(connection) as queries:
            delivered.store(got)
        return len(queries)

    assert cost(2) == cost(10)


# --- what clients acknowledge -----------------------------------------------------------------------------------


def test_what_a_client_acknowledges_is_told_and_nothing_else(monkeypatch):
    found = []
    monkeypatch.setattr(client_messages, "acknowledged", [lambda user_id, ids: found.append((user_id, ids))])
    assert client_messages.answer('{"type":"ack","ids":[1,2]}', 7) is None
    assert client_messages.answer('{"type":"ack","ids":[3]}') is None
    for number in (0, -1, 2**63, 2**70):
        assert client_messages.answer(f'{{"type":"ack","ids":[{number}]}}', 7) is None
    for text in ('{"type":"ack","ids":["1"]}', '{"type":"ack"}', '{"type":"ping"}', "x"):
        assert client_messages.answer(text, 7) is not None
    assert found == [(7, [1, 2])]


def test_messaging_listens():
    assert module.deliveries.acknowledge in client_messages.acknowledged
