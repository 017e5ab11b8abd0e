"""The checker finds what it is there for, and nothing in what is right."""

import pytest

from .checker import Logged, Record, Segment, faults

LOG = [Logged(number, {"n": number}, frozenset({"user:1"})) for number in (1, 2, 100, 101)]
LOG.append(Logged(102, {"n": 102}, frozenset({"user:2"})))


def events(*ids: int) -> list:
    return [(one, {"n": one}) for one in ids]


def record(*segments: Segment, cursor: int = 102) -> Record:
    return Record("client", ["user:1"], list(segments), cursor)


@pytest.mark.parametrize(
    "segments",
    [
        [Segment(0, events(1, 2, 100, 101))],
        [Segment(2, events(100, 101))],
        [Segment(1, events(2, 3, 4)), Segment(100, events(101))],
        [Segment(4, []), Segment(101, [])],
        [Segment(1, events(3)), Segment(90, events(100, 101))],
    ],
)
def test_what_is_right_is_found_right(segments):
    assert faults([record(*segments)], LOG) == []


@pytest.mark.parametrize(
    ("segments", "cursor", "words"),
    [
        ([Segment(1, events(100, 101))], 102, "missed [2]"),
        ([Segment(1, events(2, 3, 100, 101))], 102, "was not told to reset: [3]"),
        ([Segment(1, events(2, 3)), Segment(90, events(101))], 102, "missed [100]"),
        ([Segment(1, events(2)), Segment(90, events(91, 100, 101))], 102, "has read a lost history"),
        ([Segment(2, events(100, 101, 101))], 102, "twice or out of order"),
        ([Segment(2, events(101, 100))], 102, "twice or out of order"),
        ([Segment(2, events(100, 101))], 101, "never came to the end"),
        ([Segment(2, []), Segment(None, [])], 102, "never told where it stands"),
        ([Segment(1, [(2, {"n": "another"})]), Segment(100, events(101))], 102, "2 was given twice"),
    ],
)
def test_each_fault_is_found(segments, cursor, words):
    found = faults([record(*segments, cursor=cursor)], LOG)
    assert len(found) == 1
    assert words in found[0]
