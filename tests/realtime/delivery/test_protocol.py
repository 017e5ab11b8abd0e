"""What a subscriber is sent, and when: the steps are carried out by hand, with a fake clock and without a thread."""

import json
import threading

import pytest

from projeng import inbox
from projeng.access import ALL_PROJECTS, Role
from projeng.events import DASHBOARD, NOTIFICATIONS, PROJECTS
from projeng.models import Notification, Project
from projeng.states import CHANGED_PROJECTS, DASHBOARD_COUNTS, UNREAD_COUNT
from realtime.access.audience import user_key
from realtime.access.credentials import SESSION, Credential
from realtime.delivery import protocol as module
from realtime.delivery.hub import Hub
from realtime.delivery.protocol import AHEAD_SECONDS, Read, Send, Wait, deliver
from realtime.delivery.reader import Reader
from realtime.delivery.subscriber import REPLACED, Subscriber, Subscription
from realtime.log import numbering, position, replay
from realtime.log.models import Event, LogMark
from tests.support.epochs import begin_epoch
from tests.support.people import person


class Clock:
    """Time that stands still until the test moves it."""

    def __init__(self) -> None:
        self.now = 1000.25

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class OnTheSpot(Reader):
    """Readings are done by the one who asks first, and kept as usual."""

    def submit(self, key, read):
        if key not in self._kept:
            self._kept[key] = read()
        return self._kept[key]

    def has(self, key):
        return key in self._kept


class Talk:
    """A conversation and its driver, which carries out steps as the SSE stream does, but waits for nobody."""

    def __init__(self, hub: Hub, subscriber: Subscriber) -> None:
        self.hub, self.subscriber = hub, subscriber
        self._steps = deliver(hub, subscriber)
        self._result = None

    def step(self):
        step = self._steps.send(self._result)
        while isinstance(step, Wait) and step.until <= module.time.now + AHEAD_SECONDS:  # it will soon be over
            module.time.now = max(module.time.now, step.until)
            step = self._steps.send(None)
        self._result = self.hub.reader.submit(step.key, step.read) if isinstance(step, Read) else None
        return step

    def said(self) -> list[Send]:
        """Everything that is said until it waits, or ends."""
        said = []
        try:
            while not isinstance(step := self.step(), Wait):
                said += [step] if isinstance(step, Send) else []
        except StopIteration:
            return said
        self.waits = step.until - module.time.monotonic()
        return said


@pytest.fixture
def clock(monkeypatch) -> Clock:
    made = Clock()
    monkeypatch.setattr("realtime.delivery.protocol.time", made)
    monkeypatch.setattr("realtime.delivery.snapshots.time", made)
    return made


@pytest.fixture
def hub(new_database, on_database, clock, settings, monkeypatch) -> Hub:
    """A tail that the test turns, on a database of the test's own."""
    on_database(new_database("sqlite"))
    settings.SSE_HEARTBEAT_SECONDS = 15
    monkeypatch.setattr(module, "FEW", 0)  # as in a process with many subscribers
    made = Hub()
    made._thread = threading.current_thread()  # so that it starts none
    made.reader = OnTheSpot()
    return made


@pytest.fixture
def head(hub):
    return person(Role.HEAD)


@pytest.fixture
def talk(hub):
    """``talk(user, …)``: somebody opens a stream; the tail has begun."""

    def begin(user, *states, cursor=None, topics=(NOTIFICATIONS, PROJECTS), reset="", **subscription) -> Talk:
        subscriber = Subscriber(
            user_id=user.pk,
            credential=Credential(SESSION, "of the test", user.get_session_auth_hash()),
            subscription=Subscription(frozenset(topics), tuple(states), **subscription),
            cursor=replay.head() if cursor is None else cursor,
            reset=reset,
        )
        hub.attach(subscriber)
        subscriber.session_over = False  # there is no session behind it
        if not hub.cursor:
            hub._begin(replay.head())
        return Talk(hub, subscriber)

    return begin


