"""What Daphne leaves open, closed from outside: slow readers, endless requests, and threads that outlive the server.

Daphne writes a response into its buffer however full that is (django/daphne#170), a request to the disk however large
it is, and its process cannot end while a thread of ours is busy. All are mended through Twisted's public interfaces;
other servers are left alone.
"""

import asyncio
import atexit
import functools
import logging
import os
import sys
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any

from realtime.delivery.driver import OUTLET

from ..body_limits import REFUSAL, largest
from .batched_writes import chunked, framed
from .daphne_transport import PromptServer
from .receive_queue import Inbox

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

logger = logging.getLogger(__name__)

STALLED_SECONDS = 20.0  # a browser that takes nothing for so long is let go; it resumes when it is able to
CLOSE_SECONDS = (
    5.0  # for a client's answer to a close frame; after one, autobahn's own patience, slow ones were cut off
)
GOODBYE_SECONDS = 0.5  # for close frames and last bytes to leave
OPEN = 3  # autobahn.websocket.protocol.WebSocketProtocol.STATE_OPEN
LAST_SECONDS = 4.0  # how long threads may go on once the server has stopped
TASKS_SECONDS = 1.0  # how long tasks may take to end then


class Valve:
    """Twisted's word on whether a connection takes more (the IPushProducer that a transport pauses and resumes)."""

    _opens: asyncio.Event | None = None  # only where somebody is slow: most never need one

    def pauseProducing(self) -> None:
        if self._opens is None:
            self._opens = asyncio.Event()

    def resumeProducing(self) -> None:
        if self._opens is not None:
            self._opens.set()
            self._opens = None

    def stopProducing(self) -> None:
        self.resumeProducing()

    async def taken(self) -> bool:
        """Wait until the connection takes more; ``False`` when it took nothing for ``STALLED_SECONDS``."""
        opens = self._opens
        if opens is None:
            return True
        # Not wait_for, which asks for a task: who waits here may have been begun outside of one (realtime/delivery/driver.py).
        timer = asyncio.get_running_loop().call_later(STALLED_SECONDS, opens.set)
        try:
            await opens.wait()
        finally:
            timer.cancel()
        return self._opens is not opens


def bounded(application: Application) -> Application:
    """The same application, which under Daphne waits for a slow reader, and lets go of one that has stopped."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        protocol = _daphne_protocol(send)
        if protocol is None or scope["type"] not in {"http", "websocket"}:
            await application(scope, receive, send)
            return
        # Django leaves what it has begun for a request to itself when Daphne cancels that: what listens for the browser
        # (and would complain in the log that nobody asked for what came of it), and what tells it (for ever).
        over = False
        outlet: Outlet = (HttpOutlet if scope["type"] == "http" else SocketOutlet)(protocol, receive)
        del receive
        extensions = {**(scope.get("extensions") or {}), OUTLET: outlet}
        if scope["type"] == "websocket":
            extensions["websocket.http.response"] = {}
        scope = {**scope, "extensions": extensions}

        async def send_when_taken(message: Message) -> None:
            if over:
                raise asyncio.CancelledError
            if outlet.carries(message) and not await outlet.taken():
                logger.info("A reader is let go: it took nothing for %.0f s.", STALLED_SECONDS)
                outlet.abort()
                await asyncio.sleep(STALLED_SECONDS)  # cancelled as soon as the application hears of the disconnect
            outlet.before(message)
            if not outlet.writes_itself(message):
                await send(message)
            outlet.after(message)

        async def receive_while_served() -> Message:
            message = await outlet.receive()
            if over:
                raise asyncio.CancelledError
            return message

        serving = application(scope, receive_while_served, send_when_taken)
        del scope  # it may be long gone when the connection ends
        try:
            await serving
        finally:
            over = True
            outlet.close()

    return serve


def _daphne_protocol(send: Send) -> Any:
    """Daphne's protocol behind an ASGI ``send``; ``None`` under any other server."""
    if isinstance(send, functools.partial) and send.args:
        kinds = type(send.args[0]).__mro__  # ours is one of Daphne's (bound_bodies)
        if any(kind.__module__.startswith("daphne.") for kind in kinds):
            return send.args[0]
    return None


class Outlet(Valve):
    """A valve on a connection of Daphne's: where it is fitted, and which messages go through it.

    Each kind also has a ``write``, the way past ``send``; that and ``settle`` are of realtime/delivery/driver.py.
    """

    def __init__(self, protocol: Any, receive: Receive) -> None:
        self._protocol = protocol
        self.receive = receive
        self._fitted = False

    def settle(self) -> None:
        """Give back what was only needed to let the client in."""
        inbox = self._protocol.application_queue = Inbox(self._protocol.application_queue)
        self.receive = inbox.get

    def carries(self, message: Message) -> bool:
        """Whether a message waits until the connection takes more."""
        raise NotImplementedError

    def before(self, message: Message) -> None:
        """Called before a message is written."""

    def writes_itself(self, message: Message) -> bool:
        """Write a message that Daphne cannot; whether that was done."""
        return False

    def after(self, message: Message) -> None:
        """Called when a message was written."""

    def abort(self) -> None:
        """End the connection without waiting for anything to be taken."""
        raise NotImplementedError

    def close(self) -> None:
        """The application is done."""


