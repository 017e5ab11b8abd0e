"""Many clients that stay with a site through restarts, as its pages do: by WebSocket, SSE or polling.

Each keeps one cursor, comes back with it, and writes down every event that it is handed, before any de-duplication:
what is asserted of that list is what the servers did, not what the client mended.
"""

import asyncio
import json
import random
import re
import threading
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

from websockets.asyncio.client import connect
from websockets.exceptions import InvalidHandshake, InvalidMessage, WebSocketException

SUBPROTOCOL = "gistagum.v1"
OPEN_SECONDS = 5.0
SILENCE_SECONDS = 8.0  # the sites of the tests say something every second
POLL_SECONDS = 1.0
LENGTH = re.compile(rb"content-length: *(\d+)")


@dataclass
class Follower:
    """One client. ``obeys``: goes by what the server tells; otherwise it tries WebSocket first, whatever it is told."""

    user_id: int
    cookie: str
    obeys: bool
    cursor: int
    got: list[int] = field(default_factory=list)
    transport: str = ""  # the one in use; empty while there is none
    used: Counter = field(default_factory=Counter)  # connections that worked, by transport
    told: str = "sse"
    url: str = ""  # the site to which it goes; empty for that of its ``Followers``
    silence: float = SILENCE_SECONDS

    @property
    def ways(self) -> tuple[str, ...]:
        """The transports to try now, best first."""
        return ("sse",) if self.obeys and self.told != "websocket" else ("websocket", "sse")

    def opens(self) -> None:
        """Called before each try at a connection."""

    def take(self, frame: dict) -> None:
        """Write down what came."""
        if frame["type"] == "transport":
            self.told = frame["transport"]
        elif frame["type"] == "cursor":
            self.cursor = max(self.cursor, frame["cursor"])
        elif frame["type"] == "reset":
            raise AssertionError(f"A reset: {frame}")
        elif "id" in frame and "at" in frame:
            self.got.append(frame["id"])
            self.cursor = max(self.cursor, frame["id"])


