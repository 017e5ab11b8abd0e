"""Hostile or broken clients: they read slowly or never, reconnect in storms, send garbage, or stop half-way.

They connect directly to the servers' ports, from a thread. They are signed in where that lets them get further.
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
ESTABLISHED, CLOSE_WAIT = "01", "08"  # states in /proc/net/tcp

Act = Callable[["HostileClient"], Awaitable[None]]


class HostileClient:
    """One connection to a local port, with a small receive buffer."""

    def __init__(self, port: int, cookie: str, rng: random.Random) -> None:
        self.port, self.cookie, self.random = port, cookie, rng
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
        self.socket.setblocking(False)

    async def connect(self) -> int:
        """Connect, and return the local port."""
        await asyncio.get_running_loop().sock_connect(self.socket, ("127.0.0.1", self.port))
        return self.socket.getsockname()[1]

    async def send(self, data: bytes) -> None:
        """Send all data."""
        await asyncio.get_running_loop().sock_sendall(self.socket, data)

    async def read(self, most: int) -> bytes:
        """Return at most ``most`` bytes; empty at the end."""
        return await asyncio.get_running_loop().sock_recv(self.socket, most)

    async def ask(self, transport: str, cursor: int) -> None:
        """Request everything after a cursor, by a stream or a socket."""
        await self.send(self.request(transport, cursor))

    def request(self, transport: str, cursor: int = 0) -> bytes:
        """Return the head of such a request."""
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
        """Disconnect, in half of the cases with a reset."""
        if self.random.random() < 0.5:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


class HostileClients:
    """A hostile client for each port. Each runs ``act`` repeatedly until the block ends."""

    def __init__(self, ports: Iterable[int], cookie: str, act: Act, seed: str) -> None:
        self._ports, self._cookie, self._act, self._seed = list(ports), cookie, act, seed
        self.connections: set[tuple[int, int]] = set()  # (server port, client port)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()), name="hostile-clients")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stopped.set()
        self._thread.join(30)

    async def _main(self) -> None:
        rng = random.Random(self._seed)
        tasks = [asyncio.create_task(self._one(port, random.Random(rng.random()))) for port in self._ports]
        while not self._stopped.is_set():
            await asyncio.sleep(0.05)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _one(self, port: int, rng: random.Random) -> None:
        while True:
            client = HostileClient(port, self._cookie, rng)
            try:
                self.connections.add((port, await client.connect()))
                await self._act(client)
            except OSError:
                pass  # disconnected or rejected: it tries again
            finally:
                client.leave()
            await asyncio.sleep(rng.uniform(0.05, 0.5))

    def open_connections(self) -> int:
        """Return how many of these connections the servers hold."""
        return self._count({ESTABLISHED, CLOSE_WAIT})

    def left_behind(self) -> int:
        """Return how many connections the servers still hold after the clients have disconnected.

        These are half closed. An established one belongs to another client that reuses a port.
        """
        return self._count({CLOSE_WAIT})

    def _count(self, states: set[str]) -> int:
        count = 0
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
            _, here, there, state = line.split()[:4]
            ports = (int(here.partition(":")[2], 16), int(there.partition(":")[2], 16))
            count += state in states and ports in self.connections
        return count


# --- acts ---------------------------------------------------------------------------------------------------------


def reads_slowly(transport: str, cursor: int) -> Act:
    """Request everything after ``cursor`` and read one byte a second."""

    async def act(client: HostileClient) -> None:
        await client.ask(transport, cursor)
        while await client.read(1):
            await asyncio.sleep(1)

    return act


def never_reads(transport: str, cursor: int) -> Act:
    """Request everything after ``cursor`` and read nothing."""

    async def act(client: HostileClient) -> None:
        await client.ask(transport, cursor)
        await asyncio.Event().wait()

    return act


def storms(transport: str, cursor: int) -> Act:
    """Read the first bytes, disconnect, and reconnect at once."""

    async def act(client: HostileClient) -> None:
        await client.ask(transport, cursor)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(client.read(SMALL_BUFFER), 5)
        await asyncio.sleep(client.random.uniform(0, 1))

    return act


def stops_half_way() -> Act:
    """Send a part of a handshake and nothing more."""

    async def act(client: HostileClient) -> None:
        head = client.request(client.random.choice(("websocket", "sse")))
        await client.send(head[: client.random.randrange(len(head) - 1)])
        while await client.read(SMALL_BUFFER):
            pass

    return act


def talks_garbage(cursor: int) -> Act:
    """Send an invalid request, or invalid frames after a valid handshake, and read until disconnected."""

    async def act(client: HostileClient) -> None:
        rng = client.random
        if rng.random() < 0.5:
            await client.send(_no_request(rng))
        else:
            await client.ask("websocket", cursor)
            await client.read(SMALL_BUFFER)
            await client.send(_no_frame(rng))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(5):
                while await client.read(SMALL_BUFFER):
                    pass

    return act


def _no_request(rng: random.Random) -> bytes:
    return rng.choice(
        [
            os.urandom(rng.randrange(1, 2_000)),
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + os.urandom(200),  # a TLS client hello
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
            b"\x81\xff" + struct.pack("!Q", 2**62) + mask,  # an absurd length
            b"\xf1\x80" + mask,  # reserved bits
            b"\x83\x80" + mask,  # an unknown opcode
            b"\x81\x84" + bytes(4) + b"\xff\xfe\xfd\xfc",  # not UTF-8
            b"\x80\x80" + mask,  # a continuation without a beginning
            b"\x89\xfe\x01\x00" + mask + bytes(256),  # a ping that is too long
            b"\x01\x81" + mask + b"a" + (b"\x00\x81" + mask + b"b") * 3_000,  # a fragmented message without an end
            b"".join(b"\x81\x82" + bytes(4) + b"{}" for _ in range(2_000)),  # a flood of messages
            b"\x88\x82" + bytes(4) + b"\x00\x01",  # an invalid close code
        ]
    )
