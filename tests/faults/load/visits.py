"""Short connections that end in different ways, most of them abruptly."""

import asyncio
import random
import socket
import struct
from collections import Counter

from .framing import socket_request, stream_request

AT_ONCE = 100
STAYS = (0.0, 0.4)  # seconds, at random
VISIT_SECONDS = 30.0
MASK = bytes(4)
GOODBYE = b"\x88\x82" + MASK + struct.pack("!H", 1000)
CUT_FRAME = b"\x81\xe4" + MASK + b'{"type":'  # declares a hundred bytes and has a few
WAYS = ("polite", "reset", "vanished", "half handshake", "unheard", "middle of a frame")


class Visits:
    """Seeded visits to the ports of both transports. ``ways`` counts how they ended, ``refused`` the rejected ones."""

    def __init__(self, ports: dict[str, int], cookies: list[str], seed: str) -> None:
        self._ports, self._cookies = ports, cookies
        self._rng = random.Random(seed)
        self.ways: Counter[str] = Counter()
        self.refused: list[str] = []

    def pay(self, number: int) -> None:
        """Make ``number`` visits, ``AT_ONCE`` at a time."""
        asyncio.run(self._pay(number))

    async def _pay(self, number: int) -> None:
        places = asyncio.Semaphore(AT_ONCE)

        async def one(kind: str, way: str, cookie: str, stay: float) -> None:
            async with places:
                await asyncio.wait_for(self._visit(kind, way, cookie, stay), VISIT_SECONDS)

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
            if way == "unheard":  # disconnect at a random time before the response
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
                    await reader.read(7)  # leave the rest unread
                await writer.drain()
            elif way == "polite" and kind == "websocket":
                writer.write(GOODBYE)
                while await reader.read(65536):  # until the close frame and the end
                    pass
            if way == "reset":
                _reset(writer)
        except ConnectionError:
            pass  # the server disconnected first
        finally:
            writer.close()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Send RST instead of FIN when this connection is closed."""
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
