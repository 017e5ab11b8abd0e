"""A browser as far as reports go: real streams and sockets, faults on the way made on purpose, reports over HTTP."""

import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any

import httpx
from django.contrib.auth.models import User

from tests.support import http
from tests.support.people import session_cookie
from tests.support.ports import wait_until
from tests.support.site import Site
from tests.support.sse import Stream
from tests.support.websocket import Socket

TOPICS = ["dashboard", "notifications", "projects"]
# Seconds for which a link says to have been open already. By as much as a report takes on its way the server takes the
# link to have opened later, and what came meanwhile would count as caught up with.
BEFORE = 5.0
HELD = 4.0  # seconds: beyond the limit for late, which is beyond what the log's tail needs without Redis


@dataclass
class Link:
    """A connection that works; ``noted`` is what the page was given of it, and when."""

    connection: Stream | Socket
    transport: str
    cursor_from: int
    shown: bool
    topics: list[str]
    name: str = field(default_factory=lambda: token_hex(8))
    opened: float = field(default_factory=lambda: time.monotonic() - BEFORE)
    noted: list[tuple[int, float]] = field(default_factory=list)
    reported: int = 0

    @property
    def cursor(self) -> int:
        """The furthest that it told."""
        return int(self.connection.cursor or 0)

    def arrived(self) -> list[tuple[int, float]]:
        """What really came over it."""
        return [(frame["id"], frame.at) for frame in list(self.connection.frames) if "id" in frame and "at" in frame]

    def pass_on(self) -> None:
        """Give the page everything, as it came."""
        self.noted = self.arrived()

    def pass_on_faulty(self, chance: random.Random, made: Counter) -> None:
        """Lose, double, reorder and hold back; what was done is counted in ``made``."""
        arrived = self.arrived()
        numbers = list(range(1, len(arrived) - 1))
        chance.shuffle(numbers)
        lost, doubled, held = set(numbers[:5]), set(numbers[5:9]), set(numbers[9:12])
        after = sorted(set(numbers[12:]))
        swapped = {one for one in after[::7] if one + 1 in after}
        for number, (event_id, at) in enumerate(arrived):
            if number in lost:
                made["missing"] += 1
                continue
            made["delivered"] += 1
            made["late"] += number in held
            self.noted.append((event_id, at + HELD if number in held else at))
            if number in doubled:
                made["duplicates"] += 1
                self.noted.append((event_id, at))
        for number in swapped:
            ids = [event_id for event_id, _ in self.noted]
            one, other = ids.index(arrived[number][0]), ids.index(arrived[number + 1][0])
            assert other == one + 1
            self.noted[one], self.noted[other] = self.noted[other], self.noted[one]
            made["out_of_order"] += 1


class Browser:
    """Somebody's browser at a site: opens links, reports what they brought."""

    def __init__(self, site: Site, user: User) -> None:
        self.site, self.user = site, user
        self.cookie = session_cookie(user)
        self.links: list[Link] = []
        self.topics = TOPICS  # of links that are opened from now on
        token = http.get(f"{site.url}/accounts/login/").cookies["csrftoken"]
        headers = {"Cookie": f"{self.cookie}; csrftoken={token}", "X-CSRFToken": token, "Referer": site.url}
        self.http = http.Client(base_url=site.url, headers=headers, timeout=20)

    def open(self, transport: str, cursor: int, *, shown: bool = True) -> Link:
        """A link that works, from this cursor on."""
        query = f"topics={','.join(self.topics)}&last_event_id={cursor}&user={self.user.pk}"
        if transport == "sse":
            connection = Stream(f"{self.site.url}/projeng/api/realtime/events/?{query}", self.cookie)
        else:
            connection = Socket(f"{self.site.url}/ws/events/?{query}", self.cookie)
        link = Link(connection, transport, cursor, shown, self.topics)
        self.links.append(link)
        return link

    def report(self, *, failed: tuple[str, ...] = (), reason: str = "blocked") -> httpx.Response:
        """Tell of every link what is new, as receipts.js does; ``failed`` are transports that did not open just now."""
        last = max((at for link in self.links for _, at in link.noted), default=0.0)
        wait_until(lambda: time.monotonic() > last, "the last of them has come", HELD + 1)
        now = time.monotonic()
        links = []
        for link in self.links:
            links.append(
                {
                    **_about(
                        link.name,
                        link.transport,
                        round(1000 * (now - link.opened)),
                        shown=link.shown,
                        topics=link.topics,
                    ),
                    "worked_ago": round(1000 * (now - link.opened)),
                    "heard_ago": 0,
                    "from": link.cursor_from,
                    "to": link.cursor,
                    "first": link.reported,
                    "events": [[one, round(1000 * (now - at))] for one, at in link.noted[link.reported :]],
                }
            )
        links += [{**_about(token_hex(8), one, 100), "ended_ago": 50, "reason": reason} for one in failed]
        fallbacks = [
            {"name": token_hex(8), "from": "websocket", "to": "sse", "reason": reason, "ago": 40}
            for one in failed
            if one == "websocket"
        ]
        address = f"/projeng/api/realtime/receipts/?user={self.user.pk}"
        answer = self.http.post(address, json={"links": links, "fallbacks": fallbacks})
        if answer.status_code == 200:
            for link in self.links:
                link.reported = len(link.noted)
        return answer

    def close(self) -> None:
        """Close what is open."""
        for link in self.links:
            link.connection.close()
        self.http.close()


def _about(
    name: str, transport: str, opened_ago: int, *, shown: bool = True, topics: Sequence[str] = TOPICS
) -> dict[str, Any]:
    return {"link": name, "transport": transport, "shown": shown, "topics": topics, "opened_ago": opened_ago}
