"""A TCP relay between two programs that simulates a faulty network: delays, losses, pauses and cuts.

TCP retransmits lost packets, so a loss appears as a pause of its connection. For the same reason, the relay discards
no data that it holds. A cut ends connections with a reset.
"""

import asyncio
import contextlib
import random
import threading

from .ports import free_port

RETRANSMISSION = (0.2, 0.8)  # seconds until a lost packet is retransmitted
_CHUNK = 65_536


class TcpRelay:
    """The relay to ``behind`` (a local port). Its attributes may be set at any time and from any thread.

    ``delay`` is the latency in seconds, in either direction. ``loss`` is the share of chunks that are lost once.
    ``trickle`` limits the bytes per second towards the client (0: no limit).
    """

    def __init__(self, behind: int, seed: int = 0) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.delay = 0.0
        self.loss = 0.0
        self.trickle = 0
        self._behind = behind
        self._random = random.Random(seed)
        self._refusing = False
        self._open: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._flows = asyncio.Event()
        self._answers = asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_forever, name="tcp-relay", daemon=True)

    def hold(self) -> None:
        """Hold all data. Connections stay open, and new ones are accepted."""
        self._loop.call_soon_threadsafe(self._flows.clear)

    def hold_answers(self) -> None:
        """Hold all data towards clients. What clients send passes."""
        self._loop.call_soon_threadsafe(self._answers.clear)

    def cut(self) -> None:
        """Abort every connection and refuse new ones."""
        self._refusing = True
        self._loop.call_soon_threadsafe(self._abort_all)

    def snap(self) -> None:
        """Abort every connection and accept new ones."""
        self._loop.call_soon_threadsafe(self._abort_all)

    def lead_to(self, behind: int) -> None:
        """Lead new connections to another local port, and abort those to the old one."""
        self._behind = behind
        self.snap()

    def heal(self) -> None:
        """Remove all faults."""
        self.delay = self.loss = 0.0
        self.trickle = 0
        self._refusing = False
        self._loop.call_soon_threadsafe(self._flows.set)
        self._loop.call_soon_threadsafe(self._answers.set)

    def __enter__(self) -> "TcpRelay":
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)
        return self

    def __exit__(self, *exc: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _listen(self) -> None:
        self._flows.set()
        self._answers.set()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, backlog=1024)

    async def _end(self) -> None:
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def _abort_all(self) -> None:
        for writer in self._open:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        both = [writer]
        self._open.add(writer)
        try:
            if self._refusing:
                return
            server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self._behind)
            both.append(server_writer)
            self._open.add(server_writer)
            pumps = [
                asyncio.create_task(self._pump(reader, server_writer)),
                asyncio.create_task(self._pump(server_reader, writer, to_client=True)),
            ]
            try:
                await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for pump in pumps:
                    pump.cancel()
                await asyncio.gather(*pumps, return_exceptions=True)
        except (OSError, asyncio.CancelledError):
            pass  # the server is down, so the client is aborted below; or the relay is closing
        finally:
            for one in both:
                self._open.discard(one)
                one.transport.abort() if self._refusing or len(both) == 1 else one.close()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, to_client: bool = False
    ) -> None:
        """Forward data in order. A chunk is read at once and written after its delay."""
        in_transit: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(maxsize=256)
        loop = asyncio.get_running_loop()

        async def read_all() -> None:
            with contextlib.suppress(OSError):
                while data := await reader.read(_CHUNK):
                    late = self.delay
                    if self.loss and self._random.random() < self.loss:
                        late += self._random.uniform(*RETRANSMISSION)
                    await in_transit.put((loop.time() + late, data))
            await in_transit.put((0.0, b""))

        reading = asyncio.create_task(read_all())
        try:
            while True:
                due, data = await in_transit.get()
                if not data:
                    return
                await asyncio.sleep(max(0.0, due - loop.time()))
                await self._flows.wait()
                if to_client:
                    await self._answers.wait()
                while self.trickle and to_client and data:
                    writer.write(data[:1])
                    data = data[1:]
                    await asyncio.sleep(1 / self.trickle) if self.trickle else None
                if data:
                    writer.write(data)
                await writer.drain()
        finally:
            reading.cancel()
