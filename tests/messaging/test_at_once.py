"""Many at the same thing at once, on PostgreSQL: one conversation, exact counts, numbers without gaps."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from messaging import conversations, membership, reactions, receipts, sending, unread
from messaging.errors import Conflict
from messaging.idempotency import keys
from messaging.models import Conversation, Message, Participant
from tests.messaging.conftest import write
from tests.support.log import logged
from tests.support.people import person


@pytest.fixture(scope="module")
def address(new_database) -> str:
    """The database of this module's tests."""
    return new_database("postgres")


@pytest.fixture(autouse=True)
def _on_it(address, on_database) -> None:
    on_database(address)


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Do all of this in threads that begin together, and return the results. Fails with the first exception."""
    gate, results, faults = threading.Barrier(len(acts)), [None] * len(acts), []

    def run(number: int) -> None:
        try:
            gate.wait(30)
            results[number] = acts[number]()
        except Exception as fault:  # noqa: BLE001 (raised below, in the test's own thread)
            faults.append(fault)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[number]) for number in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    if faults:
        raise faults[0]
    return results


def test_60_first_messages_at_once_make_one_conversation_with_60_unread(ana, ben):
    def first(number: int) -> Callable[[], Any]:
        sender, receiver = (ana, ben) if number % 2 else (ben, ana)
        return lambda: write(sender, receiver, f"Message {number}")

    sent = at_once(*(first(number) for number in range(60)))
    [place] = Conversation.objects.filter(direct_key=membership.direct_key(ana.pk, ben.pk))
    assert sorted(one.seq for one in sent) == list(range(1, 61))
    assert place.last_seq == 60
    assert place.last_message == Message.objects.get(conversation=place, seq=60)
    assert (unread.total(ana), unread.total(ben)) == ((30, 1), (30, 1))
    assert list(place.messages.order_by("pk").values_list("seq", flat=True)) == list(range(1, 61))


def test_60_messages_to_one_person_are_60_unread_while_they_read(ana, ben):
    place = write(ana, ben).conversation
    sends = [lambda: write(ana, ben)] * 59
    reads = [lambda: receipts.mark_read(ben, conversation=place)] * 5
    results = at_once(*sends, *reads)
    assert sum(result.count for result in results[59:]) + unread.total(ben)[0] == 60


def test_the_same_message_sent_again_at_once_is_one_message(ana, ben):
    before = logged().count()
    results = at_once(*[lambda: sending.send(sender=ana, receiver=ben, text="Once", client_id="same")] * 10)
    assert sorted(made for _, made in results) == [False] * 9 + [True]
    assert len({message.pk for message, _ in results}) == 1
    place = results[0][0].conversation
    assert Conversation.objects.get(pk=place.pk).last_seq == 1
    assert [event.type for event in logged()[before:]] == ["message_created"]
    assert place.messages.count() == 1


def test_whoever_joins_while_others_write_holds_the_keys_of_exactly_what_they_may_read(ana, ben, cora):
    group = conversations.create(creator=ana, kind="group", participants=[ben])
    writes = [lambda: write(ana, group)] * 20
    at_once(*writes, lambda: conversations.add_participants(ana, group, [cora]), *writes)
    row = Participant.objects.get(conversation=group, person=cora)
    for seq, generation in group.messages.values_list("seq", "generation"):
        assert (generation >= row.joined_generation) == membership.may_read(row, seq)


def test_two_administrators_who_leave_at_once_leave_one_behind(ana, ben, cora):
    group = conversations.create(creator=ana, kind="group", participants=[ben, cora])
    conversations.set_role(ana, group, ben, "admin")
    left = []

    def leave(someone) -> Callable[[], None]:
        def act() -> None:
            try:
                conversations.leave(someone, group)
                left.append(someone)
            except Conflict:
                pass

        return act

    at_once(leave(ana), leave(ben))
    assert len(left) == 1
    assert group.participants.filter(left_at=None, role="admin").count() == 1


def test_people_who_react_at_once_are_counted_and_keep_to_the_limit_of_kinds(ana, monkeypatch):
    monkeypatch.setattr(reactions, "KINDS_LIMIT", 1)
    crowd = [person() for _ in range(10)]
    message = write(ana, conversations.create(creator=ana, kind="group", participants=crowd))
    kinds = ["👍", "🎉"]

    def react(number: int) -> Callable[[], Any]:
        def act() -> Any:
            try:
                return reactions.react(crowd[number], message.pk, kinds[number % 2])
            except Conflict:
                return None

        return act

    before = logged().count()
    at_once(*(react(number) for number in range(10)))
    [chosen] = set(message.reactions.values_list("emoji", flat=True))
    told = [event.fields["counts"][chosen] for event in logged()[before:]]
    assert told == list(range(1, 6))


def test_of_20_requests_with_one_key_at_once_one_is_carried_out(ana, ben):
    def act() -> tuple[int, str]:
        return 201, str(write(ana, ben, "Once").pk)

    def ask() -> str:
        try:
            return keys.once(ana, "one key", "POST /messages", act)[1]
        except Conflict as refusal:
            return refusal.code

    answers = set(at_once(*(ask for _ in range(20))))
    [message] = Message.objects.filter(sender=ana)
    assert str(message.pk) in answers <= {str(message.pk), "running"}