def log(user, number: int) -> list[int]:
    rows = (Event(type="notification", fields={"n": n}, audience=[user_key(user.pk)]) for n in range(number))
    return [row.pk for row in Event.objects.bulk_create(rows)]


def read_on(hub: Hub) -> None:
    while hub._read_on():
        pass


def ids(sends: list[Send]) -> list[int]:
    return [frame.id for send in sends for frame in send.events]


def states(sends: list[Send]) -> list[dict]:
    return [json.loads(state) for send in sends for state in send.states]


# --- order ------------------------------------------------------------------------------------------------------


def test_on_connect_the_present_state_and_the_cursor_come_at_once(talk, head):
    Notification.objects.create(recipient=head, message="One")
    [opening] = talk(head, UNREAD_COUNT).said()
    assert opening.cursor == replay.head()
    assert opening.events == ()
    assert states([opening]) == [{"type": "notification", "unread_count": 1}]


def test_a_stream_without_state_says_at_once_where_it_stands(talk, head):
    [opening] = talk(head).said()
    assert (opening.cursor, opening.events, opening.states) == (replay.head(), (), ())


def test_first_what_was_missed_then_what_is_new_then_nothing(hub, talk, head):
    start = replay.head()
    missed = log(head, 700)
    returning = talk(head, cursor=start)
    said = returning.said()
    assert ids(said) == missed
    assert [send.cursor for send in said] == sorted({send.cursor for send in said})
    new = log(head, 3)
    read_on(hub)
    [live] = returning.said()
    assert ids([live]) == new
    assert returning.said() == []


def test_events_do_not_wait_for_the_state_that_they_led_to(hub, talk, head, clock):
    stream = talk(head, UNREAD_COUNT)
    stream.said()
    clock.now += 2
    row = Notification.objects.create(recipient=head, message="One")
    inbox.mark_read(head, row.pk)
    read_on(hub)
    [told, shown] = stream.said()
    assert [frame.type for frame in told.events] == ["notification", "notifications_read"]
    assert states([told]) == []
    assert not shown.events
    assert states([shown]) == [{"type": "notification", "unread_count": 0}]
    assert told.cursor == shown.cursor


def events_gone_ahead(hub, talk, head, clock) -> Talk:
    """A stream that has been told of something, and not yet shown the count that it changed."""
    stream = talk(head, UNREAD_COUNT)
    stream.said()
    clock.now += 2
    inbox.mark_read(head, Notification.objects.create(recipient=head, message="One").pk)
    read_on(hub)
    assert stream.step().events
    return stream


def test_who_loses_their_rights_while_events_go_ahead_is_shown_no_state(hub, talk, head, clock):
    stream = events_gone_ahead(hub, talk, head, clock)
    head.is_active = False
    head.save()
    read_on(hub)
    [end] = stream.said()
    assert end.last
    assert states([end]) == [{"type": "error", "message": "signed out"}]


def test_a_state_is_shown_though_events_come_without_end(hub, talk, head, clock):
    stream = events_gone_ahead(hub, talk, head, clock)
    log(head, 1)
    read_on(hub)
    assert isinstance(stream.step(), Read)
    step = stream.step()
    assert step.events
    assert states([step]) == [{"type": "notification", "unread_count": 0}]


def test_what_comes_while_others_are_told_goes_ahead_too_and_the_state_follows_all_the_same(hub, talk, head, clock):
    stream = events_gone_ahead(hub, talk, head, clock)
    first = stream._steps.send(None)
    assert isinstance(first, Wait)
    clock.now += AHEAD_SECONDS / 2
    [came] = log(head, 1)
    read_on(hub)
    step = stream._steps.send(None)
    assert (ids([step]), step.states) == ([came], ())
    assert stream._steps.send(None).until == first.until
    clock.now = first.until
    assert isinstance(stream._steps.send(None), Read)


