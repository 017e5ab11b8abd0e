"""Direct writers for Daphne's connections, with flow control: a client that reads slowly is waited for.

Daphne writes a response into its buffer however full that is (django/daphne#170). Twisted's public producer interface
says when a connection takes more. Other servers are left alone.
"""

import asyncio
import functools
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any

from realtime.delivery.direct_writer import DIRECT_WRITER

from .batched_writes import chunked, framed
from .daphne_transport import BatchedServer
from .receive_queue import ReceiveQueue

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

logger = logging.getLogger(__name__)

STALLED_SECONDS = 20.0  # a browser that reads nothing for so long is disconnected; it resumes when it can
CLOSE_SECONDS = 5.0  # for a client's answer to a close frame; autobahn's own second cut slow clients off
OPEN = 3  # autobahn.websocket.protocol.WebSocketProtocol.STATE_OPEN


class FlowControl:
    """Whether a connection takes more bytes: Twisted's IPushProducer, which a transport pauses and resumes."""

    _resumed: asyncio.Event | None = None  # only while paused: most connections never are

    def pauseProducing(self) -> None:
        if self._resumed is None:
            self._resumed = asyncio.Event()

    def resumeProducing(self) -> None:
        if self._resumed is not None:
            self._resumed.set()
            self._resumed = None

    def stopProducing(self) -> None:
        self.resumeProducing()

    async def wait_writable(self) -> bool:
        """Wait until the connection takes more; ``False`` when it took nothing for ``STALLED_SECONDS``."""
        resumed = self._resumed
        if resumed is None:
            return True
        # Not asyncio.wait_for, which needs a task: this may have been started outside of one (delivery/eager.py).
        timer = asyncio.get_running_loop().call_later(STALLED_SECONDS, resumed.set)
        try:
            await resumed.wait()
        finally:
            timer.cancel()
        return self._resumed is not resumed


def with_flow_control(application: Application) -> Application:
    """Wrap an application: under Daphne it waits for a slow client and disconnects one that reads nothing."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        protocol = _daphne_protocol(send)
        if protocol is None or scope["type"] not in {"http", "websocket"}:
            await application(scope, receive, send)
            return
        # When Daphne cancels a request, Django leaves two tasks of it behind: the one that waits for the disconnect
        # (and would log an error that nobody retrieves) and the one that sends (for ever). Both end here.
        over = False
        direct_writer: DirectWriter = (HttpDirectWriter if scope["type"] == "http" else SocketDirectWriter)(
            protocol, receive
        )
        del receive
        extensions = {**(scope.get("extensions") or {}), DIRECT_WRITER: direct_writer}
        if scope["type"] == "websocket":
            extensions["websocket.http.response"] = {}
        scope = {**scope, "extensions": extensions}

        async def send_when_taken(message: Message) -> None:
            if over:
                raise asyncio.CancelledError
            if direct_writer.controls(message) and not await direct_writer.wait_writable():
                logger.info("A reader is let go: it took nothing for %.0f s.", STALLED_SECONDS)
                direct_writer.abort()
                await asyncio.sleep(STALLED_SECONDS)  # cancelled as soon as the application hears of the disconnect
            direct_writer.before(message)
            if not direct_writer.writes_itself(message):
                await send(message)
            direct_writer.after(message)

        async def receive_while_served() -> Message:
            message = await direct_writer.receive()
            if over:
                raise asyncio.CancelledError
            return message

        serving = application(scope, receive_while_served, send_when_taken)
        del scope  # it may be long gone when the connection ends
        try:
            await serving
        finally:
            over = True
            direct_writer.close()

    return serve


def _daphne_protocol(send: Send) -> Any:
    """Daphne's protocol behind an ASGI ``send``; ``None`` under any other server."""
    if isinstance(send, functools.partial) and send.args:
        kinds = type(send.args[0]).__mro__  # a subclass of Daphne's (daphne_bodies.py)
        if any(kind.__module__.startswith("daphne.") for kind in kinds):
            return send.args[0]
    return None


class DirectWriter(FlowControl):
    """Flow control for one connection of Daphne's: when it is registered, and which messages it controls.

    Each kind also has ``write`` and ``release_handshake`` (realtime/delivery/direct_writer.py).
    """

    def __init__(self, protocol: Any, receive: Receive) -> None:
        self._protocol = protocol
        self.receive = receive
        self._registered = False

    def release_handshake(self) -> None:
        """Free what was only needed to let the client in."""
        queue = self._protocol.application_queue = ReceiveQueue(self._protocol.application_queue)
        self.receive = queue.get

    def controls(self, message: Message) -> bool:
        """Whether a message waits until the connection takes more."""
        raise NotImplementedError

    def before(self, message: Message) -> None:
        """Called before a message is written."""

    def writes_itself(self, message: Message) -> bool:
        """Write a message that Daphne cannot write; whether that was done."""
        return False

    def after(self, message: Message) -> None:
        """Called when a message was written."""

    def abort(self) -> None:
        """End the connection without waiting for anything to be taken."""
        raise NotImplementedError

    def close(self) -> None:
        """The application is done."""


