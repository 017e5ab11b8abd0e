"""A proxy in front of a site that can behave like faulty proxies between browsers and servers."""

import asyncio
import contextlib
import threading
from collections import Counter
from dataclasses import dataclass, field

from .ports import free_port

SOCKET, STREAM, POLL, PAGE = "socket", "stream", "poll", "page"  # kinds of requests, by path
OPEN = "open"
STRIPPED = "stripped"  # drops the Upgrade header, like a proxy without support for WebSocket
HELD = "held"  # forwards the request and withholds the response
MUTE = "mute"  # forwards the head of the response and withholds the rest
_CHUNK = 65_536


def _kind(address: str) -> str:
    for part, kind in (("/ws/", SOCKET), ("/realtime/events/", STREAM), ("/realtime/poll/", POLL)):
        if part in address:
            return kind
    return PAGE


@dataclass
class _Connection:
    kind: str
    mode: str | int
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    def cut(self) -> None:
        for writer in self.writers:
            writer.transport.abort()


class FaultyProxy:
    """The proxy. ``modes`` has, for each kind of new requests, one of the modes above or a status to respond with."""

    def __init__(self, behind: int) -> None:
        self.modes: dict[str, str | int] = dict.fromkeys((SOCKET, STREAM, POLL, PAGE), OPEN)
        self.passed: Counter[str] = Counter()  # requests so far
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._behind = behind
        self._open: list[_Connection] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy")

    def cut(self, kind: str) -> None:
        """Abort the open connections of this kind."""
        self._loop.call_soon_threadsafe(lambda: [one.cut() for one in self._open if one.kind == kind])

    def mute(self, kind: str) -> None:
        """Withhold further data on the open connections of this kind, and keep them open."""
        for one in list(self._open):
            if one.kind == kind:
                one.mode = HELD

    def __enter__(self) -> "FaultyProxy":
        self._thread.start()
        serving = asyncio.start_server(self._serve, "127.0.0.1", self.port)
        asyncio.run_coroutine_threadsafe(serving, self._loop).result(10)
        return self

    def __exit__(self, *exc: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _end(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one request and close its connection, so that each request has a mode of its own."""
        connection = _Connection(PAGE, OPEN, [writer])
        self._open.append(connection)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin1")
            connection.kind = _kind(head.split(" ", 2)[1])
            connection.mode = self.modes[connection.kind]
            self.passed[connection.kind] += 1
            if isinstance(connection.mode, int):
                head = f"HTTP/1.1 {connection.mode} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                writer.write(head.encode())
                await writer.drain()
            else:
                await self._pass(head, connection, reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client or the server disconnected, or the proxy is closing
        finally:
            self._open.remove(connection)
            connection.cut() if connection.mode == HELD else writer.close()

    async def _pass(
        self, head: str, connection: _Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        upgrade = connection.kind == SOCKET and connection.mode != STRIPPED
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self._behind)
        connection.writers.append(server_writer)
        server_writer.write((head if upgrade else _closing(head)).encode("latin1"))
        up = asyncio.create_task(_pump(reader, server_writer))
        try:
            answer = (await server_reader.readuntil(b"\r\n\r\n")).decode("latin1")
            if connection.mode != HELD:
                writer.write((answer if upgrade else _closing(answer)).encode("latin1"))
            if connection.mode == MUTE:
                connection.mode = HELD
            await _pump(server_reader, writer, connection)
        finally:
            up.cancel()
            with contextlib.suppress(asyncio.CancelledError, OSError):
                await up
            server_writer.close()


async def _pump(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: _Connection | None = None
) -> None:
    while data := await reader.read(_CHUNK):
        if connection is None or connection.mode != HELD:
            writer.write(data)
            await writer.drain()
    if connection is None:
        writer.close()  # the client has disconnected


def _closing(head: str) -> str:
    """Return the head of a request or response with ``Connection: close`` and without ``Upgrade``."""
    first, *fields = head.split("\r\n")[:-2]
    kept = [line for line in fields if line.split(":", 1)[0].lower() not in {"connection", "upgrade", "keep-alive"}]
    return "\r\n".join([first, *kept, "Connection: close", "", ""])
