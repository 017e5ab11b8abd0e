"""Following the log: what is new is read once, and a history that was lost is noticed."""

import logging
from collections.abc import Callable

import pytest
from django.db import connection

from realtime.delivery.follower import LogFollower
from realtime.log import position, replay
from realtime.log.epochs import GAP
from realtime.log.models import PLACE_LIMIT, Event, LogEpoch, LogMark
from realtime.log.numbering_postgresql import LOG_LOCK
from tests.support.epochs import begin_epoch, lose_after, move_elsewhere, said

MOST = 100


@pytest.fixture(params=["sqlite", "postgres"])
def database(request, new_database, on_database) -> str:
    """A database of the test's own."""
    on_database(new_database(request.param))
    return request.param


@pytest.fixture
def lines(caplog) -> Callable[[], list[str]]:
    """What the follower has logged, as text."""
    caplog.set_level(logging.INFO, logger="realtime.delivery.follower")
    return lambda: [one.getMessage() for one in caplog.records if one.name == "realtime.delivery.follower"]


def following() -> LogFollower:
    """One that has begun at the end of the log."""
    at = position.read_numbered()
    follower = LogFollower()
    follower.begin(at.newest, at.history)
    return follower


def read(follower: LogFollower) -> tuple[list[int], bool]:
    """The ids of what a follower finds until it finds nothing more, and whether its position was lost."""
    ids, lost, nothing = [], False, 0
    while nothing < 2:  # the first look may only learn of an epoch
        found = follower.read(MOST)
        ids += [frame.id for frame in found.frames]
        lost = lost or found.lost
        nothing = 0 if found.frames else nothing + 1
    return ids, lost


def lost(follower: LogFollower) -> bool:
    """Whether a follower finds that its position was lost. What it reads of the new history is skipped."""
    return read(follower)[1]


def test_new_events_are_read_once_and_in_order(database, lines):
    said(1)
    follower = following()
    ids = said(2, 3)
    assert read(follower) == (ids, False)
    assert read(follower) == ([], False)
    ids = said(4)
    assert read(follower) == (ids, False)
    assert lines() == []


def test_an_epoch_that_began_between_two_events_of_one_look_is_learnt(database, lines):
    follower = following()
    before = said(1)
    begin_epoch()
    after = said(2)
    assert read(follower) == ([*before, *after], False)
    assert follower.history.begins == position.read().history.begins


def test_a_lost_end_is_noticed_and_what_comes_then_is_read(database, lines):
    first, *_ = said(1)
    follower = following()
    second, third = said(2, 3)
    assert read(follower) == ([second, third], False)
    lose_after(first)
    assert lost(follower)
    assert follower.history.is_lost(second)
    assert follower.history.is_lost(third)
    assert follower.cursor > third + GAP / 2
    ids = said(4)
    assert read(follower) == (ids, False)
    [line] = lines()
    assert line.startswith("The log has a new epoch")
    assert f"had read up to {third}" in line


def test_on_postgresql_what_is_left_of_the_history_stays_valid(new_database, on_database):
    on_database(new_database("postgres"))
    first, second, third = said(1, 2, 3)
    follower = following()
    lose_after(second)
    assert lost(follower)
    assert [follower.history.is_lost(one) for one in (first, second, third)] == [False, False, True]


def test_where_nothing_tells_of_the_loss_but_the_missing_event_nothing_stays_valid(database):
    first, second = said(1, 2)
    follower = following()
    assert read(follower) == ([], False)
    Event.objects.filter(id=second).delete()
    assert lost(follower)
    assert all(follower.history.is_lost(one) for one in (0, first, second))
    replay.head()
    assert Event.objects.filter(type="epoch_began").exists(), "other processes are made to look"


def test_another_event_under_the_same_id_is_another_history(database):
    _, second = said(1, 2)
    follower = following()
    assert read(follower) == ([], False)
    Event.objects.filter(id=second).update(fields={"user_ids": [99]})
    assert lost(follower)
    assert follower.history.is_lost(second)


def test_an_epoch_without_loss_disturbs_nobody(database, lines):
    first, second = said(1, 2)
    follower = following()
    assert read(follower) == ([], False)
    epoch = begin_epoch()
    assert read(follower) == ([], False)
    ids = said(3, 4)
    assert read(follower) == (ids, False)
    assert (epoch.cut, ids[0]) == (second, epoch.begins + 1)
    assert not any(follower.history.is_lost(one) for one in (0, first, second, epoch.begins, *ids))
    [line] = lines()
    assert "Nothing that this process read was lost" in line


