"""The tail of the log in one process: what it keeps at hand, whom it wakes, and what it costs.

Its thread is left out here; the tests turn the tail by hand.
"""

import asyncio
import threading
import time
from collections.abc import Iterator

import pytest
from django.contrib.sessions.models import Session
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from projeng.access import Role
from projeng.events import NOTIFICATIONS
from realtime.access import authority
from realtime.access.audience import user_key
from realtime.access.credentials import SESSION, Credential, digest_of
from realtime.delivery import hub as module
from realtime.delivery import ring
from realtime.delivery.database_file import DatabaseFile
from realtime.delivery.ephemeral import EphemeralMessage
from realtime.delivery.hub import Hub
from realtime.delivery.protocol import Read, Send, Wait, deliver
from realtime.delivery.staggered import StaggeredCondition
from realtime.delivery.subscriber import Subscriber, Subscription
from realtime.log import replay
from realtime.log.models import Event
from tests.support.epochs import begin_epoch
from tests.support.people import person
from tests.support.ports import wait_until

SECONDS = 5


@pytest.fixture
def office(new_database, on_database) -> None:
    """A database of the test's own."""
    on_database(new_database("sqlite"))


@pytest.fixture
def hub() -> Hub:
    made = Hub()
    made._thread = threading.current_thread()  # so that it starts none: the tests turn the tail
    return made


@pytest.fixture
def running_hub(office) -> Iterator[Hub]:
    """One whose tail turns by itself, until the test is over."""
    made = Hub()
    yield made
    made.close()
    made.wake()
    if made._thread:
        made._thread.join(SECONDS)


def log(*user_ids: int, kind: str = "notification", fields: dict | None = None) -> list[int]:
    """Writes an event for each of these people; returns the ids."""
    rows = [Event(type=kind, fields=fields or {}, audience=[user_key(user_id)]) for user_id in user_ids]
    return [row.pk for row in Event.objects.bulk_create(rows)]


def read_on(hub: Hub) -> None:
    while hub._read_on():
        pass


def attached(hub: Hub, user, cursor: int | None = None) -> Subscriber:
    subscriber = Subscriber(
        user_id=user.pk,
        credential=Credential(SESSION, "of the test", user.get_session_auth_hash()),
        subscription=Subscription(frozenset({NOTIFICATIONS})),
        cursor=replay.head() if cursor is None else cursor,
    )
    hub.attach(subscriber)
    subscriber.session_over = False  # there is no session behind it
    return subscriber


def ids(frames) -> list[int]:
    return [frame.id for frame in frames]


# --- the tail ---------------------------------------------------------------------------------------------------


def test_however_often_a_commit_is_hinted_at_the_log_is_read_for_it_once(running_hub, monkeypatch):
    """On SQLite. A change is hinted at by each of its events, and by the database's file."""
    monkeypatch.setattr(module, "TAIL_SECONDS", 60)
    looks, asked = [], []
    read_on, committed = Hub._read_on, DatabaseFile.committed
    monkeypatch.setattr(Hub, "_read_on", lambda self: looks.append(1) or read_on(self))
    monkeypatch.setattr(DatabaseFile, "committed", lambda self: asked.append(committed(self)) or asked[-1])
    user = person(Role.HEAD)
    attached(running_hub, user)

    def hint() -> None:
        before = len(asked)
        running_hub.wake()
        wait_until(lambda: len(asked) > before, "the tail has asked")

    def settle() -> None:
        while not asked or asked[-1]:
            hint()

    settle()
    before = len(looks)
    [written] = log(user.pk)
    for _ in range(5):
        hint()
    wait_until(lambda: running_hub.cursor == written, "the tail has read it")
    settle()
    assert len(looks) - before == 1


# --- the ring ---------------------------------------------------------------------------------------------------


def test_at_the_head_of_the_log_there_is_nothing(office, hub):
    [last] = log(1)
    hub._begin(replay.head())
    assert hub.after(last) == ()
    assert hub.after(last + 5) == ()


def test_within_the_ring_everything_after_the_cursor_comes_in_order(office, hub):
    hub._begin(replay.head())
    written = log(*range(1, 8))
    read_on(hub)
    assert ids(hub.after(written[0] - 1)) == written
    assert ids(hub.after(written[3])) == written[4:]
    assert hub.after(written[-1]) == ()


