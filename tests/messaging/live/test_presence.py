"""Who is online: over all processes, offline soon after the last connection or the process ended, told to partners."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from messaging import contacts, conversations, preferences
from messaging.contacts import ContactRule
from messaging.live import presence
from messaging.live.keeper import AT_ONCE, BEAT_SECONDS, GRACE_SECONDS, POLL_SECONDS, PresenceKeeper
from messaging.live.models import LastSeen, PresenceProcess, PresentPerson
from messaging.live.presence import Presence, PresenceStore, online_among, presence_of
from realtime.access.audience import user_key
from realtime.log.models import Event
from tests.messaging.conftest import write
from tests.support.people import person

pytestmark = pytest.mark.django_db


class Process:
    """A server process: who is connected to it, its clock, and its keeper."""

    def __init__(self) -> None:
        self.now = 0.0
        self.connected: set = set()
        self.store = PresenceStore()
        self.keeper = PresenceKeeper(lambda: set(self.connected), self.store, lambda: self.now)

    def turn(self, *, after: float = 0.0) -> bool:
        self.now += after
        return self.keeper.turn()

    def dies(self) -> None:
        """Nobody renews its row from now on, and time passes."""
        PresenceProcess.objects.filter(pk=self.store.key).update(alive_until=Now() - timedelta(seconds=1))


@pytest.fixture
def process() -> Process:
    return Process()


def told() -> list[tuple]:
    """What was said of whom, in order."""
    rows = Event.objects.filter(type="presence_changed").order_by("id")
    return [(row.fields["person_id"], row.fields["is_online"]) for row in rows]


# --- coming and going -------------------------------------------------------------------------------------------


def test_whoever_connects_is_online_and_offline_a_few_seconds_after_the_last_connection(ana, ben, process):
    write(ana, ben)
    process.connected = {ana.pk}
    assert process.turn()
    assert online_among({ana.pk, ben.pk}) == {ana.pk}
    process.connected = set()
    assert process.turn()
    assert process.turn(after=GRACE_SECONDS - 0.1)
    assert online_among({ana.pk}) == {ana.pk}
    assert not process.turn(after=0.2)
    assert online_among({ana.pk}) == set()
    assert told() == [(ana.pk, True), (ana.pk, False)]


def test_a_page_that_loads_anew_tells_nobody_anything(ana, ben, process):
    write(ana, ben)
    process.connected = {ana.pk}
    process.turn()
    for _ in range(3):
        process.connected = set()
        process.turn(after=GRACE_SECONDS - 1)
        process.connected = {ana.pk}
        process.turn(after=0.5)
    assert told() == [(ana.pk, True)]


def test_who_is_connected_to_two_processes_is_offline_when_both_have_lost_them(ana, ben):
    write(ana, ben)
    first, second = Process(), Process()
    for one in (first, second):
        one.connected = {ana.pk}
        one.turn()
    for one in (first, second):
        assert online_among({ana.pk}) == {ana.pk}
        one.connected = set()
        one.turn()
        one.turn(after=GRACE_SECONDS)
    assert online_among({ana.pk}) == set()
    assert told() == [(ana.pk, True), (ana.pk, False)]


def test_who_polls_is_there_for_a_while(ana, process, monkeypatch):
    monkeypatch.setattr(process.keeper, "start", lambda: None)
    process.keeper.polled(ana.pk)
    process.turn()
    assert online_among({ana.pk}) == {ana.pk}
    process.turn(after=POLL_SECONDS)
    process.turn(after=GRACE_SECONDS)
    assert online_among({ana.pk}) == set()


# --- processes that die -----------------------------------------------------------------------------------------


def test_the_people_of_a_process_that_died_are_offline_and_others_are_told_within_a_beat(ana, ben, process):
    write(ana, ben)
    other = Process()
    other.connected = {ben.pk}
    other.turn()
    process.connected = {ana.pk, ben.pk}
    process.turn()
    process.dies()
    assert online_among({ana.pk, ben.pk}) == {ben.pk}
    assert other.turn(after=BEAT_SECONDS)
    assert (ana.pk, False) in told()
    assert (ben.pk, False) not in told()
    assert PresenceProcess.objects.get().pk == other.store.key
    before = LastSeen.objects.get(pk=ana.pk).at
    assert before < Event.objects.latest("id").written_at  # when the process was last alive


def test_a_process_that_was_taken_for_dead_says_again_who_is_there(ana, ben, process):
    write(ana, ben)
    process.connected = {ana.pk}
    process.turn()
    process.dies()
    PresenceStore().clear_dead()
    assert online_among({ana.pk}) == set()
    assert process.turn(after=BEAT_SECONDS)
    process.turn()
    assert online_among({ana.pk}) == {ana.pk}
    assert told() == [(ana.pk, True), (ana.pk, False), (ana.pk, True)]


def test_two_processes_that_clear_the_same_one_tell_it_once(ana, ben, process):
    write(ana, ben)
    process.connected = {ana.pk}
    process.turn()
    process.dies()
    for _ in range(2):
        PresenceStore().clear_dead()
    assert told() == [(ana.pk, True), (ana.pk, False)]


# --- what it costs ----------------------------------------------------------------------------------------------


def test_a_beat_is_one_statement_however_many_are_connected(process):
    process.connected = {person().pk for _ in range(30)}
    process.turn()
    with CaptureQueriesContext(connection) as queries:
        for _ in range(4):
            process.turn(after=BEAT_SECONDS / 4)
    assert len(queries) == 1


def test_many_who_come_at_once_cost_a_fixed_number_of_queries_beside_the_rule(ana, process):
    def cost(number: int) -> int:
        people = [person() for _ in range(number)]
        for one in people:
            write(ana, one)
        process.connected |= {one.pk for one in people}
        with CaptureQueriesContext(connection) as queries:
            process.turn()
        return len(queries) - number  # for each of them, who may know

    assert cost(3) == cost(12)


def test_a_crowd_is_written_in_several_transactions(process):
    process.connected = set(range(1, AT_ONCE + 20))  # accounts that are gone meanwhile
    asked = []
    process.store.change = lambda arrived, left: asked.append(len(arrived))
    process.turn()
    process.turn()
    assert asked == [AT_ONCE, 19]


def test_an_account_that_is_gone_meanwhile_is_left_out(ana, process):
    gone = person()
    process.connected = {ana.pk, gone.pk}
    gone.delete()
    process.turn()
    assert set(PresentPerson.objects.values_list("person_id", flat=True)) == {ana.pk}


# --- who is told, and what --------------------------------------------------------------------------------------


def audience() -> set[str]:
    return set(Event.objects.filter(type="presence_changed").latest("id").audience)


def test_those_who_share_a_conversation_are_told_and_nobody_else(ana, ben, cora, process):
    write(ana, ben)
    dan = person()
    conversations.create(creator=ana, kind="group", participants=[dan], subject="Roof")
    write(ben, cora)
    process.connected = {ana.pk}
    process.turn()
    assert audience() == {user_key(ben.pk), user_key(dan.pk)}


def test_without_anybody_to_tell_there_is_no_event(ana, process):
    write(ana, ana)
    process.connected = {ana.pk}
    process.turn()
    assert online_among({ana.pk}) == {ana.pk}
    assert told() == []


def test_people_of_a_large_conversation_are_not_told_of_each_other(ana, ben, process, monkeypatch):
    monkeypatch.setattr(presence, "LARGEST_TOLD", 3)
    crowd = [person() for _ in range(3)]
    conversations.create(creator=ana, kind="group", participants=crowd, subject="Everybody")
    write(ana, ben)
    process.connected = {ana.pk}
    process.turn()
    assert audience() == {user_key(ben.pk)}


class Strangers(ContactRule):
    """Nobody knows of anybody but those whose first name begins as theirs does."""

    def sees_presence_of(self, person):
        return super().sees_presence_of(person).filter(first_name__startswith=person.first_name[:1])


@pytest.fixture
def strangers():
    before = contacts.set_rule(Strangers())
    yield
    contacts.set_rule(before)


def test_whom_the_rule_of_contacts_leaves_out_is_not_told(ana, ben, process, strangers):
    alan = person(first_name="Alan")
    write(ana, ben)
    write(ana, alan)
    process.connected = {ana.pk}
    process.turn()
    assert audience() == {user_key(alan.pk)}


def test_what_one_may_not_know_looks_like_somebody_who_never_came(ana, ben, process, strangers):
    process.connected = {ana.pk, ben.pk}
    process.turn()
    nobody = Presence(is_online=False, last_seen=None)
    assert presence_of(ana, {ana.pk, ben.pk}) == {ana.pk: Presence(is_online=True, last_seen=None), ben.pk: nobody}


def test_when_somebody_was_last_there_is_told_unless_they_do_not_want_it(ana, ben, cora, process):
    write(ana, ben)
    write(cora, ben)
    preferences.choose(cora, last_seen="nobody")
    process.connected = {ana.pk, cora.pk}
    process.turn()
    process.connected = set()
    process.turn()
    process.turn(after=GRACE_SECONDS)
    said = {
        row.fields["person_id"]: row.fields["last_seen"]
        for row in Event.objects.filter(type="presence_changed", fields__is_online=False)
    }
    assert said[ana.pk] is not None
    assert said[cora.pk] is None
    found = presence_of(ben, {ana.pk, cora.pk})
    assert found[ana.pk].last_seen == LastSeen.objects.get(pk=ana.pk).at
    assert found[cora.pk] == Presence(is_online=False, last_seen=None)
    assert presence_of(cora, {cora.pk})[cora.pk].last_seen is not None


def test_what_is_asked_of_many_costs_as_much_as_of_one(ana, django_assert_max_num_queries):
    people = {person().pk for _ in range(10)}
    with django_assert_max_num_queries(4):
        assert len(presence_of(ana, people)) == 10