def test_among_few_nobody_is_woken_between_events_and_state_and_the_reading_waits_for_the_others_events(
    hub, talk, head, clock, monkeypatch
):
    monkeypatch.setattr(module, "FEW", 3)
    streams = [talk(head, UNREAD_COUNT) for _ in range(3)]
    for stream in streams:
        stream.said()
    clock.now += 2
    inbox.mark_read(head, Notification.objects.create(recipient=head, message="One").pk)
    read_on(hub)
    begun = clock.now
    events, reading = streams[0]._steps.send(None), streams[0]._steps.send(None)
    assert events.events
    assert not events.states
    assert isinstance(reading, Read)
    assert clock.now == begun
    hub.reader.submit(reading.key, reading.read)
    assert clock.now == pytest.approx(begun + 3 * module.TURN_SECONDS)
    for stream in streams[1:]:
        [said] = stream.said()
        assert said.events
        assert states([said]) == [{"type": "notification", "unread_count": 0}]


def test_who_leaves_while_events_go_ahead_leaves_no_reading_behind_that_others_would_be_shown(hub, talk, head, clock):
    left, stays = talk(head, CHANGED_PROJECTS), talk(person(Role.HEAD), CHANGED_PROJECTS)
    for stream in (left, stays):
        stream.said()
    clock.now += 2
    Project.objects.create(name="Court", barangay="Apokon")
    read_on(hub)
    assert left.step().events
    left._steps.close()
    stays.subscriber.cursor = replay.head()  # it has nothing to do with the first
    road = Project.objects.create(name="Road", barangay="Apokon")
    read_on(hub)
    [shown] = states(stays.said())
    assert [project["id"] for project in shown["projects"]] == [road.pk]


def test_who_is_behind_is_not_kept_waiting_for_others(hub, talk, head, clock):
    stream = talk(head, UNREAD_COUNT)
    stream.said()
    clock.now += 2
    inbox.mark_read(head, Notification.objects.create(recipient=head, message="One").pk)
    log(head, module.BATCH)
    read_on(hub)
    assert len(stream.step().events) == module.BATCH
    assert isinstance(stream._steps.send(None), Read)


def test_a_state_that_has_been_read_for_another_goes_out_in_the_same_write(hub, talk, clock):
    first, second = (talk(person(Role.HEAD), DASHBOARD_COUNTS) for _ in range(2))
    for stream in (first, second):
        stream.said()
    clock.now += 2
    Project.objects.create(name="Court", barangay="Apokon")
    read_on(hub)
    assert [bool(said.events) for said in first.said()] == [True, False]
    [said] = second.said()
    assert said.events
    assert [shown["total_projects"] for shown in states([said])] == [1]


def test_a_reset_comes_first_and_the_state_with_it(talk, head):
    reset, opening = talk(head, UNREAD_COUNT, reset="too old").said()
    assert states([reset]) == [{"type": "reset", "reason": "too old"}]
    assert states([opening]) == [{"type": "notification", "unread_count": 0}]
    assert reset.cursor == opening.cursor == replay.head()


def test_events_that_are_due_at_once_come_in_one_write(hub, talk, head):
    stream = talk(head)
    stream.said()
    written = log(head, 300)
    read_on(hub)
    [said] = stream.said()
    assert ids([said]) == written


def test_a_write_has_its_limit_and_the_rest_follows(hub, talk, head):
    stream = talk(head)
    stream.said()
    written = log(head, module.BATCH * 2 + 1)
    read_on(hub)
    said = stream.said()
    assert [len(send.events) for send in said] == [module.BATCH, module.BATCH, 1]
    assert ids(said) == written


def test_whoever_falls_behind_what_is_at_hand_reads_on_from_the_log(hub, talk, head, monkeypatch):
    monkeypatch.setattr("realtime.delivery.ring.RING_EVENTS", 10)
    slow = talk(head)
    slow.said()
    written = log(head, 1_200)
    read_on(hub)
    assert ids(slow.said()) == written


def test_those_who_return_together_share_the_readings(hub, talk, head, monkeypatch):
    start = replay.head()
    written = log(head, 1_200)
    read = []
    page = replay.page
    monkeypatch.setattr(replay, "page", lambda *args: read.append(args) or page(*args))
    for number in range(20):
        returning = talk(head, cursor=start + number * 10)
        assert ids(returning.said()) == [pk for pk in written if pk > start + number * 10]
    assert len(read) == len(set(read)) <= 1_200 // replay.PAGE + 2


