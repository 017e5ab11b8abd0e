"""Conversations: from the POST to the sockets of a large one, the highest rate of many pairs, opening long histories.

All of it is on PostgreSQL. ``Chats`` is the stage: a database server with an office on it, used by one build after the
other.
"""

import contextlib
from pathlib import Path
from typing import Any

from tests.support.postgres import Postgres

from ..contenders import BY_NAME, DAPHNE, Contender
from ..process import Failed, cpu_seconds_of_all
from ..size import Size
from ..stage import Office, Stage
from . import steady

SEND = "/messages/api/messages/"
ROOM = Contender(
    "chat-room", "", "websocket", "/ws/events/?topics=messages,projects", BY_NAME["daphne-ws"].module, "daphne"
)
PAIRS = Contender("chat-pairs", "", "websocket", "/ws/events/?topics=messages", ROOM.module, "daphne")
PLAN = Contender(
    "chat-plan", "", "websocket", "/ws/chat/{pair}/", "benchmarks.peers.plan_chat", command=DAPHNE, variant="core"
)
CASES = ("chat-room", "chat-pairs", "chat-open")  # as they are recorded
SECOND_MS = 1_000
STEP = 1.5  # from one rate to the next, until one is too high
FINER = 2  # halvings after that
LIMIT_SECONDS = 10.0  # for what has not come when the last message was due
OPENINGS = 21


class Chats:
    """A PostgreSQL server, and an office on it with as many people as there are clients."""

    def __init__(self, folder: Path, size: Size) -> None:
        self._folder, self._size = folder / "chat", size
        self._undo = contextlib.ExitStack()

    def start(self) -> dict[str, float]:
        """Start the server, and create the office."""
        self._folder.mkdir()
        self._postgres = Postgres()
        self._undo.callback(self._postgres.stop)
        people = max(self._size.room, 2 * self._size.pairs)
        self._office = Office(self._folder, people, postgres=self._postgres)
        self._undo.callback(self._office.close)
        return {"people": people}

    def close(self) -> None:
        """Stop everything."""
        self._undo.close()

    def room(self) -> dict[str, float]:
        """Return the delays of messages in one conversation, and of bare events to the same clients, in turns."""
        size, cookies = self._size, self._office.cookies
        with Stage(self._office, ROOM, size.room) as stage:
            place = stage.publisher("group", people=size.room)["conversation"]
            stage.open()
            orders = [
                {"number": number, "cookie": cookies[number], "fields": {"conversation": place}}
                for number in range(size.room)
            ]
            self._write(stage, size.room_rate, 2, orders, size.room, SEND)  # completes one-time work
            steady.measure(stage, size, size.room_rate, 2)
            messages, events = [], []
            for _ in range(size.room_turns):
                messages.append(self._write(stage, size.room_rate, size.room_messages, orders, size.room, SEND))
                events.append(steady.measure(stage, size, size.room_rate, size.room_messages))
        values = {}
        for name, seen in (("", messages), ("event_", events)):
            for value in ("p50_ms", "p99_ms", "missing_percent"):
                values[f"{name}{value}"] = sum(one[value] for one in seen) / len(seen)
        return values

    def pairs(self, name: str) -> dict[str, float]:
        """Return the highest rate of messages between pairs of which none is lost and p99 is below a second.

        ``name`` is ``ours`` or ``plan``. ``lost`` is of all rates that were tried, ``too_high`` the lowest that failed.
        """
        size, cookies = self._size, self._office.cookies
        more = {} if name == "ours" else {"BENCH_DATABASE": self._postgres.create(f"plan-{id(object())}")}
        contender = PAIRS if name == "ours" else PLAN
        with Stage(self._office, contender, 2 * size.pairs, BENCH_PAIRS=str(size.pairs), **more) as stage:
            places = range(size.pairs)
            if name == "ours":
                places = stage.publisher("pairs", pairs=size.pairs)["conversations"]
            stage.open()
            orders = [
                {"number": 2 * pair + side, "cookie": cookies[2 * pair + side], "fields": {"conversation": place}}
                for side in (0, 1)
                for pair, place in enumerate(places)
            ]
            path = SEND if name == "ours" else ""
            self._write(stage, 20, 20, orders, 2, path)
            return self._highest(lambda rate: self._write(stage, rate, int(rate * size.pairs_seconds), orders, 2, path))

    def _highest(self, attempt: Any) -> dict[str, float]:
        """Raise the rate until it is too high, and look for the limit between the last two."""
        best: dict[str, float] = {"a_second": 0.0}
        rate, too_high, lost, finer = float(self._size.pairs_from), 0.0, 0.0, FINER
        while finer or not too_high:
            seen = attempt(rate)
            lost += seen["lost"]
            if seen["lost"] or seen["refused"] or seen["p99_ms"] >= SECOND_MS:
                too_high = rate
            else:
                best = {"a_second": rate, **{one: seen[one] for one in ("p50_ms", "p99_ms", "cpu_ms")}}
            if too_high:
                finer -= 1
                rate = (best["a_second"] + too_high) / 2
            else:
                rate *= STEP
        return {**best, "too_high": too_high, "lost": lost}

    def open(self) -> dict[str, float]:
        """Return the milliseconds and queries to open short and long conversations, and lists of them."""
        size = self._size
        publisher = self._office.publisher(self._office.copy())
        try:
            made = publisher(
                "histories", 140, short=100, long=size.history, listed=size.listed, each=max(2, size.history // 1_000)
            )
            return publisher("open_in_turn", 100, **made, times=OPENINGS)
        finally:
            publisher.stop()

    @staticmethod
    def _write(
        stage: Stage, rate: float, messages: int, orders: list[dict[str, Any]], each: int, path: str
    ) -> dict[str, float]:
        stage.load("drain", quiet=0.3, limit=5)
        cpu = cpu_seconds_of_all(stage.pid)
        seen = stage.load(
            "write",
            messages / rate + LIMIT_SECONDS + 20,
            rate=rate,
            messages=messages,
            orders=orders,
            each=each,
            limit=LIMIT_SECONDS,
            path=path,
        )
        cpu = cpu_seconds_of_all(stage.pid) - cpu
        delays = seen["delays"]
        if not delays["count"]:
            raise Failed(f"nothing came of {messages} messages, {seen['refused']} were refused")
        lost = messages * each - delays["count"]
        return {
            "p50_ms": delays["p50"],
            "p99_ms": delays["p99"],
            "lost": lost,
            "missing_percent": 100 * lost / (messages * each),
            "refused": seen["refused"],
            "cpu_ms": cpu / messages * 1_000,
            "late_ms": seen["late"] * 1_000,
        }
