"""The floor for WebSocket: the library ``websockets`` and its ``broadcast()``, without a framework.

Events are received on a second port, one in each line, and sent to every client as one message each.
"""

import asyncio
import contextlib
import os
import sys

from websockets.asyncio.server import ServerConnection, broadcast, serve

from .wire import LinePublisher as Publisher
from .wire import lines_port

__all__ = ["Publisher"]


async def main(port: int) -> None:
    clients: set[ServerConnection] = set()

    async def client(connection: ServerConnection) -> None:
        clients.add(connection)
        try:
            await connection.wait_closed()
        finally:
            clients.discard(connection)

    async def feed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            async for line in reader:
                broadcast(clients, line.decode().rstrip())

    feeding = await asyncio.start_server(feed, "127.0.0.1", lines_port(), limit=2**22)
    async with feeding, serve(client, "127.0.0.1", port, compression=None, subprotocols=["gistagum.v1"]):
        await asyncio.Future()


if __name__ == "__main__":
    sys.exit(asyncio.run(main(int(os.environ["BENCH_PORT"]))))
