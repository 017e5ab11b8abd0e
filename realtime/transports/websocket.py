"""The WebSocket transport: the same delivery protocol as SSE (realtime/delivery/protocol.py), on a Channels consumer.

A consumer has no channel of its own in the channel layer. What comes through the layer reaches a process once
(realtime/channel_layer/broadcast.py), and every socket reads from the same ring. Frames that are due together go out in
one write: as one JSON array for clients that offer the subprotocol, as one message each for others.
"""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Iterable
from functools import partial
from typing import Any, ClassVar
from urllib.parse import parse_qs

from channels.consumer import AsyncConsumer
from django.conf import settings

from ..access.credentials import SESSION
from ..access.identity import Identity, of_session
from ..delivery.direct_writer import DirectWriter, direct_writer_of, start_sending
from ..delivery.driver import Driver
from ..delivery.hub import TooManyOfOne, hub
from ..delivery.protocol import Send, deliver
from ..delivery.reader import result_of
from ..delivery.subscriber import NOT_ALLOWED, REPLACED, Subscriber, Subscription, names_another_user
from ..log import replay
from ..log.events import to_json
from . import continuation
from .client_messages import LARGEST_MESSAGE, Allowance, answer
from .door import Door
from .presented import of_scope
from .refusal import deny
from .websocket_encoding import Encoder, NamedEncoder

logger = logging.getLogger(__name__)


class Close:
    """Why a socket is closed (docs/events.md, "Close codes")."""

    RESTART = 1012  # the server stops or has had a fault: come back and resume
    NO_BINARY = 1003
    TOO_LARGE = 1009
    SIGNED_OUT = 4401
    NOT_ALLOWED = 4403
    SOMEBODY_ELSE = 4409
    TOO_MANY = 4429


CODES = {NOT_ALLOWED: Close.NOT_ALLOWED, REPLACED: Close.TOO_MANY}