def test_what_is_not_for_the_listener_moves_its_cursor_all_the_same(hub, talk, head):
    stream = talk(head)
    stream.said()
    log(person(Role.HEAD), 5)
    read_on(hub)
    assert stream.said() == []
    assert stream.subscriber.cursor == replay.head()


# --- state ------------------------------------------------------------------------------------------------------


def test_the_same_state_comes_at_most_once_a_second_and_the_last_word_always_comes(hub, talk, head, clock):
    stream = talk(head, UNREAD_COUNT)
    stream.said()
    rows = [Notification.objects.create(recipient=head, message=f"{number}") for number in range(4)]
    shown = []
    for row in rows:
        inbox.mark_read(head, row.pk)
        read_on(hub)
        shown += states(stream.said())
        clock.now += 0.1
    assert shown == []  # the opening was the state of this second
    assert stream.waits == pytest.approx(0.7)
    clock.now += stream.waits
    assert states(stream.said()) == [{"type": "notification", "unread_count": 0}]
    clock.now += 5
    assert states(stream.said()) == []


def test_each_state_has_its_own_second(hub, talk, head, clock):
    stream = talk(head, UNREAD_COUNT, DASHBOARD_COUNTS, topics=(NOTIFICATIONS, PROJECTS, DASHBOARD))
    stream.said()
    clock.now += 2
    Project.objects.create(name="Court", barangay="Apokon")
    read_on(hub)
    assert [state["type"] for state in states(stream.said())] == ["dashboard_update"]
    inbox.mark_read(head)
    read_on(hub)
    assert [state["type"] for state in states(stream.said())] == ["notification"]


def test_the_same_state_for_many_is_read_once(hub, talk, head, monkeypatch):
    project = Project.objects.create(name="Court", barangay="Apokon")
    people = [person(role) for role in (Role.HEAD, Role.FINANCE) for _ in range(5)]
    talk(people[0])
    read_on(hub)
    streams = [talk(someone, DASHBOARD_COUNTS) for someone in people]
    shown = [states(stream.said()) for stream in streams]
    assert shown == [shown[0]] * 10
    assert shown[0][0]["total_projects"] == 1
    project.delete()
    assert len(hub.reader._kept) == 1


def test_a_stream_that_opens_is_never_shown_a_state_older_than_its_cursor(hub, talk, head):
    """Another process has committed a change that the tail of this one has yet to read.

    The newcomer starts behind that change, so nobody will tell it of it: its first state must hold it.
    """
    first = talk(head, DASHBOARD_COUNTS)
    assert states(first.said())[0]["total_projects"] == 0
    Project.objects.create(name="Court", barangay="Apokon")  # the tail does not know of it yet
    newcomer = talk(head, DASHBOARD_COUNTS)
    assert states(newcomer.said())[0]["total_projects"] == 1


def test_those_who_ask_one_after_another_while_events_come_share_the_reading_that_waits(hub, talk, clock):
    """With many clients and many events, a reading for each place in the log would keep everybody waiting."""
    project = Project.objects.create(name="Court", barangay="Apokon")
    streams = [talk(person(Role.HEAD), DASHBOARD_COUNTS) for _ in range(20)]
    for stream in streams:
        stream.said()
    clock.now += 2
    asked = []
    for number, stream in enumerate(streams):
        project.name = f"Court {number}"
        project.save()
        read_on(hub)
        assert stream._steps.send(None).events
        assert isinstance(stream._steps.send(None), Wait)
        clock.now += AHEAD_SECONDS
        step = stream._steps.send(None)  # and the readers are busy with something else
        assert isinstance(step, Read)
        asked.append(step.key)
    assert len(set(asked)) == 1


# --- authority --------------------------------------------------------------------------------------------------