class HttpOutlet(Outlet):
    """For a streaming response: fitted with its first piece, taken off before its last."""

    @property
    def _channel(self) -> Any:
        return getattr(self._protocol, "channel", None)  # Twisted takes it away when the response is over

    def carries(self, message: Message) -> bool:
        return bool(message.get("more_body"))

    def write(self, what: bytes) -> bool:
        channel = self._channel
        if self._opens is not None or not self._fitted or channel is None or not self._protocol.chunked:
            return False
        channel.transport.write(chunked(what))
        return True

    def before(self, message: Message) -> None:
        if message.get("more_body") and not self._fitted and self._channel is not None:
            self._protocol.registerProducer(self, True)
            _be_prompt(self._channel.transport, True)
            self._fitted = True
        elif not message.get("more_body"):
            self.close()

    def abort(self) -> None:
        if self._channel is not None:
            self._channel.transport.abortConnection()

    def close(self) -> None:
        if self._fitted and self._channel is not None:
            _be_prompt(self._channel.transport, False)
            self._protocol.unregisterProducer()
        self._fitted = False


class SocketOutlet(Outlet):
    """For a WebSocket: fitted when it is accepted, in place of the HTTP channel that the connection began with.

    Who takes nothing is not listened to either: what they say would wait for its answers, without a bound.
    """

    def settle(self) -> None:
        super().settle()
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

    def carries(self, message: Message) -> bool:
        return message["type"] == "websocket.send"

    def write(self, what: str) -> bool:
        protocol = self._protocol
        if self._opens is not None or protocol.state != OPEN or protocol.send_queue:
            return False
        protocol.transport.write(framed(what))
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
        # Daphne closes through a door of autobahn's that lets only applications' own codes (3000 and up) out.
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
            _be_prompt(self._protocol.transport, True)

    def abort(self) -> None:
        if self._protocol.transport is not None:
            self._protocol.transport.abortConnection()


def _be_prompt(transport: Any, prompt: bool) -> None:
    if isinstance(transport, PromptServer):
        transport.be_prompt(prompt)


def bound_bodies() -> None:
    """Under Daphne: refuse such a request when its headers have come, or as soon as it has sent too much."""
    if "daphne.server" not in sys.modules:
        return
    from daphne import http_protocol

    class Request(http_protocol.WebRequest):  # IRequest of Twisted, which asks these of whatever takes a request
        taken = 0
        refused = False

        def gotLength(self, length: int | None) -> None:
            super().gotLength(0 if length and length > largest() else length)
            if length and length > largest():
                self.refuse()

        def handleContentChunk(self, data: bytes) -> None:
            self.taken += len(data)
            if self.taken > largest():
                self.refuse()
            if not self.refused:
                super().handleContentChunk(data)

        def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
            if not self.refused:
                super().requestReceived(command, path, version)

        def refuse(self) -> None:
            """Answer, and hang up: whatever else is sent is not read."""
            if not self.refused and self.channel is not None:
                self.refused = True
                lines = b"HTTP/1.1 413 Request Entity Too Large\r\nContent-Type: text/plain\r\nConnection: close\r\n"
                self.channel.transport.write(lines + b"Content-Length: %d\r\n\r\n" % len(REFUSAL) + REFUSAL)
                self.channel.loseConnection()

    http_protocol.WebRequest = Request


def end_in_time() -> None:
    """Under Daphne: end the streams when the server stops, and the process soon after, whatever a thread still does."""
    if "daphne.server" not in sys.modules:
        return
    from twisted.internet import reactor, task

    from realtime.delivery.hub import hub

    def say_goodbye() -> Any:
        hub.close()
        # Daphne cancels the applications in the same breath; what they say last must still reach the browsers.
        return task.deferLater(reactor, GOODBYE_SECONDS)

    reactor.addSystemEventTrigger("before", "shutdown", say_goodbye)
    reactor.addSystemEventTrigger("after", "shutdown", _exit_soon)


def _exit_soon() -> None:
    timer = threading.Timer(LAST_SECONDS, _exit_now)
    timer.daemon = True
    timer.start()
    atexit.register(_end_tasks, asyncio.get_running_loop())


def _end_tasks(loop: asyncio.AbstractEventLoop) -> None:
    """End what the loop left half-way, as ``asyncio.run`` would.

    Daphne leaves it to the interpreter, which crashes when it clears away a task that waits for a queue.
    """
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    if tasks and not loop.is_running() and not loop.is_closed():
        loop.run_until_complete(asyncio.wait(tasks, timeout=TASKS_SECONDS))


def _exit_now() -> None:
    logger.warning(
        "A thread was still busy %.0f s after the server stopped; the process ends all the same.", LAST_SECONDS
    )
    logging.shutdown()
    os._exit(0)