class SubscriberConsumer(AsyncConsumer):
    """One socket of a subscriber. Subclasses return in ``subscription`` what their address delivers.

    ``door``: how other clients than our pages are served. ``largest_message``: bytes that a client may send at once.
    ``refusal_code``: a client that may not connect is let in and closed with this code. Scripts see it, and do not see
    why a handshake was refused. ``binary_answer``: the frame that answers a binary message; without one, such a message
    closes the socket. ``too_many_code``: the code for a client that sends too much.
    """

    channel_layer_alias = "none"  # no channel: see above
    door: Door | None = None
    largest_message: ClassVar[int] = LARGEST_MESSAGE
    refusal_code: ClassVar[int | None] = None
    binary_answer: ClassVar[dict[str, Any] | None] = None
    too_many_code: ClassVar[int] = Close.TOO_MANY
    scope: Any  # with what the middleware adds to it
    open_sockets: ClassVar[int] = 0

    _driver: Driver | None = None
    _direct_writer: DirectWriter | None = None
    _number: int | None = None
    _batches = False  # the client takes several frames as one JSON array
    _resumes = False  # the client gave a cursor, if only an empty one
    _counted = False
    _allowance: Allowance | None = None
    _closed = False
    _left = False
    _encoder: Encoder | NamedEncoder
    user_id: Any = None  # who was let in

    async def identify(self) -> Identity | None:
        """Who asks, and by which credential; ``None`` refuses.

        Whoever is signed in; at a door for other clients, whoever the presented credential belongs to.
        """
        shown = of_scope(self.scope) if self.door else None
        if shown is None or shown.kind == SESSION:
            return of_session(self.scope["user"], self.scope["session"]) if "user" in self.scope else None
        return await result_of(hub.reader.submit(None, shown.identity))

    async def respond(self, text: str) -> Iterable[dict[str, Any]]:
        """The frames that answer a message of the client's. Messages are answered in order."""
        frame = answer(text, self.user_id)
        return () if frame is None else (frame,)

    def subscription(self, query: dict[str, str]) -> Subscription:
        """What this address delivers. Raises ValueError, with a message for the client, for a bad query string."""
        raise NotImplementedError

    # --- opening and closing ------------------------------------------------------------------------------------

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Let the client in or not. Nothing of the handshake is kept (realtime/transports/continuation.py)."""
        self.scope, self.base_send, self._direct_writer = scope, send, direct_writer_of(scope)
        try:
            await receive()  # websocket.connect
            subscriber = await self._let_in()
        except BaseException:
            self._leave()
            raise
        del self.scope
        serve = partial(self._serve, subscriber)
        if not continuation.defer(scope, serve):
            await serve(receive, send)

    async def _serve(self, subscriber: Subscriber | None, receive: Any, send: Any) -> None:
        """Deliver and receive until either end closes. Nothing is left behind then, and the client may resume."""
        self.base_send = send
        try:
            if subscriber is not None:
                finish = partial(self._finish, subscriber)
                self._driver = Driver(hub, deliver(hub, subscriber), self._write, finish)
                self._driver.start()
            while (message := await receive())["type"] != "websocket.disconnect":
                await self._receive(message)
            self._closed = True
        except asyncio.CancelledError:
            # The server stops (Daphne cancels its applications): a close code is better than a broken connection.
            if self._driver is not None:
                await self._close(Close.RESTART)
            raise
        finally:
            self._leave()
            self._driver = None  # breaks the reference cycle, which would last until the next garbage collection

    async def _let_in(self) -> Subscriber | None:
        """Refuse a client without a session, else accept it. ``None`` when there is nothing to deliver."""
        asked = parse_qs(self.scope["query_string"].decode("latin1"), keep_blank_values=True)
        query = {name: values[-1] for name, values in asked.items()}
        self._resumes = "last_event_id" in query
        identity = await self.identify()
        if identity is not None and "entry" in self.scope:
            self.scope["entry"].belongs_to(identity.user.pk)
        full = SubscriberConsumer.open_sockets >= settings.WEBSOCKET_MAX_SOCKETS
        if identity is None and self.refusal_code is not None and settings.USE_DAPHNE:
            await self._accept()
            await self._close(self.refusal_code)
            return None
        if identity is None or not settings.USE_DAPHNE or full or hub.closing:
            await deny(self.scope, self.send, 403)
            return None
        SubscriberConsumer.open_sockets += 1
        self._counted = True
        self.user_id = identity.user.pk
        if names_another_user(query.get("user"), self.user_id):
            await self._accept()
            await self._close(Close.SOMEBODY_ELSE)
            return None
        try:
            subscription = self.subscription(query)
        except ValueError as error:
            await self._accept()
            await self._send({"type": "error", "message": str(error)})
            await self._close(Close.NOT_ALLOWED)
            return None
        try:
            subscriber = await result_of(hub.reader.submit(None, lambda: self._attach(identity, subscription, query)))
        except TooManyOfOne:
            logger.warning("Refused, one person has too many live connections open.")
            self._leave()
            await deny(self.scope, self.send, 503, random.randint(5, 15))
            return None
        except Exception as error:  # noqa: BLE001 (the database is away: the client is refused and comes back)
            logger.warning("A socket is refused, its browser will come back: %s: %s", type(error).__name__, error)
            self._leave()
            await deny(self.scope, self.send, 403)
            return None
        await self._accept()
        return subscriber

    def _attach(self, identity: Identity, subscription: Subscription, query: dict[str, str]) -> Subscriber | None:
        # In a reader thread: the client may have left before this runs, and may leave while it runs.
        if self._left:
            return None
        door = self.door
        start = replay.start(query.get("last_event_id"))
        subscriber = Subscriber(
            user_id=identity.user.pk,
            credential=identity.credential,
            transport="websocket",
            subscription=subscription,
            cursor=start.cursor,
            reset=start.reset,
            head_at_connect=start.newest,
            states_from=time.monotonic() if start.pending else 0.0,
            history=start.history,
            door=door.name if door else "",
            most=door.most if door else 0,
            heartbeat=door.adapter.heartbeat_seconds if door else None,
        )
        number = self._number = hub.attach(subscriber)
        if self._left:
            hub.detach(number)
        return subscriber

    def _leave(self) -> None:
        self._left = True
        if self._driver is not None:
            self._driver.stop()
        if self._number is not None:
            hub.detach(self._number)
            self._number = None
        if self._counted:
            self._counted = False
            SubscriberConsumer.open_sockets -= 1

    # --- sending ------------------------------------------------------------------------------------------------

    def _write(self, step: Send) -> Awaitable[None] | None:
        texts = self._encoder.encode(step)
        if self.door is not None:
            if step.events:
                self.door.adapter.sent(step.events, self.user_id)
            if not texts:
                return None
        if (
            len(texts) == 1
            and self._direct_writer is not None
            and not self._closed
            and self._direct_writer.write(texts[0])
        ):
            return None
        return start_sending(self._direct_writer, self._send_all(texts))

    async def _send_all(self, texts: tuple[str, ...]) -> None:
        for text in texts:
            await self._send_text(text)

    def _finish(self, subscriber: Subscriber, error: BaseException | None) -> Awaitable[None] | None:
        if error is None:
            return start_sending(self._direct_writer, self._close(self._code(subscriber)))
        logger.warning("A socket is closed, its browser will resume: %s: %s", type(error).__name__, error)
        return start_sending(self._direct_writer, self._close(Close.RESTART))

    def _code(self, subscriber: Subscriber) -> int:
        viewer = hub.viewer(subscriber.user_id)
        if hub.closing:
            return Close.RESTART
        return CODES.get(subscriber.ended(viewer), Close.SIGNED_OUT)

    # --- receiving ----------------------------------------------------------------------------------------------

    async def _receive(self, message: Any) -> None:
        """Answer a message of the client's, or close the socket where it breaks a limit."""
        text = message.get("text")
        if text is None and self.binary_answer is None:
            await self._close(Close.NO_BINARY)
        elif len(message.get("bytes") or b"" if text is None else text.encode()) > self.largest_message:
            await self._close(Close.TOO_LARGE)
        elif not self._may_send():
            await self._close(self.too_many_code)
        elif text is None:
            await self._send(self.binary_answer or {})
        else:
            for frame in await self.respond(text):
                await self._send(frame)

    def _may_send(self) -> bool:
        if self._allowance is None:  # most clients never send anything
            self._allowance = Allowance()
        return self._allowance.take()

    # --- the socket ---------------------------------------------------------------------------------------------

    async def _accept(self) -> None:
        offered = settings.WEBSOCKET_SUBPROTOCOL in self.scope.get("subprotocols", [])
        self._batches = offered and self.door is None
        if self.door:
            # A client that knows of ids is given them. All others get the frames word for word as they know them.
            self._encoder = NamedEncoder(self.door.adapter, self.user_id, numbered=self._resumes)
        else:
            self._encoder = Encoder(self._batches)
        await self.send(
            {"type": "websocket.accept", "subprotocol": settings.WEBSOCKET_SUBPROTOCOL if self._batches else None}
        )

    async def _send(self, frame: dict[str, Any]) -> None:
        text = to_json(frame)
        await self._send_text(f"[{text}]" if self._batches else text)

    async def _send_text(self, text: str) -> None:
        if not self._closed:
            await self._emit({"type": "websocket.send", "text": text})

    async def _close(self, code: int) -> None:
        if not self._closed:
            self._closed = True
            self._leave()
            await self._emit({"type": "websocket.close", "code": code})

    async def _emit(self, message: dict[str, Any]) -> None:
        # To a client that has left, an ASGI server raises OSError; uvicorn, when it has closed the socket for a frame
        # that is none, RuntimeError. Neither is a fault of ours.
        try:
            await self.send(message)
        except (OSError, RuntimeError):
            self._closed = True
            self._leave()
