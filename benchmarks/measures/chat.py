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
PAGE = Contender("chat-page", "", "websocket", "/ws/events/?topics=messages", ROOM.module, "daphne")
OLD_CHAT = Contender("chat-old", "", "websocket", "/ws/chat/", ROOM.module, "daphne")
PLAN = Contender("chat-plan", "", "websocket", "/ws/chat/{number}/", "benchmarks.peers.plan_chat", command=DAPHNE)
CASES = ("chat-room", "chat-pairs", "chat-pairs-post", "chat-open")  # as they are recorded
SECOND_MS = 1_000
STEP = 1.5  # from one rate to the next, until one is too high
FINER = 2  # halvings after that
LIMIT_SECONDS = 10.0  # for what has not come when the last message was due
BACKLOG_SECONDS = 40.0  # for answers to what was written before: the server gives each request up after 20 at most
OPENINGS = 21


class Chats:
    """A PostgreSQL server, and an office on it with as many people as there are clients."""

    def __init__(self, folder: Path, size: Size) -> None:
        self._folder, self._size = folder / "chat", size
        self._undo = contextlib.ExitStack()
        self._plans = 0

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
            self._write(stage, size.room_rate, 2, orders, size.room, "text", SEND)  # completes one-time work
            steady.measure(stage, size, size.room_rate, 2)
            messages, events = [], []
            for _ in range(size.room_turns):
                messages.append(self._write(stage, size.room_rate, size.room_messages, orders, size.room, "text", SEND))
                event = steady.measure(stage, size, size.room_rate, size.room_messages)
                events.append({**event, "cpu_ms": event["cpu_us"] * size.room / 1_000})
        values = {}
        for name, seen in (("", messages), ("event_", events)):
            for value in ("p50_ms", "p99_ms", "missing_percent", "cpu_ms"):
                values[f"{name}{value}"] = sum(one[value] for one in seen) / len(seen)
        return values

    def pairs(self, name: str) -> dict[str, float]:
        """Return the highest rate of messages between pairs of which none is lost and p99 is below a second.

        ``name`` is ``ours`` or ``plan``. People write over their own sockets, at ours over those of the old chat, whose
        clients are told the same. ``lost`` is of all rates that were tried, ``too_high`` the lowest that failed.
        """
        people, pairs = 2 * self._size.pairs, self._size.pairs
        if name == "plan":
            self._plans += 1
            database = self._postgres.create(f"plan-{self._plans}")
            stage = Stage(self._office, PLAN, people, BENCH_DATABASE=database, BENCH_PEOPLE=str(people))
        else:
            stage = Stage(self._office, OLD_CHAT, people)
        with stage:
            ids = list(range(1, people + 1))
            if name == "ours":
                ids = stage.publisher("pairs", pairs=pairs)["people"]
            stage.open()
            orders = [
                {"number": number, "cookie": "", "fields": {"receiver_id": ids[number ^ 1]}}
                for number in _one_of_each_pair(pairs)
            ]
            return self._highest(stage, orders, "message", "")

    def pairs_post(self) -> dict[str, float]:
        """Return the same for the page of messages, which posts each message."""
        cookies, pairs = self._office.cookies, self._size.pairs
        with Stage(self._office, PAGE, 2 * pairs) as stage:
            places = stage.publisher("pairs", pairs=pairs)["conversations"]
            stage.open()
            orders = [
                {"number": number, "cookie": cookies[number], "fields": {"conversation": places[number // 2]}}
                for number in _one_of_each_pair(pairs)
            ]
            return self._highest(stage, orders, "text", SEND)

    def _highest(self, stage: Stage, orders: list[dict[str, Any]], text: str, path: str) -> dict[str, float]:
        """Raise the rate until it is too high, and look for the limit between the last two."""
        self._write(stage, 20, 20, orders, 2, text, path)  # completes one-time work
        best: dict[str, float] = {"a_second": 0.0}
        rate, too_high, lost, finer = float(self._size.pairs_from), 0.0, 0.0, FINER
        while finer or not too_high:
            seen = self._write(stage, rate, int(rate * self._size.pairs_seconds), orders, 2, text, path)
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
        stage: Stage, rate: float, messages: int, orders: list[dict[str, Any]], each: int, text: str, path: str
    ) -> dict[str, float]:
        # What was too much before must not delay what is measured now.
        if left := stage.load("finish", BACKLOG_SECONDS + 10, limit=BACKLOG_SECONDS)["unanswered"]:
            raise Failed(f"{left} messages that were posted before had no answer after {BACKLOG_SECONDS:.0f} s")
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
            text=text,
            path=path,
        )
        cpu = cpu_seconds_of_all(stage.pid) - cpu
        delays = seen["delays"]
        closed = f"{seen['closed']} clients are closed: {seen['reason']}" if seen["closed"] else "no client is closed"
        if not delays["count"]:
            raise Failed(f"nothing came of {messages} messages, {seen['refused']} were refused, {closed}")
        if seen["closed"] and each > 2:  # a browser resumes, so what these clients missed is not lost
            raise Failed(closed)
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


def _one_of_each_pair(pairs: int) -> list[int]:
    """The numbers of all clients: one of each pair, then the others."""
    return [*range(0, 2 * pairs, 2), *range(1, 2 * pairs, 2)]