class ChangingHub(Hub):
    """A hub whose tail reads on at the worst moment: after a conversation has looked at its viewer."""

    changes = 0

    def after(self, cursor):
        if self.changes:
            self.changes -= 1
            self._read_on()
        return super().after(cursor)


@pytest.fixture
def changing_hub(hub) -> ChangingHub:
    hub.__class__ = ChangingHub
    return hub


def test_events_are_judged_by_an_authority_that_is_not_older_than_they_are(changing_hub, talk):
    """An engineer is assigned and told; the tail takes both in just before the stream takes the events."""
    engineer = person(Role.ENGINEER)
    stream = talk(engineer)
    stream.said()
    project = Project.objects.create(name="Court", barangay="Apokon")
    project.assigned_engineers.add(engineer)
    changing_hub.changes = 1
    changing_hub._notify()
    kinds = [frame.type for send in stream.said() for frame in send.events]
    assert "project_created" in kinds
    assert "assignment_changed" in kinds


def test_events_that_follow_the_loss_of_authority_are_never_shown(changing_hub, talk):
    """The engineer is taken off, then the project changes; the tail takes both in at the worst moment."""
    engineer = person(Role.ENGINEER)
    project = Project.objects.create(name="Court", barangay="Apokon")
    project.assigned_engineers.add(engineer)
    stream = talk(engineer)
    stream.said()
    project.assigned_engineers.remove(engineer)
    project.status = "in_progress"
    project.save()
    changing_hub.changes = 1
    changing_hub._notify()
    kinds = [frame.type for send in stream.said() for frame in send.events]
    assert "project_status_changed" not in kinds


# --- silence and the end ----------------------------------------------------------------------------------------


def test_in_silence_a_heartbeat_follows_the_last_word(hub, talk, head, clock, settings):
    settings.SSE_HEARTBEAT_SECONDS = 20
    stream = talk(head)
    stream.said()
    assert stream.waits == 20
    clock.now += 19.9
    assert stream.said() == []
    log(head, 1)
    read_on(hub)
    assert len(stream.said()) == 1  # the event; the silence begins anew
    clock.now += 19.9
    assert stream.said() == []
    assert stream.waits == pytest.approx(0.1)
    clock.now += 0.2
    [heartbeat] = stream.said()
    assert (heartbeat.events, heartbeat.states, heartbeat.cursor) == ((), (), replay.head())


def test_a_heartbeat_with_a_clock_of_its_own_comes_whatever_else_is_sent(hub, talk, head, clock):
    stream = talk(head)
    stream.subscriber.heartbeat = 20
    stream.said()
    for _ in range(3):
        clock.now += 15
        log(head, 1)
        read_on(hub)
        stream.said()
        clock.now += 4.9
        assert stream.said() == []
        assert stream.waits == pytest.approx(0.1)
        clock.now += 0.1
        [heartbeat] = stream.said()
        assert heartbeat.beat
        assert stream.waits == 20


def test_whoever_was_replaced_by_a_newer_connection_hears_so(hub, talk, head):
    stream = talk(head)
    stream.said()
    stream.subscriber.replaced = True
    [last] = stream.said()
    assert (last.last, last.ending) == (True, REPLACED)


def test_whoever_is_signed_out_hears_so_and_nothing_after_it(hub, talk, head):
    stream = talk(head, UNREAD_COUNT)
    stream.said()
    log(head, 3)
    read_on(hub)
    stream.subscriber.session_over = True
    [last] = stream.said()
    assert last.last
    assert last.events == ()
    assert states([last]) == [{"type": "error", "message": "signed out"}]


def test_whoever_may_no_longer_see_what_is_shown_hears_so(hub, talk, head):
    stream = talk(head, allowed=lambda viewer: ALL_PROJECTS in viewer.keys)
    stream.said()
    head.groups.clear()
    hub._refresh({head.pk})
    [last] = stream.said()
    assert last.last
    assert states([last]) == [{"type": "error", "message": "no longer allowed"}]


