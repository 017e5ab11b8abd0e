"""How servers are written to: frames as the protocol has them, in a batch, in order, and not held back without end."""

import asyncio
import socket
from collections.abc import Iterator

import h11
import pytest
from twisted.internet import tcp
from twisted.internet.interfaces import IProtocol
from twisted.internet.protocol import Protocol
from websockets.frames import Frame, Opcode
from zope.interface import implementer

from gistagum.servers import daphne_transport, uvicorn_writer
from gistagum.servers.batched_writes import WriteBatch, chunked, framed
from gistagum.servers.daphne_transport import BatchedServer
from gistagum.servers.uvicorn_writer import SocketDirectWriter, StreamDirectWriter

SIZES = [0, 1, 125, 126, 65_535, 65_536, 200_000]


@pytest.mark.parametrize("size", SIZES)
def test_a_frame_is_what_the_protocols_own_library_makes_of_the_text(size):

    text = "é" * (size // 2) + "x" * (size % 2)
    assert framed(text) == Frame(Opcode.TEXT, text.encode()).serialize(mask=False)


@pytest.mark.parametrize("size", SIZES[1:])
def test_a_chunk_is_what_the_protocols_own_library_reads_as_that_piece(size):
    reader = h11.Connection(h11.CLIENT)
    reader.send(h11.Request(method="GET", target="/", headers=[("Host", "a")]))
    reader.receive_data(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(b"x" * size) * 2)
    assert isinstance(reader.next_event(), h11.Response)
    got = b""
    while isinstance(event := reader.next_event(), h11.Data):
        got += event.data
    assert got == b"x" * size * 2


def test_nothing_is_no_chunk_since_that_would_be_the_end():
    assert chunked(b"") == b""


def test_what_many_are_told_in_a_turn_is_written_at_its_end_in_that_order():
    written = []

    async def scene() -> None:
        batch = WriteBatch()
        for number in range(3):
            batch.add(lambda number=number: written.append(number))
        asyncio.get_running_loop().call_soon(written.append, "next turn")
        assert written == []
        await asyncio.sleep(0)
        batch.add(lambda: written.append("later"))
        await asyncio.sleep(0)

    asyncio.run(scene())
    assert written == [0, 1, 2, "next turn", "later"]


def test_one_that_cannot_be_written_to_keeps_nothing_from_the_others():
    written, complaints = [], []

    def fail() -> None:
        raise ValueError("of one")

    async def scene() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: complaints.append(context["exception"]))
        batch = WriteBatch()
        for write in (fail, lambda: written.append("other")):
            batch.add(write)
        await asyncio.sleep(0)

    asyncio.run(scene())
    assert written == ["other"]
    assert [str(one) for one in complaints] == ["of one"]


# --- Daphne -----------------------------------------------------------------------------------------------------


class Reactor:
    """Twisted's, as far as a connection asks it for anything: who waits to read and to write."""

    def __init__(self) -> None:
        self.readers, self.writers = set(), set()

    def addReader(self, one) -> None:
        self.readers.add(one)

    def removeReader(self, one) -> None:
        self.readers.discard(one)

    def addWriter(self, one) -> None:
        self.writers.add(one)

    def removeWriter(self, one) -> None:
        self.writers.discard(one)


@implementer(IProtocol)
class Quiet(Protocol):
    pass


class Connection:
    """A connection of Daphne's and its other end. ``batch`` is where it puts what is to leave."""

    def __init__(self, monkeypatch) -> None:
        self.batch: list = []
        monkeypatch.setattr(daphne_transport, "batch", self)
        ours, self.other = socket.socketpair()
        self.other.setblocking(False)
        self.reactor = Reactor()
        self.server = BatchedServer(ours, Quiet(), ("127.0.0.1", 1), None, 0, self.reactor)
        self.server.batch_writes(True)

    def add(self, write) -> None:
        self.batch.append(write)

    def turn(self) -> None:
        writes, self.batch = self.batch, []
        for write in writes:
            write()

    def read(self) -> bytes:
        found = b""
        while True:
            try:
                found += self.other.recv(2**20)
            except BlockingIOError:
                return found

    def drain(self) -> bytes:
        """All that the reactor would write as the other end takes it."""
        found = self.read()
        while self.reactor.writers:
            self.server.doWrite()
            found += self.read()
        return found


@pytest.fixture
def connection(monkeypatch) -> Iterator[Connection]:
    made = Connection(monkeypatch)
    yield made
    made.other.close()


def test_what_the_kernel_takes_needs_no_reactor(connection):
    connection.server.write(b"one")
    assert connection.read() == b""
    connection.turn()
    assert connection.read() == b"one"
    assert not connection.reactor.writers


def test_what_it_does_not_take_comes_in_order_through_the_reactor(connection):
    pieces = [bytes([65 + number]) * 700_000 for number in range(5)]
    for piece in pieces[:2]:
        connection.server.write(piece)
    connection.turn()
    for piece in pieces[2:]:
        connection.server.writeSequence([piece[:10], piece[10:]])
    connection.turn()
    assert connection.reactor.writers
    assert connection.drain() == b"".join(pieces)
    connection.server.write(b"and on")
    connection.turn()
    assert connection.read() == b"and on"
    assert not connection.reactor.writers