def test_behind_the_ring_one_is_told_to_read_from_the_log(office, hub):
    before = log(1, 2, 3)
    hub._begin(replay.head())
    after = log(1)
    read_on(hub)
    assert hub.after(before[1]) is None
    assert ids(hub.after(before[-1])) == after


def test_ids_that_were_never_used_are_no_gap_in_the_ring(office, hub):
    hub._begin(replay.head())
    first, lost, last = log(1, 1, 1)
    Event.objects.filter(pk=lost).delete()
    read_on(hub)
    assert ids(hub.after(first)) == ids(hub.after(lost)) == [last]


def test_the_ring_keeps_so_many_events_and_no_more(office, hub, monkeypatch):
    monkeypatch.setattr(ring, "RING_EVENTS", 10)
    hub._begin(replay.head())
    written = log(*[1] * 25)
    read_on(hub)
    assert len(hub._ring.events) == 10
    assert ids(hub.after(written[14])) == written[15:]
    assert hub.after(written[13]) is None


def test_the_ring_keeps_so_many_characters_and_no_more(office, hub, monkeypatch):
    monkeypatch.setattr(ring, "RING_CHARACTERS", 10_000)
    hub._begin(replay.head())
    log(*[1] * 50, fields={"message": "x" * 900})
    read_on(hub)
    kept = sum(len(frame.json) for frame in hub._ring.events)
    assert 8_000 < kept <= 10_000
    assert hub._ring.characters == kept


def test_an_event_that_is_larger_than_the_ring_is_read_from_the_log(office, hub, monkeypatch):
    monkeypatch.setattr(ring, "RING_CHARACTERS", 1_000)
    hub._begin(replay.head())
    before, big = log(1)[0], log(1, fields={"message": "x" * 5_000})[0]
    read_on(hub)
    assert hub.after(before) is None
    assert hub.after(big) == ()
    assert hub._ring.characters == 0


async def news_of(hub: Hub, seen: int, seconds: float) -> None:
    """What a driver does: be called when there is news."""
    loop = asyncio.get_running_loop()
    called = loop.create_future()
    waiter = hub.waiter(loop, lambda: called.set_result(None))
    if hub.wait_for_news(waiter, seen, time.monotonic() + seconds):
        await called
    waiter.close()


# --- waking -----------------------------------------------------------------------------------------------------


def test_news_wake_a_thread_and_a_coroutine(office, hub):
    hub._begin(replay.head())
    seen = hub.version
    woken = []

    def in_thread():
        hub.wait(seen, 30)
        woken.append("thread")

    async def in_loop():
        await asyncio.gather(*(news_of(hub, seen, 30) for _ in range(3)))
        woken.append("coroutines")

    threads = [threading.Thread(target=in_thread), threading.Thread(target=lambda: asyncio.run(in_loop()))]
    for thread in threads:
        thread.start()
    log(1)
    read_on(hub)
    for thread in threads:
        thread.join(SECONDS)
    assert sorted(woken) == ["coroutines", "thread"]


def test_who_has_not_seen_the_news_does_not_wait(office, hub):
    seen = hub.version
    hub._begin(replay.head())
    begun = time.monotonic()
    hub.wait(seen, 30)
    asyncio.run(news_of(hub, seen, 30))
    assert time.monotonic() - begun < SECONDS


def test_without_news_the_wait_is_over_after_the_given_time(hub):
    begun = time.monotonic()
    hub.wait(hub.version, 0.05)
    asyncio.run(news_of(hub, hub.version, 0.05))
    assert 0.1 <= time.monotonic() - begun < SECONDS


def test_closing_wakes_everybody(hub):
    seen = hub.version
    hub.close()
    assert hub.closing
    assert hub.version != seen


def test_a_second_signal_to_close_that_interrupts_the_first_does_not_wait_for_it(hub):
    """Ctrl-C sends Gunicorn's workers two signals, and the second handler runs in the middle of the first."""

    class Interrupted(StaggeredCondition):
        def start(self) -> None:
            hub.close()  # as a signal handler in this thread would, while the lock is held
            super().start()

    hub._changed = Interrupted(hub._lock)
    seen = hub.version
    closing = threading.Thread(target=hub.close, daemon=True)
    closing.start()
    closing.join(SECONDS)
    assert not closing.is_alive(), "the thread waits for a lock that it holds itself"
    assert hub.version != seen


