"""Ids that browsers cannot tell apart: none is given out, and a log that has some is brought back into its range."""

import contextlib
import logging

import pytest
from django.core.management import CommandError, call_command
from django.db import DataError, connection, transaction

from realtime.access.audience import user_key
from realtime.delivery.follower import LogFollower
from realtime.log import numbering, numbering_sqlite, position, replay
from realtime.log.epochs import GAP
from realtime.log.events import AuthorityChanged
from realtime.log.models import PLACE_LIMIT, Event, LogEpoch, LogMark, OutboxEvent
from realtime.log.place_range import EXHAUSTED, PLACES_END, OutOfRange
from realtime.log.publish import Announcement, publish
from tests.support.epochs import said
from tests.support.ports import wait_until

NANOSECONDS = 1_764_470_000_000_000_000


@pytest.fixture(params=["sqlite", "postgres"])
def database(request, new_database, on_database) -> str:
    """A database of the test's own."""
    on_database(new_database(request.param))
    return request.param


@pytest.fixture
def lines(caplog):
    """What the log of this process has been told about places, as text."""
    caplog.set_level(logging.INFO)
    return lambda: [one.getMessage() for one in caplog.records if "2^53" in one.getMessage()]


def continue_at(place: int) -> None:
    """Have the sequence of ids go on from there, as somebody with SQL would."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("DELETE FROM sqlite_sequence WHERE name = 'realtime_event'")
            cursor.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('realtime_event', %s)", [place])
        else:
            cursor.execute("SELECT setval('realtime_event_id_seq', %s)", [place])


def given(*places: int) -> None:
    """Events that got these places from something else than our numbering."""
    for place in places:
        Event.objects.create(id=place, type="authority_changed", fields={"user_ids": [place % 1000]}, audience=[])
    continue_at(places[-1])


def numbers() -> list[int]:
    """What the events of the log say, in their order."""
    rows = Event.objects.order_by("id").exclude(type="epoch_began")
    return [fields["user_ids"][0] for fields in rows.values_list("fields", flat=True)]


def found_by(follower: LogFollower) -> list[replay.Frame]:
    """What a follower finds in some looks, of which the first may only learn of an epoch."""
    return [frame for _ in range(4) for frame in follower.read(10).frames]


def publish_many(count: int) -> None:
    with transaction.atomic():
        publish(*(Announcement(AuthorityChanged(user_ids=[7]), [user_key(7)]) for _ in range(count)))


@pytest.mark.parametrize("place", [NANOSECONDS, 2**53 - 1, 2**53, 2**62, PLACES_END], ids=str)
@pytest.mark.parametrize("before", [0, 2])
def test_a_sequence_that_was_set_out_of_range_goes_back_behind_the_newest_event(database, lines, place, before):
    earlier = said(*range(1, before + 1)) if before else []
    continue_at(place)
    follower = LogFollower()
    at = position.read_numbered()
    follower.begin(at.newest, at.history)
    ids = said(11, 12)
    assert [one - (earlier or [0])[-1] for one in ids] == [1, 2]
    assert [frame.id for frame in found_by(follower)] == ids
    assert replay.start(str(ids[0])).reset == ""
    assert len(lines()) == 1
    assert said(13)[0] == ids[-1] + 1
    assert len(lines()) == 1


@pytest.mark.parametrize("before", [0, 2])
def test_events_that_were_given_places_out_of_range_get_others_in_their_order(database, lines, before):
    earlier = said(*range(1, before + 1)) if before else []
    places = [NANOSECONDS + 5, NANOSECONDS + 105, NANOSECONDS + 106]
    given(*places)
    head = replay.head()
    assert head < PLACE_LIMIT
    assert numbers() == [*range(1, before + 1), 5, 105, 106]
    new = said(900)
    assert numbers()[-1] == 900
    assert max(new) < PLACE_LIMIT
    assert len(lines()) == 1
    # Whoever has read what stayed gets the rest; whoever has read the others is reset, for ever.
    if earlier:
        start = replay.start(str(earlier[-1]))
        assert start.reset == ""
        assert [frame.fields["user_ids"] for frame in replay.tail(start.cursor, 10)] == [[5], [105], [106], [900]]
    for place in (*places, PLACES_END, 2**53, 2**63 - 1):
        assert replay.start(str(place)).reset
    epoch = LogEpoch.objects.latest("id")
    assert (epoch.cut, epoch.begins >= (earlier or [0])[-1] + GAP) == ((earlier or [0])[-1], True)


def test_a_process_that_follows_the_log_never_hands_such_ids_out(database, lines):
    said(1)
    at = position.read_numbered()
    follower = LogFollower()
    follower.begin(at.newest, at.history)
    given(NANOSECONDS + 5, NANOSECONDS + 6)
    found = found_by(follower)
    assert [frame.fields["user_ids"] for frame in found if frame.type == "authority_changed"] == [[5], [6]]
    assert all(frame.id < PLACE_LIMIT for frame in found)


def test_one_that_had_read_them_is_reset(database):
    given(NANOSECONDS + 5)
    follower = LogFollower()
    at = position.read()
    follower.begin(at.newest, at.history)
    assert at.out_of_range
    with pytest.raises(OutOfRange):
        at.in_range()
    said(1)
    assert any(follower.read(10).lost for _ in range(3))
    assert follower.cursor < PLACE_LIMIT


def test_what_was_pruned_out_of_range_stays_pruned(database):
    [first] = said(1)
    given(NANOSECONDS)
    Event.objects.all().delete()
    LogMark.objects.update_or_create(pk=1, defaults={"pruned_to": NANOSECONDS})
    [new] = said(2)
    assert new < PLACE_LIMIT
    assert LogMark.objects.get().pruned_to < new
    assert replay.start(str(first)).reset
    assert replay.start(str(new)).reset == ""


def test_an_epoch_that_is_begun_by_name_brings_the_log_back_first(database, lines):
    given(NANOSECONDS + 5)
    call_command("new_epoch", "--all", verbosity=0)
    assert LogEpoch.objects.latest("id").begins < PLACES_END
    assert max(Event.objects.values_list("id", flat=True)) < PLACE_LIMIT
    assert len(lines()) == 1


def test_the_last_places_end_below_the_limit_and_then_numbering_refuses_in_one_line(database, lines, monkeypatch):
    said(1)
    monkeypatch.setattr(position, "WAIT_SECONDS", 0.05)  # as in operation
    numbering_sqlite._tell_once.cache_clear()
    newest = LogEpoch.objects.order_by("-id").first()
    fingerprint = newest.fingerprint if newest else ""
    LogEpoch.objects.create(cut=0, begins=PLACES_END - 10, fingerprint=fingerprint)
    continue_at(PLACES_END - 10)
    for _ in range(4):
        publish_many(400)
        with contextlib.suppress(DataError):  # refused on PostgreSQL; below it is asked what for
            numbering.number()
    given_out = Event.objects.values_list("id", flat=True)
    assert 1 < len(given_out) < 1600
    assert max(given_out) < PLACE_LIMIT
    assert OutboxEvent.objects.count() == 1601 - len(given_out), "nothing is lost"
    with pytest.raises(CommandError, match="used up its places"):
        call_command("new_epoch", verbosity=0)
    with pytest.raises(OutOfRange):
        replay.start(None)

    def is_said() -> bool:
        position.read_numbered()
        return any(EXHAUSTED in line for line in lines())

    wait_until(is_said, "the log says that its places are used up", 5)
    for _ in range(5):
        position.read_numbered()
    assert sum(EXHAUSTED in line for line in lines()) == 1
    follower = LogFollower()
    follower.begin(max(given_out), position.read().history)
    with pytest.raises(OutOfRange):
        follower.read(10)