class Followers:
    """A thread with an event loop in which they all live. ``stop`` ends them and says what was wrong, if anything."""

    def __init__(self, url: str, followers: list[Follower]) -> None:
        self._url = url
        self.all = followers
        self._faults: list[BaseException] = []
        self._stopping = threading.Event()
        self._talks = {"websocket": self._socket, "sse": self._stream, "poll": self._poll}
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()), name="followers")
        self._thread.start()

    def counts(self) -> Counter:
        """How many are connected now, by transport ("" for none)."""
        return Counter(follower.transport for follower in self.all)

    def stop(self) -> None:
        """End all of them; raises the first fault that one of them met."""
        self._stopping.set()
        self._thread.join(20)
        if self._faults:
            raise self._faults[0]

    async def _main(self) -> None:
        tasks = [asyncio.create_task(self._follow(follower)) for follower in self.all]
        while not self._stopping.is_set():
            await asyncio.sleep(0.1)
        pending = set(tasks)
        while pending:  # not once: wait_for of Python 3.11 may swallow it
            for task in pending:
                task.cancel()
            _, pending = await asyncio.wait(pending, timeout=1)
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        self._faults += [one for one in outcomes if isinstance(one, Exception)]

    async def _follow(self, follower: Follower) -> None:
        failures = 0
        while True:
            for way in follower.ways:
                before = follower.used.total()
                follower.opens()
                try:
                    await self._talks[way](follower, urlsplit(follower.url or self._url))
                except (OSError, TimeoutError, WebSocketException, asyncio.IncompleteReadError, ConnectionError):
                    pass  # the site restarts, or has no such door: that is what this is about
                finally:
                    follower.transport = ""
                if follower.used.total() > before:
                    failures = 0
                    break
            else:
                failures += 1
            await asyncio.sleep(random.uniform(0, min(0.5, 0.05 * 2**failures)))

    def _target(self, path: str, follower: Follower) -> str:
        return f"{path}?topics=notifications,projects&user={follower.user_id}&last_event_id={follower.cursor}"

    def _works(self, follower: Follower, transport: str) -> None:
        if follower.transport != transport:
            follower.transport = transport
            follower.used[transport] += 1

    async def _socket(self, follower: Follower, site: SplitResult) -> None:
        try:
            connection = await connect(
                f"ws://{site.netloc}{self._target('/ws/events/', follower)}",
                origin=f"http://{site.netloc}",
                additional_headers={"Cookie": follower.cookie},
                subprotocols=[SUBPROTOCOL],
                open_timeout=OPEN_SECONDS,
                close_timeout=1,
                max_size=None,
                proxy=None,
            )
        except (InvalidHandshake, InvalidMessage, EOFError):
            return  # refused
        async with connection:
            while True:
                frames = json.loads(await asyncio.wait_for(connection.recv(), follower.silence))
                self._works(follower, "websocket")
                for frame in frames:
                    follower.take(frame)
                if follower.ways[0] != "websocket":
                    return

    async def _stream(self, follower: Follower, site: SplitResult) -> None:
        opening = asyncio.open_connection(site.hostname, site.port, limit=2**24)
        reader, writer = await asyncio.wait_for(opening, OPEN_SECONDS)
        try:
            target = self._target("/projeng/api/realtime/events/", follower)
            writer.write(
                f"GET {target} HTTP/1.1\r\nHost: {site.netloc}\r\nAccept: text/event-stream\r\n"
                f"Cookie: {follower.cookie}\r\n\r\n".encode()
            )
            head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), follower.silence)).lower()
            if b" 200 " not in head.split(b"\r\n", 1)[0]:
                return
            buffer = b""
            async for data in _body(reader, follower.silence, chunked=b"transfer-encoding: chunked" in head):
                self._works(follower, "sse")
                buffer += data
                *blocks, buffer = buffer.split(b"\n\n")  # half a block at the end of a connection is nothing
                for block in blocks:
                    _take_block(follower, block.decode())
                if follower.obeys and follower.ways[0] == "websocket":
                    return
        finally:
            writer.close()

    async def _poll(self, follower: Follower, site: SplitResult) -> None:
        """Ask again and again, on one connection for as long as the server keeps it."""
        opening = asyncio.open_connection(site.hostname, site.port, limit=2**24)
        reader, writer = await asyncio.wait_for(opening, OPEN_SECONDS)
        try:
            while True:
                target = self._target("/projeng/api/realtime/poll/", follower)
                writer.write(
                    f"GET {target} HTTP/1.1\r\nHost: {site.netloc}\r\nCookie: {follower.cookie}\r\n\r\n".encode()
                )
                head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), follower.silence)).lower()
                length = LENGTH.search(head)
                if b" 200 " not in head.split(b"\r\n", 1)[0] or length is None:
                    return
                body = await asyncio.wait_for(reader.readexactly(int(length.group(1))), follower.silence)
                self._works(follower, "poll")
                answer = json.loads(body)
                for frame in answer["frames"]:
                    follower.take(frame)
                follower.cursor = max(follower.cursor, answer["cursor"])
                if not answer["more"]:
                    await asyncio.sleep(POLL_SECONDS)
        finally:
            writer.close()


async def _body(reader: asyncio.StreamReader, silence: float, *, chunked: bool) -> AsyncIterator[bytes]:
    while True:
        if not chunked:
            data = await asyncio.wait_for(reader.read(65536), silence)
        else:
            size = int(await asyncio.wait_for(reader.readline(), silence) or b"0", 16)
            data = await asyncio.wait_for(reader.readexactly(size), silence)
            await reader.readline()
        if not data:
            return
        yield data


def _take_block(follower: Follower, block: str) -> None:
    for line in block.split("\n"):
        if line.startswith("data: "):
            follower.take(json.loads(line.removeprefix("data: ")))
    for line in block.split("\n"):
        if line.startswith("id: "):
            follower.cursor = max(follower.cursor, int(line.removeprefix("id: ")))
