"""Many clients that reconnect to a site after interruptions, as its pages do, by WebSocket, SSE or polling.

Each keeps a cursor and resumes from it. It records every event that it receives, without removing duplicates, so that
assertions on the list are about the servers and not about the client.
"""

import asyncio
import json
import random
import re
import threading
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, urlsplit

from websockets.asyncio.client import connect
from websockets.exceptions import InvalidHandshake, InvalidMessage, WebSocketException

from tests.support.ports import listens

SUBPROTOCOL = "gistagum.v1"
OPEN_SECONDS = 5.0
READ_SECONDS = 8.0  # the sites of the tests send a heartbeat every second
POLL_SECONDS = 1.0
LOOK_SECONDS = 0.05  # between two looks whether the site listens
LENGTH = re.compile(rb"content-length: *(\d+)")


@dataclass
class ReconnectingClient:
    """One client. With ``follows_server`` it uses the transport that the server assigns, else WebSocket if it can."""

    user_id: int
    cookie: str
    follows_server: bool
    cursor: int
    got: list[int] = field(default_factory=list)
    transport: str = ""  # of the current connection; empty while disconnected
    used: Counter = field(default_factory=Counter)  # successful connections, by transport
    assigned: str = "sse"
    url: str = ""  # of the site; empty for that of its ``ReconnectingClients``
    read_timeout: float = READ_SECONDS
    topics: str = "notifications,projects"

    @property
    def transports(self) -> tuple[str, ...]:
        """The transports to try, in order of preference."""
        return ("sse",) if self.follows_server and self.assigned != "websocket" else ("websocket", "sse")

    def before_connect(self) -> None:
        """Called before each attempt to connect."""

    def take(self, frame: dict) -> None:
        """Record a frame, and move the cursor. Raise AssertionError for a reset."""
        if frame["type"] == "transport":
            self.assigned = frame["transport"]
        elif frame["type"] == "cursor":
            self.cursor = max(self.cursor, frame["cursor"])
        elif frame["type"] == "reset":
            raise AssertionError(f"A reset: {frame}")
        elif "id" in frame and "at" in frame:
            self.got.append(frame["id"])
            self.cursor = max(self.cursor, frame["id"])


Session = Callable[[Any, SplitResult], Awaitable[None]]