def test_when_the_server_stops_the_stream_ends_without_an_error_and_with_its_cursor(hub, talk, head):
    stream = talk(head)
    stream.said()
    hub.close()
    [last] = stream.said()
    assert (last.last, last.events, last.states, last.cursor) == (True, (), (), stream.subscriber.cursor)


def test_a_failed_reading_is_raised_to_the_driver(hub, talk, head, monkeypatch):
    def fail(*args):
        raise ConnectionError("the database is away")

    start = replay.head()
    log(head, 3)
    monkeypatch.setattr(replay, "page", fail)
    stream = talk(head, cursor=start)
    with pytest.raises(ConnectionError):
        stream.said()


def test_what_is_pruned_while_it_is_replayed_is_told_with_a_reset(hub, talk, head, monkeypatch):
    start = replay.head()
    log(head, 3)
    read_on(hub)
    hub._begin(replay.head())  # nothing is at hand any more: the newcomer reads from the log
    stream = talk(head, cursor=start)
    read = replay.page

    def pruned_meanwhile(number, up_to):
        Event.objects.filter(id__lte=start + 2).delete()
        LogMark.objects.update_or_create(pk=1, defaults={"pruned_to": start + 2})
        return read(number, up_to)

    monkeypatch.setattr(replay, "page", pruned_meanwhile)
    said = stream.said()
    assert {"type": "reset", "reason": replay.TOO_OLD} in states(said)
    assert [frame for send in said for frame in send.events] == []
    assert stream.subscriber.cursor == replay.head()


def test_a_reset_in_the_middle_comes_with_the_present_state_as_one_at_the_beginning_does(hub, talk, head, monkeypatch):
    start = replay.head()
    log(head, replay.PAGE + 3)
    read_on(hub)
    hub._begin(replay.head())
    stream = talk(head, UNREAD_COUNT, cursor=start)
    read = replay.page

    def pruned_meanwhile(number, up_to):
        if number > start // replay.PAGE:  # the second page that it reads
            LogMark.objects.update_or_create(pk=1, defaults={"pruned_to": replay.head()})
        return read(number, up_to)

    monkeypatch.setattr(replay, "page", pruned_meanwhile)
    types = [state["type"] for state in states(stream.said())]
    assert types == ["reset", "notification"]  # no cursor is handed out before the reset


# --- epochs -----------------------------------------------------------------------------------------------------


def replayed(talk: Talk) -> tuple[list[Send], int]:
    """Everything that is said until it waits, and how often it has read from the database."""
    said, readings = [], 0
    while not isinstance(step := talk.step(), Wait):
        said += [step] if isinstance(step, Send) else []
        readings += isinstance(step, Read)
    return said, readings


def lose_after(hub: Hub, cut: int) -> None:
    """The database is one that has lost what came after ``cut``, and the hub finds that out."""
    Event.objects.filter(id__gt=cut).delete()
    assert numbering.renew_epoch(position.read().history.number, cut)
    hub._read_on()


def test_a_replay_does_not_walk_through_the_ids_between_two_epochs(hub, talk, head):
    told = log(head, 3)
    for _ in range(3):
        begin_epoch()
        told += log(head, 3)
    hub._begin(replay.head(), position.read().history)
    said, readings = replayed(talk(head, cursor=0))
    assert ids(said) == told
    assert "reset" not in str(states(said))
    assert readings <= 8


def test_a_cursor_at_or_below_the_cut_goes_on_undisturbed_while_its_stream_is_open(hub, talk, head):
    [first] = log(head, 1)
    begun = [talk(head, cursor=cursor) for cursor in (first - 1, first)]
    assert [ids(one.said()) for one in begun] == [[first], []]
    begin_epoch()
    news = log(head, 2)
    assert not hub._read_on()  # it has only learnt of the epoch
    read_on(hub)
    for one in begun:
        said = one.said()
        assert ids(said) == news
        assert states(said) == []


