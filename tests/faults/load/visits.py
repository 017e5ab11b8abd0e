"""Clients that come and go, each in one of the ways in which clients leave: some polite, most not."""

import asyncio
import random
import socket
import struct
from collections import Counter

from .framing import socket_request, stream_request

AT_ONCE = 100
STAYS = (0.0, 0.4)  # seconds, at random
PATIENCE = 30.0
MASK = bytes(4)
GOODBYE = b"\x88\x82" + MASK + struct.pack("!H", 1000)
CUT_FRAME = b"\x81\xe4" + MASK + b'{"type":'  # says a hundred bytes and brings a few
WAYS = ("polite", "reset", "vanished", "half handshake", "unheard", "middle of a frame")


class Visits:
    """``number`` visits to two ports, seeded; ``ways`` counts how they ended, ``refused`` who was not let in."""

    def __init__(self, ports: dict[str, int], cookies: list[str], seed: str) -> None:
        self._ports, self._cookies = ports, cookies
        self._rng = random.Random(seed)
        self.ways: Counter[str] = Counter()
        self.refused: list[str] = []

    def pay(self, number: int) -> None:
        """So many visits, ``AT_ONCE`` at a time."""
        asyncio.run(self._pay(number))

    async def _pay(self, number: int) -> None:
        places = asyncio.Semaphore(AT_ONCE)

        async def one(kind: str, way: str, cookie: str, stay: float) -> None:
            async with places:
                await asyncio.wait_for(self._visit(kind, way, cookie, stay), PATIENCE)

        await asyncio.gather(
            *(
                one(
                    self._rng.choice(["sse", "websocket"]),
                    self._rng.choice(WAYS),
                    self._rng.choice(self._cookies),
                    self._rng.uniform(*STAYS),
                )
                for _ in range(number)
            )
        )

    async def _visit(self, kind: str, way: str, cookie: str, stay: float) -> None:
        port = self._ports[kind]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        request = (socket_request if kind == "websocket" else stream_request)(f"127.0.0.1:{port}", cookie)
        self.ways[f"{kind}, {way}"] += 1
        try:
            if way == "half handshake":
                writer.write(request[: len(request) * 2 // 3])
                await asyncio.sleep(stay)
                if stay < 0.2:
                    _reset(writer)
                return
            writer.write(request)
            if way == "unheard":  # gone before there is an answer, at any moment of its making
                await asyncio.sleep(stay / 10)
                _reset(writer)
                return
            head = await reader.readuntil(b"\r\n\r\n")
            if head.split(b" ", 2)[1] not in {b"101", b"200"}:
                self.refused.append(head.decode("latin1")[:100])
                return
            await asyncio.sleep(stay)
            if way == "middle of a frame":
                if kind == "websocket":
                    writer.write(CUT_FRAME)
                else:
                    await reader.read(7)  # and no more of what is on its way
                await writer.drain()
            elif way == "polite" and kind == "websocket":
                writer.write(GOODBYE)
                while await reader.read(65536):  # its own goodbye, and the end
                    pass
            if way == "reset":
                _reset(writer)
        except ConnectionError:
            pass  # the server was quicker
        finally:
            writer.close()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Have the system say RST instead of FIN when this connection is closed."""
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