class ReconnectingClients:
    """Runs clients in an event loop in a thread."""

    def __init__(self, url: str, clients: list[ReconnectingClient]) -> None:
        self._url = url
        self.all = clients
        self._errors: list[BaseException] = []
        self._stopping = threading.Event()
        self._sessions = self.sessions()
        self._looks: dict[tuple[str | None, int | None], asyncio.Task[None]] = {}
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()), name="clients")
        self._thread.start()

    def sessions(self) -> dict[str, Session]:
        """Return how a client is connected by each transport, until the connection ends."""
        return {"websocket": self._socket, "sse": self._stream, "poll": self._poll}

    def count_by_transport(self) -> Counter:
        """Return the number of clients by their current transport ("" for the disconnected)."""
        return Counter(client.transport for client in self.all)

    def stop(self) -> None:
        """Stop all clients. Raise the first error that occurred in one."""
        self._stopping.set()
        self._thread.join(20)
        if self._errors:
            raise self._errors[0]

    async def _main(self) -> None:
        tasks = [asyncio.create_task(self._run_client(client)) for client in self.all]
        while not self._stopping.is_set():
            await asyncio.sleep(0.1)
        pending = set(tasks)
        while pending:  # repeatedly, since wait_for of Python 3.11 may swallow a cancellation
            for task in pending:
                task.cancel()
            _, pending = await asyncio.wait(pending, timeout=1)
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        self._errors += [one for one in outcomes if isinstance(one, Exception)]

    async def _run_client(self, client: ReconnectingClient) -> None:
        failures = 0
        while True:
            for transport in client.transports:
                before = client.used.total()
                client.before_connect()
                try:
                    await self._sessions[transport](client, urlsplit(client.url or self._url))
                except (OSError, TimeoutError, WebSocketException, asyncio.IncompleteReadError, ConnectionError):
                    pass  # expected: the site restarts, or does not offer this transport
                finally:
                    client.transport = ""
                if client.used.total() > before:
                    failures = 0
                    break
            else:
                failures += 1
            await self._until_somebody_listens(urlsplit(client.url or self._url))
            await asyncio.sleep(random.uniform(0, min(0.5, 0.05 * 2**failures)))

    async def _until_somebody_listens(self, site: SplitResult) -> None:
        """Wait while the site's port is closed: one look for all clients, which leaves the processor to its start."""
        key = (site.hostname, site.port)
        if key not in self._looks:
            self._looks[key] = asyncio.create_task(_listens(site))
            self._looks[key].add_done_callback(lambda _: self._looks.pop(key))
        await asyncio.shield(self._looks[key])

    def _target(self, path: str, client: ReconnectingClient) -> str:
        return f"{path}?topics={client.topics}&user={client.user_id}&last_event_id={client.cursor}"

    def mark_connected(self, client: ReconnectingClient, transport: str) -> None:
        """Note that a client is connected, by this transport."""
        if client.transport != transport:
            client.transport = transport
            client.used[transport] += 1

    async def _socket(self, client: ReconnectingClient, site: SplitResult) -> None:
        try:
            connection = await connect(
                f"ws://{site.netloc}{self._target('/ws/events/', client)}",
                origin=f"http://{site.netloc}",
                additional_headers={"Cookie": client.cookie},
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
                frames = json.loads(await asyncio.wait_for(connection.recv(), client.read_timeout))
                self.mark_connected(client, "websocket")
                for frame in frames:
                    client.take(frame)
                if client.transports[0] != "websocket":
                    return

    async def _stream(self, client: ReconnectingClient, site: SplitResult) -> None:
        target = self._target("/projeng/api/realtime/events/", client)
        async with aclosing(blocks_of_stream(client, site, target)) as arriving:
            async for blocks in arriving:
                self.mark_connected(client, "sse")
                for block in blocks:
                    _take_block(client, block)
                if client.follows_server and client.transports[0] == "websocket":
                    return

    async def _poll(self, client: ReconnectingClient, site: SplitResult) -> None:
        """Poll repeatedly, on one connection for as long as the server keeps it open."""
        async for answer in answers_of_polls(client, site, lambda: self._target("/projeng/api/realtime/poll/", client)):
            self.mark_connected(client, "poll")
            for frame in answer["frames"]:
                client.take(frame)
            client.take({"type": "cursor", "cursor": answer["cursor"]})
            if not answer["more"]:
                await asyncio.sleep(POLL_SECONDS)


async def _listens(site: SplitResult) -> None:
    while not listens(site.port or 80, site.hostname or "127.0.0.1"):
        await asyncio.sleep(LOOK_SECONDS)


async def blocks_of_stream(
    client: ReconnectingClient, site: SplitResult, target: str
) -> AsyncGenerator[list[str], None]:
    """Yield the complete blocks of an event stream as they arrive. Nothing is yielded if the site refuses it."""
    opening = asyncio.open_connection(site.hostname, site.port, limit=2**24)
    reader, writer = await asyncio.wait_for(opening, OPEN_SECONDS)
    try:
        writer.write(
            f"GET {target} HTTP/1.1\r\nHost: {site.netloc}\r\nAccept: text/event-stream\r\n"
            f"Cookie: {client.cookie}\r\n\r\n".encode()
        )
        head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), client.read_timeout)).lower()
        if b" 200 " not in head.split(b"\r\n", 1)[0]:
            return
        buffer = b""
        async for data in _body(reader, client.read_timeout, chunked=b"transfer-encoding: chunked" in head):
            buffer += data
            *blocks, buffer = buffer.split(b"\n\n")  # an incomplete block at the end of a connection is dropped
            yield [block.decode() for block in blocks]
    finally:
        writer.close()


async def answers_of_polls(
    client: ReconnectingClient, site: SplitResult, target: Callable[[], str]
) -> AsyncGenerator[dict[str, Any], None]:
    """Ask again and again, and yield the answers until the site refuses one. ``target`` is asked before each."""
    opening = asyncio.open_connection(site.hostname, site.port, limit=2**24)
    reader, writer = await asyncio.wait_for(opening, OPEN_SECONDS)
    try:
        while True:
            writer.write(f"GET {target()} HTTP/1.1\r\nHost: {site.netloc}\r\nCookie: {client.cookie}\r\n\r\n".encode())
            head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), client.read_timeout)).lower()
            if b" 200 " not in head.split(b"\r\n", 1)[0]:
                return
            length = LENGTH.search(head)
            if length is not None:
                body = await asyncio.wait_for(reader.readexactly(int(length.group(1))), client.read_timeout)
            else:
                pieces = _body(reader, client.read_timeout, chunked=b"transfer-encoding: chunked" in head)
                body = b"".join([piece async for piece in pieces])
            yield json.loads(body)
    finally:
        writer.close()


async def _body(reader: asyncio.StreamReader, read_timeout: float, *, chunked: bool) -> AsyncIterator[bytes]:
    while True:
        if not chunked:
            data = await asyncio.wait_for(reader.read(65536), read_timeout)
        else:
            size = int(await asyncio.wait_for(reader.readline(), read_timeout) or b"0", 16)
            data = await asyncio.wait_for(reader.readexactly(size), read_timeout)
            await reader.readline()
        if not data:
            return
        yield data


def _take_block(client: ReconnectingClient, block: str) -> None:
    for line in block.split("\n"):
        if line.startswith("data: "):
            client.take(json.loads(line.removeprefix("data: ")))
    for line in block.split("\n"):
        if line.startswith("id: "):
            client.take({"type": "cursor", "cursor": int(line.removeprefix("id: "))})
