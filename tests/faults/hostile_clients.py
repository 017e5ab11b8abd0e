"""Clients that mean harm, or know no better: they read slowly or never, storm, send garbage, stop half-way.

They come straight to the servers' ports, on a thread of their own. They are signed in where that lets them in deeper.
"""

import asyncio
import base64
import contextlib
import os
import random
import socket
import struct
import threading
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

SMALL_BUFFER = 4096
ESTABLISHED, CLOSE_WAIT = "01", "08"  # as in /proc/net/tcp

Act = Callable[["Vandal"], Awaitable[None]]


class Vandal:
    """One connection to a port of this machine, with a small buffer, that has sent nothing yet."""

    def __init__(self, port: int, cookie: str, rng: random.Random) -> None:
        self.port, self.cookie, self.random = port, cookie, rng
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
        self.socket.setblocking(False)

    async def connect(self) -> int:
        """Come; returns the port from which."""
        await asyncio.get_running_loop().sock_connect(self.socket, ("127.0.0.1", self.port))
        return self.socket.getsockname()[1]

    async def send(self, data: bytes) -> None:
        """Send all of it."""
        await asyncio.get_running_loop().sock_sendall(self.socket, data)

    async def read(self, most: int) -> bytes:
        """What has come; empty at the end."""
        return await asyncio.get_running_loop().sock_recv(self.socket, most)

    async def ask(self, transport: str, cursor: int) -> None:
        """Ask for everything after a cursor, by a stream or a socket."""
        await self.send(self.request(transport, cursor))

    def request(self, transport: str, cursor: int = 0) -> bytes:
        """The head of such a request."""
        path = "/ws/events/" if transport == "websocket" else "/projeng/api/realtime/events/"
        lines = [
            f"GET {path}?topics=notifications,projects&last_event_id={cursor} HTTP/1.1",
            f"Host: 127.0.0.1:{self.port}",
            f"Cookie: {self.cookie}",
        ]
        if transport == "websocket":
            lines += [
                f"Origin: http://127.0.0.1:{self.port}",
                "Upgrade: websocket",
                "Connection: Upgrade",
                "Sec-WebSocket-Version: 13",
                f"Sec-WebSocket-Key: {base64.b64encode(self.random.randbytes(16)).decode()}",
            ]
        return "\r\n".join([*lines, "", ""]).encode()

    def leave(self) -> None:
        """Go: half of the time with a reset."""
        if self.random.random() < 0.5:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


class Vandals:
    """Many of them, each doing ``act`` until the block ends; whoever comes to the end of it stays as it is."""

    def __init__(self, ports: Iterable[int], cookie: str, act: Act, seed: str) -> None:
        self._ports, self._cookie, self._act, self._seed = list(ports), cookie, act, seed
        self.came: set[tuple[int, int]] = set()  # the server's port and their own
        self._over = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()), name="vandals")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._over.set()
        self._thread.join(30)

    async def _main(self) -> None:
        rng = random.Random(self._seed)
        tasks = [asyncio.create_task(self._one(port, random.Random(rng.random()))) for port in self._ports]
        while not self._over.is_set():
            await asyncio.sleep(0.05)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _one(self, port: int, rng: random.Random) -> None:
        while True:
            vandal = Vandal(port, self._cookie, rng)
            try:
                self.came.add((port, await vandal.connect()))
                await self._act(vandal)
            except OSError:
                pass  # thrown out, or not let in: it comes again
            finally:
                vandal.leave()
            await asyncio.sleep(rng.uniform(0.05, 0.5))

    def held(self) -> int:
        """How many of their connections the servers hold."""
        return self._count({ESTABLISHED, CLOSE_WAIT})

    def left_behind(self) -> int:
        """After they have left: how many of their connections the servers still hold.

        Those are half closed. One that is whole is somebody else's, who has got a port that was theirs.
        """
        return self._count({CLOSE_WAIT})

    def _count(self, states: set[str]) -> int:
        count = 0
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
            _, here, there, state = line.split()[:4]
            ports = (int(here.partition(":")[2], 16), int(there.partition(":")[2], 16))
            count += state in states and ports in self.came
        return count


# --- what they do -------------------------------------------------------------------------------------------------


def reads_slowly(transport: str, cursor: int) -> Act:
    """Reads a byte a second of everything after ``cursor``."""

    async def act(vandal: Vandal) -> None:
        await vandal.ask(transport, cursor)
        while await vandal.read(1):
            await asyncio.sleep(1)

    return act


def never_reads(transport: str, cursor: int) -> Act:
    """Asks for everything after ``cursor`` and reads nothing of it."""

    async def act(vandal: Vandal) -> None:
        await vandal.ask(transport, cursor)
        await asyncio.Event().wait()

    return act


def storms(transport: str, cursor: int) -> Act:
    """Takes a first bite of what comes, and leaves to come again at once."""

    async def act(vandal: Vandal) -> None:
        await vandal.ask(transport, cursor)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(vandal.read(SMALL_BUFFER), 5)
        await asyncio.sleep(vandal.random.uniform(0, 1))

    return act


def stops_half_way() -> Act:
    """Sends a part of a handshake, and then nothing more."""

    async def act(vandal: Vandal) -> None:
        head = vandal.request(vandal.random.choice(("websocket", "sse")))
        await vandal.send(head[: vandal.random.randrange(len(head) - 1)])
        while await vandal.read(SMALL_BUFFER):
            pass

    return act


def talks_garbage(cursor: int) -> Act:
    """Sends what is no request, or is one and goes on with what is no frame; reads until it is thrown out."""

    async def act(vandal: Vandal) -> None:
        rng = vandal.random
        if rng.random() < 0.5:
            await vandal.send(_no_request(rng))
        else:
            await vandal.ask("websocket", cursor)
            await vandal.read(SMALL_BUFFER)
            await vandal.send(_no_frame(rng))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(5):
                while await vandal.read(SMALL_BUFFER):
                    pass

    return act


def _no_request(rng: random.Random) -> bytes:
    return rng.choice(
        [
            os.urandom(rng.randrange(1, 2_000)),
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + os.urandom(200),  # somebody who speaks TLS
            b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n",
            b"GET / HTTP/9.9\r\nHost: \xff\r\n\r\n",
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
            b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
            b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 5_000 + b"\r\n",
            b"\r\n" * 500,
        ]
    )


def _no_frame(rng: random.Random) -> bytes:
    mask = b"\x01\x02\x03\x04"
    return rng.choice(
        [
            os.urandom(rng.randrange(1, 2_000)),
            b"\x81\x05hello",  # not masked
            b"\x81\xff" + struct.pack("!Q", 2**62) + mask,  # longer than anything
            b"\xf1\x80" + mask,  # bits that nobody has agreed on
            b"\x83\x80" + mask,  # an opcode that there is not
            b"\x81\x84" + bytes(4) + b"\xff\xfe\xfd\xfc",  # no UTF-8
            b"\x80\x80" + mask,  # the rest of what never began
            b"\x89\xfe\x01\x00" + mask + bytes(256),  # a ping that is too long
            b"\x01\x81" + mask + b"a" + (b"\x00\x81" + mask + b"b") * 3_000,  # a message in pieces, without an end
            b"".join(b"\x81\x82" + bytes(4) + b"{}" for _ in range(2_000)),  # talk without a breath
            b"\x88\x82" + bytes(4) + b"\x00\x01",  # closes with a code that there is not
        ]
    )