def test_one_who_is_behind_reads_both_histories(database):
    said(1)
    follower = following()
    ids = said(2, 3)
    begin_epoch()
    ids += said(4)
    begin_epoch()
    ids += said(5)
    assert read(follower) == (ids, False)


def test_an_epoch_in_which_nothing_has_happened_yet_is_no_loss(database):
    said(1)
    begin_epoch()
    follower = following()
    assert follower.cursor == follower.history.begins
    assert read(follower) == ([], False)
    ids = said(2)
    assert read(follower) == (ids, False)


def test_a_pruned_last_event_is_no_lost_history(database, lines):
    *_, last = said(1, 2)
    follower = following()
    assert read(follower) == ([], False)
    Event.objects.all().delete()
    LogMark.objects.update_or_create(pk=1, defaults={"pruned_to": last})
    assert read(follower) == ([], False)
    ids = said(3)
    assert read(follower) == (ids, False)
    assert lines() == []


def test_a_sequence_that_somebody_has_moved_is_no_epoch(database, lines):
    said(1)
    follower = following()
    with connection.cursor() as cursor:
        if database == "sqlite":
            cursor.execute("UPDATE sqlite_sequence SET seq = seq + %s WHERE name = 'realtime_event'", [2 * GAP])
        else:
            cursor.execute("SELECT setval('realtime_event_id_seq', %s)", [2 * GAP])
    ids = said(2)
    assert ids[0] > 2 * GAP
    assert read(follower) == (ids, False)
    assert lines() == []


def test_while_no_epoch_can_begin_nothing_is_read_and_nothing_lost(new_database, on_database, postgres, monkeypatch):
    monkeypatch.setattr("realtime.delivery.follower.RENEW_SECONDS", 0.1)
    on_database(new_database("postgres"))
    first, second = said(1, 2)
    follower = following()
    assert read(follower) == ([], False)
    database = connection.settings_dict["NAME"]
    with postgres.transaction(database, f"SELECT pg_advisory_xact_lock({LOG_LOCK})"):
        Event.objects.filter(id=second).delete()
        move_elsewhere()
        for _ in range(2):
            found = follower.read(MOST)
            assert (found.frames, found.pending, found.lost) == ([], True, False)
    assert read(follower) == ([], True)
    assert follower.history.is_lost(second)
    assert not follower.history.is_lost(first)


def test_the_same_backup_restored_twice_gives_no_place_twice(database):
    first, *_ = said(1, 2)
    rows = list(LogEpoch.objects.values())
    given = []
    for number in range(3):
        lose_after(first)
        LogEpoch.objects.all().delete()
        LogEpoch.objects.bulk_create(LogEpoch(**row) for row in rows)  # what the backup knew
        if database == "sqlite":
            begin_epoch()
        else:
            move_elsewhere()
        given.append(said(10 + number, 20 + number))
    places = [place for places in given for place in places]
    assert len(set(places)) == len(places)
    assert first < min(places)
    assert max(places) < PLACE_LIMIT


def test_a_bare_integer_of_a_lost_history_is_reset_for_ever(database):
    first, second = said(1, 2)
    lose_after(first)
    begin_epoch()
    for number in range(3):
        newest = said(number)[-1]
        for cursor in (second, second + 1, second + GAP // 2):
            assert replay.start(str(cursor))[:2] == (newest, replay.LOST)
        assert replay.start(str(first))[:2] == (first, "")
        begin_epoch()


def test_before_an_epoch_that_is_due_has_begun_what_was_lost_is_known(new_database, on_database, postgres):
    on_database(new_database("postgres"))
    first, second = said(1, 2)
    assert replay.start(str(second + 1)).reset == "last_event_id is ahead of the log"
    database = connection.settings_dict["NAME"]
    with postgres.transaction(database, f"SELECT pg_advisory_xact_lock({LOG_LOCK})"):
        lose_after(first)
        start = replay.start(str(second))
        assert start[:2] == (first, replay.LOST)
        assert start.history > position.read().history.begins, "no process may serve it with the history of before"
        assert replay.start(str(first))[:2] == (first, "")
    newest = replay.head()
    assert replay.start(str(second))[:2] == (newest, replay.LOST)
