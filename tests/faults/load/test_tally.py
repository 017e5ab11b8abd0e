"""The tally finds lost, duplicate and disordered events, however the bytes are split."""

import json
import random
import struct

import pytest

from .framing import SocketFrames, StreamFrames
from .tally import Reader, Tally


def event(number: int) -> str:
    return json.dumps({"id": number, "type": "project_updated", "project": {"id": 3, "name": "Court"}}).replace(" ", "")


def counted(*writes: list[int], last: int = 0) -> tuple[Tally, Reader]:
    tally, reader = Tally(), Reader(last)
    for ids in writes:
        tally.take(reader, ",".join(map(event, ids)).encode(), 1.0)
    return tally, reader


@pytest.mark.parametrize(
    ("writes", "lost", "twice", "disordered"),
    [
        (([1, 2], [3], [4, 5]), 0, 0, 0),
        (([1, 2], [4, 5]), 1, 0, 0),
        (([1, 2], [3, 5]), 1, 0, 0),
        (([2, 3, 4, 5],), 1, 0, 0),
        (([1, 2, 3],), 2, 0, 0),
        (([1, 2], [2, 3, 4, 5]), 0, 1, 0),
        (([1, 2, 3, 4, 5], [1, 2, 3, 4, 5]), 0, 5, 0),
        (([1, 2, 4, 3, 5],), 0, 0, 1),
        (([1, 2], [4, 5], [3]), 0, 0, 1),
        ((), 5, 0, 0),
    ],
)
def test_each_fault_is_counted_as_what_it_is(writes, lost, twice, disordered):
    tally, reader = counted(*writes)
    assert (tally.lost([reader], 5), tally.twice, tally.disordered) == (lost, twice, disordered)


def test_what_shows_state_is_no_event():
    tally, reader = counted()
    tally.take(reader, b'{"type":"project_status","projects":[{"id":7,"name":"Court"}]}', 1.0)
    assert (tally.delivered, reader.last) == (0, 0)


def stream_bytes(texts: list[str]) -> bytes:
    chunks = [f"id: {n}\ndata: {text}\n\n".encode() for n, text in enumerate(texts)]
    return b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)


def socket_bytes(texts: list[str]) -> bytes:
    def head(size: int) -> bytes:
        return bytes((0x81, size)) if size < 126 else b"\x81\x7e" + struct.pack("!H", size)

    return b"\x89\x02hi" + b"".join(head(len(text)) + text.encode() for text in texts)


@pytest.mark.parametrize(("frames", "written"), [(StreamFrames, stream_bytes), (SocketFrames, socket_bytes)])
@pytest.mark.parametrize("seed", range(5))
def test_however_it_is_cut_nothing_goes_amiss(frames, written, seed):
    rng = random.Random(seed)
    data = written([event(number) for number in range(1, 41)])
    tally, reader, taken = Tally(), Reader(0), frames()
    answers = b""
    while data:
        size = rng.choice([1, 7, 60, 5_000])
        whole, answer = taken.feed(data[:size])
        data, answers = data[size:], answers + answer
        tally.take(reader, whole, 1.0)
    assert (tally.delivered, tally.lost([reader], 40), tally.twice, tally.disordered) == (40, 0, 0, 0)
    assert answers in {b"", b"\x8a\x82\x00\x00\x00\x00hi"}
