"""Cursors: which are taken, which lead to a reset, and what lies after them."""

from itertools import pairwise

import pytest

from realtime.log import replay
from realtime.log.models import Event, LogMark
from realtime.log.replay import Start

pytestmark = pytest.mark.django_db

NO_NUMBER = "last_event_id is not a whole number"
AHEAD = "last_event_id is ahead of the log"
TOO_OLD = "last_event_id is older than the log keeps"


@pytest.fixture
def ids() -> list[int]:
    """The ids of ten events, of which the first three have since been pruned."""
    rows = Event.objects.bulk_create(Event(type="test", fields={"number": number}) for number in range(10))
    ids = [row.pk for row in rows]
    Event.objects.filter(pk__lte=ids[2]).delete()
    LogMark.objects.update_or_create(pk=1, defaults={"pruned_to": ids[2]})
    return ids


def test_without_a_cursor_one_starts_from_now(ids):
    assert replay.start(None)[:2] == Start(ids[-1])[:2]
    assert replay.start("")[:2] == Start(ids[-1])[:2]


def test_a_log_that_was_never_written_to_starts_at_0():
    Event.objects.all().delete()
    LogMark.objects.all().delete()
    assert replay.start(None)[:2] == Start(0)[:2]
    assert replay.start("0")[:2] == Start(0)[:2]
    assert replay.start("1")[:2] == Start(0, AHEAD)[:2]


def test_every_cursor_that_the_log_reaches_back_to_is_taken(ids):
    for cursor in ids[2:]:
        assert replay.start(str(cursor))[:2] == Start(cursor)[:2]


def test_blanks_and_zeros_around_a_cursor_do_not_count(ids):
    assert replay.start(f"  {ids[5]}\t")[:2] == Start(ids[5])[:2]
    assert replay.start(f"000{ids[5]}")[:2] == Start(ids[5])[:2]


def test_a_cursor_before_what_is_kept_leads_to_a_reset(ids):
    for cursor in (0, *ids[:2]):
        assert replay.start(str(cursor))[:2] == Start(ids[-1], TOO_OLD)[:2]


def test_a_cursor_of_the_future_leads_to_a_reset(ids):
    for cursor in (ids[-1] + 1, 2**63 - 1):
        assert replay.start(str(cursor))[:2] == Start(ids[-1], AHEAD)[:2]


@pytest.mark.parametrize(
    "raw",
    [
        *("-1", "+1", "1.0", "1e3", "abc", "None", "null", "NaN", " ", "1 2", "1,2", "0x10", "1_0", "²", "٣", "１"),
        *(str(2**63), str(10**30), "9" * 5000, "1\x00", "'; DROP TABLE", "\ud800"),
    ],
    ids=ascii,
)
def test_what_is_no_whole_number_leads_to_a_reset(ids, raw):
    assert replay.start(raw)[:2] == Start(ids[-1], NO_NUMBER)[:2]


def test_the_tail_gives_what_follows_in_order_and_no_more_than_asked_for(ids):
    assert [frame.id for frame in replay.tail(ids[4], 3)] == ids[5:8]
    assert [frame.id for frame in replay.tail(ids[4], 100)] == ids[5:]
    assert replay.tail(ids[-1], 100) == []


def test_pages_cover_every_id_once(ids, monkeypatch):
    monkeypatch.setattr(replay, "PAGE", 4)
    numbers = range(replay.page_of(ids[2]), replay.page_of(ids[-1] - 1) + 1)
    pages = [replay.page(number, ids[-1]).events for number in numbers]
    assert [frame.id for page in pages for frame in page] == ids[3:]
    assert all(isinstance(page, tuple) and len(page) <= 4 for page in pages)


def test_the_page_of_a_cursor_holds_the_first_id_after_it(ids, monkeypatch):
    monkeypatch.setattr(replay, "PAGE", 4)
    for cursor, following in pairwise(ids[2:]):
        assert following in {frame.id for frame in replay.page(replay.page_of(cursor), ids[-1]).events}


def test_a_page_holds_nothing_above_where_its_reader_stands(ids, monkeypatch):
    monkeypatch.setattr(replay, "PAGE", 1000)
    assert [frame.id for frame in replay.page(0, ids[6]).events] == ids[3:7]


def test_a_frame_is_the_event_as_both_transports_carry_it(ids):
    [frame] = replay.tail(ids[-2], 10)
    assert frame.json.startswith(f'{{"id":{ids[-1]},"type":"test","at":"')
    assert frame.sse == f"id: {ids[-1]}\ndata: {frame.json}\n\n".encode()
    assert frame.sse is frame.sse
    assert frame.topic is None
