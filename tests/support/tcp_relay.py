"""A piece of network between two programs: a relay of TCP that delays, loses, holds back or cuts, at will.

What is lost of TCP comes again later, so a lost packet shows as a pause of the connection that it belonged to. Nothing
that a relay holds back is thrown away, for the same reason; a cut ends connections with a reset.
"""

import asyncio
import contextlib
import random
import threading

from .ports import free_port

RETRANSMISSION = (0.2, 0.8)  # seconds that a lost packet takes to come again
_PIECE = 65_536


class Wire:
    """The relay to ``behind`` (a port on this machine). Its attributes may be set at any moment, from any thread.

    ``delay``: seconds that each piece takes, in either direction. ``loss``: the share of pieces that are lost once.
    ``trickle``: bytes a second that pass at most towards the client (0: as many as come).
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
        self._thread = threading.Thread(target=self._loop.run_forever, name="wire", daemon=True)

    def hold(self) -> None:
        """Nothing passes any more; connections stay open, and new ones are taken."""
        self._loop.call_soon_threadsafe(self._flows.clear)

    def cut(self) -> None:
        """Every connection breaks, and new ones are refused."""
        self._refusing = True
        self._loop.call_soon_threadsafe(self._abort_all)

    def snap(self) -> None:
        """Every connection breaks; new ones are welcome."""
        self._loop.call_soon_threadsafe(self._abort_all)

    def heal(self) -> None:
        """As if nothing had been."""
        self.delay = self.loss = 0.0
        self.trickle = 0
        self._refusing = False
        self._loop.call_soon_threadsafe(self._flows.set)

    def __enter__(self) -> "Wire":
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
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._behind)
            both.append(far_writer)
            self._open.add(far_writer)
            pumps = [
                asyncio.create_task(self._pump(reader, far_writer)),
                asyncio.create_task(self._pump(far_reader, writer, downwards=True)),
            ]
            try:
                await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for pump in pumps:
                    pump.cancel()
                await asyncio.gather(*pumps, return_exceptions=True)
        except (OSError, asyncio.CancelledError):
            pass  # nobody behind: who connects is cut off, as below; or the wire itself is over
        finally:
            for one in both:
                self._open.discard(one)
                one.transport.abort() if self._refusing or len(both) == 1 else one.close()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, downwards: bool = False
    ) -> None:
        """Pass on what comes, in order: a piece is read at once and may be on its way for a while."""
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(maxsize=256)
        loop = asyncio.get_running_loop()

        async def take_in() -> None:
            with contextlib.suppress(OSError):
                while data := await reader.read(_PIECE):
                    late = self.delay
                    if self.loss and self._random.random() < self.loss:
                        late += self._random.uniform(*RETRANSMISSION)
                    await under_way.put((loop.time() + late, data))
            await under_way.put((0.0, b""))

        taking = asyncio.create_task(take_in())
        try:
            while True:
                due, data = await under_way.get()
                if not data:
                    return
                await asyncio.sleep(max(0.0, due - loop.time()))
                await self._flows.wait()
                while self.trickle and downwards and data:
                    writer.write(data[:1])
                    data = data[1:]
                    await asyncio.sleep(1 / self.trickle) if self.trickle else None
                if data:
                    writer.write(data)
                await writer.drain()
        finally:
            taking.cancel()
