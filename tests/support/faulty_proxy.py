"""A proxy in front of a site, with the faults that proxies on the way to people have. One at a time, at will."""

import asyncio
import contextlib
import threading
from collections import Counter
from dataclasses import dataclass, field

from .ports import free_port

SOCKET, STREAM, POLL, PAGE = "socket", "stream", "poll", "page"  # what passes, by its address
OPEN = "open"
STRIPPED = "stripped"  # the request arrives without its Upgrade, as behind a proxy that knows nothing of WebSocket
HELD = "held"  # the server is reached, and whatever it says is kept back
MUTE = "mute"  # the head of the answer passes, and then nothing
_PIECE = 65_536


def _kind(address: str) -> str:
    for part, kind in (("/ws/", SOCKET), ("/realtime/events/", STREAM), ("/realtime/poll/", POLL)):
        if part in address:
            return kind
    return PAGE


@dataclass
class _Passage:
    kind: str
    way: str | int
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    def cut(self) -> None:
        for writer in self.writers:
            writer.transport.abort()


class Gate:
    """The proxy. ``ways`` says for each kind how new requests fare: one of the words above, or a status to answer."""

    def __init__(self, behind: int) -> None:
        self.ways: dict[str, str | int] = dict.fromkeys((SOCKET, STREAM, POLL, PAGE), OPEN)
        self.passed: Counter[str] = Counter()  # requests so far
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._behind = behind
        self._open: list[_Passage] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="gate")

    def cut(self, kind: str) -> None:
        """Break what is open of this kind."""
        self._loop.call_soon_threadsafe(lambda: [one.cut() for one in self._open if one.kind == kind])

    def mute(self, kind: str) -> None:
        """From now on nothing comes any more over what is open of this kind, and it stays open."""
        for one in list(self._open):
            if one.kind == kind:
                one.way = HELD

    def __enter__(self) -> "Gate":
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
        """One request: the connection ends with its answer, so that each can fare in a way of its own."""
        passage = _Passage(PAGE, OPEN, [writer])
        self._open.append(passage)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin1")
            passage.kind = _kind(head.split(" ", 2)[1])
            passage.way = self.ways[passage.kind]
            self.passed[passage.kind] += 1
            if isinstance(passage.way, int):
                writer.write(f"HTTP/1.1 {passage.way} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
                await writer.drain()
            else:
                await self._pass(head, passage, reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # one of the two is gone, or the gate itself
        finally:
            self._open.remove(passage)
            passage.cut() if passage.way == HELD else writer.close()

    async def _pass(
        self, head: str, passage: _Passage, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        upgrade = passage.kind == SOCKET and passage.way != STRIPPED
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self._behind)
        passage.writers.append(server_writer)
        server_writer.write((head if upgrade else _closing(head)).encode("latin1"))
        up = asyncio.create_task(_pump(reader, server_writer))
        try:
            answer = (await server_reader.readuntil(b"\r\n\r\n")).decode("latin1")
            if passage.way != HELD:
                writer.write((answer if upgrade else _closing(answer)).encode("latin1"))
            if passage.way == MUTE:
                passage.way = HELD
            await _pump(server_reader, writer, passage)
        finally:
            up.cancel()
            with contextlib.suppress(asyncio.CancelledError, OSError):
                await up
            server_writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, passage: _Passage | None = None) -> None:
    while data := await reader.read(_PIECE):
        if passage is None or passage.way != HELD:
            writer.write(data)
            await writer.drain()
    if passage is None:
        writer.close()  # whoever asked is gone


def _closing(head: str) -> str:
    """The head of a request or an answer whose connection ends with it, and which asks for no other protocol."""
    first, *fields = head.split("\r\n")[:-2]
    kept = [line for line in fields if line.split(":", 1)[0].lower() not in {"connection", "upgrade", "keep-alive"}]
    return "\r\n".join([first, *kept, "Connection: close", "", ""])