def test_with_many_listeners_what_comes_in_a_moment_is_told_at_once_and_not_one_by_one(
    office, running_hub, monkeypatch
):
    """To wake thousands for each event would leave no time for anything else."""
    monkeypatch.setattr(module, "PACE_SECONDS", 10.0)
    monkeypatch.setattr(module, "LONGEST_PACE", 0.5)
    hub = running_hub
    attached(hub, person())
    wait_until(lambda: hub.version, "the tail has begun")
    begun, told = time.monotonic(), hub.version
    written = []
    while time.monotonic() - begun < 1.5:
        written += log(1)
        hub.wake()
    wait_until(lambda: hub.cursor == written[-1], "all of it is read")
    took = time.monotonic() - begun
    assert len(written) > 20
    looks = 2 * took / 0.5 + len(written) / module.BATCH
    assert hub.version - told <= looks + 6  # beginnings are told as well


def test_a_single_event_is_told_at_once_however_many_listen(running_hub, monkeypatch):
    monkeypatch.setattr(module, "PACE_SECONDS", 25.0)
    monkeypatch.setattr(module, "LONGEST_PACE", 25.0)
    hub = running_hub
    attached(hub, person())
    attached(hub, person())
    wait_until(lambda: hub.version, "the tail has begun")
    [only] = log(1)
    hub.wake()
    wait_until(lambda: hub.cursor == only, "it is read", 10)


# --- authority --------------------------------------------------------------------------------------------------


def test_what_somebody_may_see_is_read_again_before_anybody_gets_the_events_that_came_with_it(office, hub, monkeypatch):
    someone = person()
    subscriber = attached(hub, someone)
    hub._begin(replay.head())
    at_that_time = []
    load = authority.load
    monkeypatch.setattr(module.authority, "load", lambda user_ids: at_that_time.append(hub.cursor) or load(user_ids))
    before = hub.cursor
    type(someone).objects.filter(pk=someone.pk).update(is_active=False)
    Event.objects.create(type="authority_changed", fields={"user_ids": [someone.pk]})
    read_on(hub)
    assert at_that_time == [before]
    assert hub.viewer(someone.pk) is None
    assert subscriber.ended(hub.viewer(someone.pk)) == "signed out"


def test_nobody_is_read_again_for_the_sake_of_those_who_do_not_listen(office, hub):
    attached(hub, person())
    hub._begin(replay.head())
    Event.objects.create(type="authority_changed", fields={"user_ids": [person().pk]})
    with CaptureQueriesContext(connection) as queries:
        read_on(hub)
    assert len(queries) == 1  # what is new


def test_a_change_found_when_somebody_comes_again_is_told_to_their_other_connections(office, hub):
    user = person()
    attached(hub, user)
    told = hub.version
    attached(hub, user)
    assert hub.version == told, "there was nothing to find"
    type(user).objects.filter(pk=user.pk).update(is_active=False)  # which no signal tells of
    attached(hub, user)
    assert hub.viewer(user.pk) is None
    assert hub.version > told


def test_events_that_were_read_when_rights_could_not_be_read_are_not_lost(running_hub, monkeypatch):
    """The batch had been read, but not handed out: it is read again, with the change of rights in it."""
    someone = person()
    subscriber = attached(running_hub, someone)
    wait_until(lambda: running_hub._reading, "the tail reads")
    start, load, failed = running_hub.cursor, authority.load, []

    def fails_once(user_ids):
        if not failed:
            failed.append(user_ids)
            raise OperationalError("the connection is cut")
        return load(user_ids)

    monkeypatch.setattr(authority, "load", fails_once)
    batch = log(someone.pk, kind="authority_changed", fields={"user_ids": [someone.pk]}) + log(someone.pk)
    running_hub.wake()
    wait_until(lambda: running_hub.cursor == batch[-1], "the tail has read on")
    assert failed
    assert ids(running_hub.after(start)) == batch
    assert subscriber.user_id == someone.pk


def test_whoever_waits_for_an_epoch_is_woken_when_the_tail_has_learnt_of_it(office, hub):
    log(1)
    hub._begin(replay.head())
    version = hub.version
    epoch = begin_epoch()
    hub._read_on()
    log(1)  # its id shows that an epoch has begun
    hub._read_on()
    assert hub.history.begins == epoch.begins
    assert hub.version > version


