"""The floor for Server-Sent Events: asyncio without a framework. Events received together are sent in one write.

Events are received on a second port, one in each line.
"""

import asyncio
import os
import sys

from .wire import LinePublisher as Publisher
from .wire import lines_port

__all__ = ["Publisher"]

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


async def main(port: int) -> None:
    clients: set[asyncio.StreamWriter] = set()

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(HEAD)
        clients.add(writer)
        await reader.read()  # until the client disconnects
        clients.discard(writer)
        writer.close()

    async def feed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        rest = b""
        while data := await reader.read(2**20):
            *lines, rest = (rest + data).split(b"\n")
            body = b"".join(b"data: %s\n\n" % line for line in lines)
            if body:
                chunk = b"%x\r\n%s\r\n" % (len(body), body)
                for one in clients:
                    one.write(chunk)

    feeding = await asyncio.start_server(feed, "127.0.0.1", lines_port(), limit=2**20)
    async with feeding, await asyncio.start_server(client, "127.0.0.1", port, backlog=1000):
        await asyncio.Future()


if __name__ == "__main__":
    sys.exit(asyncio.run(main(int(os.environ["BENCH_PORT"]))))