def test_a_stream_that_has_read_what_was_lost_is_reset_and_gets_what_follows(hub, talk, head):
    first, *_ = log(head, 1)
    behind, ahead = talk(head, cursor=first), talk(head, UNREAD_COUNT, cursor=first)
    behind.said(), ahead.said()
    lost = log(head, 2)
    read_on(hub)
    assert ids(ahead.said()) == lost  # the other one has yet to be woken
    lose_after(hub, first)
    reset, opening = ahead.said()
    assert states([reset]) == [{"type": "reset", "reason": replay.LOST}]
    assert [one["type"] for one in states([opening])] == ["notification"]
    assert states(behind.said()) == []
    news = log(head, 2)
    read_on(hub)
    assert ids(ahead.said()) == ids(behind.said()) == news


def test_neither_the_ring_nor_a_page_hands_out_what_was_lost(hub, talk, head):
    first, *_ = log(head, 1)
    log(head, 4)
    hub._begin(replay.head())
    early, _ = replayed(talk(head, cursor=first))
    assert len(ids(early)) == 4  # from now on the process has this page at hand
    lose_after(hub, first)
    news = log(head, 1)
    read_on(hub)
    said, _ = replayed(talk(head, cursor=first))
    assert ids(said) == news


@pytest.mark.parametrize("at_connect", [True, False])
def test_resets_are_spread(hub, talk, head, clock, monkeypatch, at_connect):
    moments = iter([0.0, 1.0, 0.5])
    monkeypatch.setattr(module.random, "uniform", lambda low, high: low + (high - low) * next(moments))
    monkeypatch.setattr(hub, "subscribers", lambda: 400)
    first, *_ = log(head, 1)
    talks = [talk(head, cursor=first, reset=replay.LOST if at_connect else "") for _ in range(3)]
    if not at_connect:
        for one in talks:
            one.said()
        log(head, 1)
        read_on(hub)
        for one in talks:
            one.said()
        lose_after(hub, first)
    begun, due = clock.now, []
    for one in talks:
        clock.now = begun
        while not (said := one.said()):
            clock.now = begun + one.waits
        due.append(round(clock.now - begun, 2))
        assert states(said[:1]) == [{"type": "reset", "reason": replay.LOST}]
    assert due == [0.0, 400 * module.RESET_SECONDS, 200 * module.RESET_SECONDS]


def test_who_resumes_is_not_handed_what_this_process_remembers_of_a_lost_history(hub, talk, head):
    """The database knows of the loss already, the tail of this process does not yet."""
    first, *_ = log(head, 3)
    read_on(hub)
    hub._begin(first)
    read_on(hub)  # the ring holds what is lost then
    Event.objects.filter(id__gt=first).delete()
    assert numbering.renew_epoch(position.read().history.number)
    back = talk(head, cursor=first)
    start = replay.start(str(first))
    assert start[:2] == (first, "")
    back.subscriber.history = start.history
    assert back.said() == []
    assert back.waits == 15  # until the tail has looked, or a heartbeat is due
    assert not hub._read_on()
    news = log(head, 1)
    read_on(hub)
    said = back.said()
    assert ids(said) == news
    assert states(said) == []


def test_while_the_history_is_not_known_heartbeats_are_sent_but_to_who_is_to_reset(hub, talk, head, clock):
    """A client that took the new cursor with a heartbeat would come back with it, and never be told."""
    [first] = log(head, 1)
    hub._begin(first)
    valid, lost = talk(head, cursor=first), talk(head, cursor=first, reset=replay.LOST)
    for one in (valid, lost):
        one.subscriber.history = 2**40
        assert one.said() == []
    clock.now += 15
    assert valid.said() == [Send(first, beat=True)]
    assert lost.said() == []


def test_who_connects_after_the_loss_keeps_the_place_that_the_log_gave(hub, talk, head):
    """The hub of this process may not have seen yet what the connecting client was told by the database."""
    first, *_ = log(head, 1)
    hub._begin(first)
    begin_epoch()
    newest = log(head, 1)[-1]
    late = talk(head, cursor=newest, reset=replay.LOST)
    assert late.said()[0].cursor == newest
    news = log(head, 1)
    assert not hub._read_on()  # it has only learnt of the epoch
    read_on(hub)
    assert ids(late.said()) == news