def test_a_session_that_ends_is_over_for_its_listeners_only(office, hub):
    here, there = attached(hub, person()), attached(hub, person())
    there.credential_digest = digest_of("elsewhere")
    hub._begin(replay.head())
    Event.objects.create(type="session_ended", fields={"digest": here.credential_digest})
    read_on(hub)
    assert (here.session_over, there.session_over) == (True, False)


def test_a_credential_that_ends_is_over_for_those_whom_it_let_in(office, hub):
    """The same key of another kind is another credential."""
    here, there = attached(hub, person()), attached(hub, person())
    here.credential = Credential("token", "of the test")
    hub._begin(replay.head())
    Event.objects.create(type="credential_ended", fields={"kind": "token", "digest": here.credential_digest})
    read_on(hub)
    assert (here.session_over, there.session_over) == (True, False)


def test_a_session_that_ends_before_the_tail_begins_is_over_within_two_seconds(office):
    someone, client = person(), Client()
    client.force_login(someone)
    hub = Hub()
    # A moment before it begins.
    hub.on_first_subscriber.append(lambda: Session.objects.get(pk=client.session.session_key).delete())
    subscriber = Subscriber(
        user_id=someone.pk,
        credential=Credential(SESSION, client.session.session_key, someone.get_session_auth_hash()),
        subscription=Subscription(frozenset({NOTIFICATIONS})),
        cursor=replay.head(),
    )
    number = hub.attach(subscriber)
    wait_until(lambda: subscriber.session_over, "the session is over", 2)
    hub.detach(number)
    hub.close()


def test_nobody_is_told_anything_before_sessions_that_ended_meanwhile_are_over(office):
    """Else somebody whose session ended a moment before the tail begins would be shown what was written after that."""
    someone, client = person(), Client()
    client.force_login(someone)
    hub = Hub()
    subscriber = Subscriber(
        user_id=someone.pk,
        credential=Credential(SESSION, client.session.session_key, someone.get_session_auth_hash()),
        subscription=Subscription(frozenset({NOTIFICATIONS})),
        cursor=replay.head(),
    )
    over_when_told = []
    hub._notify = lambda: over_when_told.append(subscriber.session_over)
    hub.on_first_subscriber.append(lambda: Session.objects.get(pk=client.session.session_key).delete())
    number = hub.attach(subscriber)
    wait_until(lambda: over_when_told, "somebody is told", 2)
    assert over_when_told[0]
    hub.detach(number)
    hub.closing = True
    hub.wake()


def test_whoever_had_no_connection_is_told_of_at_once_and_their_further_tabs_are_not(office, hub):
    told = []
    hub.on_arrival.append(lambda: told.append(hub.user_ids()))
    first, second = person(), person()
    for someone in (first, first, second):
        attached(hub, someone)
    assert told == [{first.pk}, {first.pk, second.pk}]
    for number in list(hub._subscribers):
        hub.detach(number)
    attached(hub, first)
    assert told[2:] == [{first.pk}]


def test_of_two_readings_of_authority_the_one_that_began_later_counts(office, hub, monkeypatch):
    someone = person()
    attached(hub, someone)
    load = authority.load

    def slow(user_ids):
        read = load(user_ids)
        monkeypatch.setattr(module.authority, "load", load)
        type(someone).objects.filter(pk=someone.pk).update(is_active=False)
        hub._refresh(user_ids)  # begins later, and is done first
        return read

    monkeypatch.setattr(module.authority, "load", slow)
    hub._refresh({someone.pk})
    assert hub.viewer(someone.pk) is None


def test_who_has_left_is_forgotten_and_who_still_listens_is_not(office, hub):
    someone = person()
    first, second = (hub.attach(attached(hub, someone)) for _ in range(2))
    others = list(hub._subscribers.keys() - {first, second})
    for number in (first, first, *others):
        hub.detach(number)
    assert hub.subscribers() == 1
    assert hub.viewer(someone.pk) is not None
    hub.detach(second)
    assert hub.subscribers() == 0
    assert hub._viewers == {}


def test_who_leaves_while_authority_is_read_is_forgotten_all_the_same(office, hub, monkeypatch):
    someone = person()
    number = hub.attach(attached(hub, someone))
    [other] = hub._subscribers.keys() - {number}
    load = authority.load

    def leave(user_ids):
        hub.detach(number)
        hub.detach(other)
        return load(user_ids)

    monkeypatch.setattr(module.authority, "load", leave)
    hub._refresh({someone.pk})
    assert hub._viewers == {}