class HttpDirectWriter(DirectWriter):
    """For a streaming response: registered with its first chunk, unregistered before its last."""

    @property
    def _channel(self) -> Any:
        return getattr(self._protocol, "channel", None)  # Twisted takes it away when the response is over

    def controls(self, message: Message) -> bool:
        return bool(message.get("more_body"))

    def write(self, data: bytes) -> bool:
        channel = self._channel
        if self._resumed is not None or not self._registered or channel is None or not self._protocol.chunked:
            return False
        channel.transport.write(chunked(data))
        return True

    def before(self, message: Message) -> None:
        if message.get("more_body") and not self._registered and self._channel is not None:
            self._protocol.registerProducer(self, True)
            _batch_writes(self._channel.transport, True)
            self._registered = True
        elif not message.get("more_body"):
            self.close()

    def abort(self) -> None:
        if self._channel is not None:
            self._channel.transport.abortConnection()

    def close(self) -> None:
        if self._registered and self._channel is not None:
            _batch_writes(self._channel.transport, False)
            self._protocol.unregisterProducer()
        self._registered = False


class SocketDirectWriter(DirectWriter):
    """For a WebSocket: registered when it is accepted, in place of the HTTP channel that the connection began with.

    From a client that reads nothing, nothing is read either: its messages would queue without a bound.
    """

    def release_handshake(self) -> None:
        super().release_handshake()
        protocol = self._protocol  # has the headers of the handshake four times over
        protocol.clean_headers = []
        protocol.http_headers = protocol.request.headers = {}
        protocol.http_request_data, protocol.http_response_data = b"", ""
        protocol.application_deferred = None

    def pauseProducing(self) -> None:
        super().pauseProducing()
        if self._protocol.transport is not None:
            self._protocol.transport.pauseProducing()

    def resumeProducing(self) -> None:
        super().resumeProducing()
        if self._protocol.transport is not None:
            self._protocol.transport.resumeProducing()

    def controls(self, message: Message) -> bool:
        return message["type"] == "websocket.send"

    def write(self, data: str) -> bool:
        protocol = self._protocol
        if self._resumed is not None or protocol.state != OPEN or protocol.send_queue:
            return False
        protocol.transport.write(framed(data))
        return True

    def before(self, message: Message) -> None:
        # Daphne's limit of a megabyte is for what clients send; autobahn holds our own frames to it as well, and a
        # client that resumes would be due the same long frame for ever. Sending does not await, so nothing comes in.
        self._incoming_limit = self._protocol.maxMessagePayloadSize
        self._protocol.maxMessagePayloadSize = 0

    def writes_itself(self, message: Message) -> bool:
        if message["type"] == "websocket.send" and self._protocol.state != OPEN:
            return True  # the other end has just left; the application hears of it in a moment
        # Daphne knows one answer for a handshake that is refused, 403; ASGI has an extension for others.
        if message["type"] == "websocket.http.response.start":
            headers = [(name.decode("latin1"), value.decode("latin1")) for name, value in message.get("headers", [])]
            more = [("Content-Length", "0"), ("Connection", "close")]
            self._protocol.failHandshake(HTTPStatus(message["status"]).phrase, message["status"], headers + more)
            return True
        if message["type"] == "websocket.http.response.body":
            return True
        # Daphne closes with a method of autobahn's that accepts 1000 and the codes of applications (3000 and up) only.
        code = message.get("code") or 1000
        if message["type"] != "websocket.close" or not 1000 < code < 3000:
            return False
        if self._protocol.state == OPEN:
            self._protocol.sendCloseFrame(code=code)
        return True

    def after(self, message: Message) -> None:
        self._protocol.maxMessagePayloadSize = self._incoming_limit
        if message["type"] == "websocket.accept" and self._protocol.transport is not None:
            self._protocol.closeHandshakeTimeout = CLOSE_SECONDS
            self._protocol.transport.unregisterProducer()
            self._protocol.transport.registerProducer(self, True)
            _batch_writes(self._protocol.transport, True)

    def abort(self) -> None:
        if self._protocol.transport is not None:
            self._protocol.transport.abortConnection()


def _batch_writes(transport: Any, batched: bool) -> None:
    if isinstance(transport, BatchedServer):
        transport.batch_writes(batched)