def test_of_many_writes_in_a_turn_only_one_is_held_back(connection):
    paused = []

    class Producer:
        def pauseProducing(self) -> None:
            paused.append(True)

        def resumeProducing(self) -> None:
            pass

        def stopProducing(self) -> None:
            pass

    connection.server.registerProducer(Producer(), True)
    written = 0
    while not paused:
        connection.server.write(b"x" * 100_000)
        written += 1
        assert written < 100, "nobody is told to wait"
    connection.server.unregisterProducer()
    assert len(connection.drain()) == written * 100_000


def test_what_was_said_last_leaves_before_the_connection_ends(connection):
    connection.server.write(b"goodbye")
    connection.server.loseConnection()
    assert connection.read() == b"goodbye"
    connection.turn()
    assert connection.read() == b""


def test_what_is_written_when_a_stream_is_over_comes_after_what_was_held_back(connection):
    """As the last piece of a response and its end do, whatever of them the kernel takes at once."""
    connection.server.write(b"a" * 700_000)
    connection.server.batch_writes(False)
    connection.server.writeSequence([b"b" * 100, b"c"])
    connection.server.write(b"d")
    connection.turn()
    assert connection.drain() == b"a" * 700_000 + b"b" * 100 + b"cd"


def test_a_connection_that_is_lost_meanwhile_is_left_to_the_reactor(connection):
    connection.server.write(b"to nobody")
    connection.other.close()
    connection.turn()
    assert connection.server in connection.reactor.writers
    assert isinstance(connection.server.doWrite(), Exception)


def test_pages_are_written_as_twisted_does(connection):
    connection.server.batch_writes(False)
    connection.server.writeSequence([b"head", b"body"])
    assert connection.batch == []
    assert connection.reactor.writers == {connection.server}
    assert connection.drain() == b"headbody"


def test_twisted_still_asks_its_port_what_connections_are_made_of():
    assert issubclass(BatchedServer, tcp.Port.transport)


# --- Uvicorn ----------------------------------------------------------------------------------------------------


class UvicornProtocol:
    """As much of Uvicorn's as the direct writer uses."""

    def __init__(self) -> None:
        self.writable = asyncio.Event()
        self.writable.set()
        self.close_sent = self.closing = False
        self.transport = self
        self.written: list[object] = []

    def is_closing(self) -> bool:
        return self.closing

    def write(self, data: bytes) -> None:
        self.written.append(data)

    async def send(self, message) -> None:
        self.written.append(message)


def test_a_socket_under_uvicorn_is_written_to_in_order_and_not_while_it_takes_nothing():
    async def scene() -> list[object]:
        protocol = UvicornProtocol()
        direct_writer = SocketDirectWriter(protocol, protocol.send)
        assert direct_writer.write("one")
        assert protocol.written == []
        assert direct_writer.write("two")
        assert protocol.written == [framed("one")]
        await direct_writer.send("through ASGI")
        await asyncio.sleep(0)
        protocol.writable.clear()
        assert not direct_writer.write("too much")
        protocol.writable.set()
        protocol.closing = True
        assert not direct_writer.write("too late")
        protocol.closing, protocol.close_sent = False, True
        assert not direct_writer.write("too late")
        await asyncio.sleep(0)
        return protocol.written

    assert asyncio.run(scene()) == [framed("one"), framed("two"), "through ASGI"]


def test_a_server_of_which_nothing_is_known_is_left_alone():
    scopes = []

    async def application(scope, receive, send) -> None:
        scopes.append(scope)

    async def scene() -> None:
        served = uvicorn_writer.with_direct_writers(application)
        await served({"type": "websocket"}, None, UvicornProtocol().send)
        await served({"type": "http"}, None, None)

    asyncio.run(scene())
    assert scopes == [{"type": "websocket"}, {"type": "http"}]


class UvicornCycle(UvicornProtocol):
    """As much of a request of Uvicorn's as the direct writer uses."""

    __module__ = "uvicorn.protocols.http.h11_impl"

    def __init__(self, version: str = "1.1", method: str = "GET") -> None:
        super().__init__()
        self.scope = {"type": "http", "http_version": version, "method": method}
        self.response_started, self.response_complete, self.disconnected = True, False, False
        self.flow, self.write_paused = self, False


def test_a_stream_under_uvicorn_is_written_to_in_chunks_and_in_order_and_not_while_it_takes_nothing():
    async def scene() -> list[object]:
        cycle = UvicornCycle()
        direct_writer = StreamDirectWriter(cycle, cycle.send)
        assert direct_writer.write(b"one")
        await direct_writer.send("through ASGI")
        assert direct_writer.write(b"two")
        await asyncio.sleep(0)
        for name, value in (("write_paused", True), ("disconnected", True), ("closing", True)):
            setattr(cycle, name, value)
            assert not direct_writer.write(b"no")
            setattr(cycle, name, not value)
        cycle.response_complete = True
        assert not direct_writer.write(b"too late")
        await asyncio.sleep(0)
        return cycle.written

    assert asyncio.run(scene()) == [chunked(b"one"), "through ASGI", chunked(b"two")]


@pytest.mark.parametrize("cycle", [UvicornCycle(version="1.0"), UvicornCycle(method="HEAD")])
def test_what_goes_out_in_no_chunks_goes_through_asgi(cycle):
    assert not StreamDirectWriter(cycle, cycle.send).write(b"one")