def test_a_listener_whose_authority_cannot_be_read_does_not_stay_behind(office, hub, monkeypatch):
    someone = person()

    def fail(user_ids):
        raise ConnectionError("the database is away")

    monkeypatch.setattr(module.authority, "load", fail)
    with pytest.raises(ConnectionError):
        attached(hub, someone)
    assert hub.subscribers() == 0


# --- what it costs ----------------------------------------------------------------------------------------------


def test_who_leaves_is_not_looked_for_among_those_who_stay(office, hub):
    looked = []

    class Watched(Subscriber):
        def __getattribute__(self, name: str):
            if name == "user_id":
                looked.append(self)
            return super().__getattribute__(name)

    subscription = Subscription(frozenset({NOTIFICATIONS}))
    credential = Credential(SESSION, "of the test")
    numbers = [hub.attach(Watched(user_id, credential, subscription, cursor=0)) for user_id in range(1, 201)]
    looked.clear()
    for number in numbers:
        hub.detach(number)
    assert len(looked) <= 5 * len(numbers), "a few times for each, not once for each pair"
    assert hub.subscribers() == 0


@pytest.mark.parametrize("count", [1, 100])
def test_an_event_is_read_once_and_encoded_once_however_many_listen(office, hub, monkeypatch, count):
    people = [person() for _ in range(3)]
    subscribers = [attached(hub, people[number % 3]) for number in range(count)]
    hub._begin(replay.head())
    talks = [deliver(hub, subscriber) for subscriber in subscribers]

    def carry_on(talk) -> list[Send]:
        """Until it waits; whatever it reads is read here and now."""
        said, result = [], None
        while not isinstance(step := talk.send(result), Wait):
            result = step.read() if isinstance(step, Read) else None
            said += [step] if isinstance(step, Send) else []
        return said

    for talk in talks:
        carry_on(talk)

    encoded = []
    encode = replay.events.envelope
    monkeypatch.setattr(replay.events, "envelope", lambda *args: encoded.append(args[0]) or encode(*args))
    row = Event.objects.create(
        type="notification", fields={"message": "hello"}, audience=[user_key(user.pk) for user in people]
    )
    with CaptureQueriesContext(connection) as queries:
        read_on(hub)
        said = [carry_on(talk) for talk in talks]
    assert encoded == [row.pk]
    assert len(queries) == 1  # what is new
    assert [ids(one.events) for [one] in said] == [[row.pk]] * count
    assert len({id(one.events[0].sse) for [one] in said}) == 1


# --- messages that are not in the log ---------------------------------------------------------------------------


def test_a_message_that_nobody_here_may_see_wakes_nobody(office, hub):
    ana = person()
    attached(hub, ana)
    before = hub.version
    hub.send_ephemeral(EphemeralMessage(NOTIFICATIONS, frozenset({user_key(ana.pk + 1)}), "{}"))
    assert (hub.version, hub.ephemerals.count) == (before, 0)
    hub.send_ephemeral(EphemeralMessage(NOTIFICATIONS, frozenset({user_key(ana.pk)}), "{}"))
    assert hub.version > before
    assert hub.ephemerals.count == 1


def test_while_somebody_is_connecting_a_message_is_kept_for_them(office, hub):
    hub._present[7] += 1  # registered, and their rights are still being read
    hub.send_ephemeral(EphemeralMessage(NOTIFICATIONS, frozenset({user_key(7)}), "{}"))
    assert hub.ephemerals.count == 1


# --- observers --------------------------------------------------------------------------------------------------


def test_an_observer_is_shown_each_event_once_before_subscribers_are_woken(office, hub):
    shown = []
    hub.observers.append(lambda frames: shown.append((ids(frames), hub.cursor, hub.version)))
    hub._begin(replay.head())
    before = hub.version
    written = log(1, 2)
    read_on(hub)
    assert shown == [(written, written[-1], before)]
    assert hub.version > before


def test_an_observer_that_fails_stops_neither_the_events_nor_the_others(office, hub, caplog):
    shown = []
    hub.observers += [lambda frames: 1 / 0, lambda frames: shown.append(ids(frames))]
    hub._begin(replay.head())
    written = log(1)
    read_on(hub)
    assert shown == [written]
    assert ids(hub.after(written[0] - 1)) == written
    assert "ZeroDivisionError" in caplog.text
