"""WebSocket: the same conversation as over SSE (realtime/delivery/protocol.py), on a Channels consumer.

A consumer has no mailbox of its own in the channel layer: what comes through the layer reaches this process once
(realtime/channel_layer/broadcast.py), and every socket reads from the same ring. Several things that are due go out in one write: as
one JSON array for clients that offer the subprotocol, as a frame each for others.
"""

import asyncio
import json
import logging
import random
import time
from collections.abc import Awaitable, Iterator
from functools import partial
from typing import Any, ClassVar
from urllib.parse import parse_qs

from channels.consumer import AsyncConsumer
from django.conf import settings

from ..delivery.driver import Outlet, Teller, outlet_of, through
from ..delivery.hub import TooManyOfOne, hub
from ..delivery.protocol import Send, conversation
from ..delivery.reader import result_of
from ..delivery.subscriber import Listener, Subscription, asked_by_another
from ..log import replay
from ..log.events import to_json
from ..log.replay import Batch
from . import continuation
from .refusal import deny

logger = logging.getLogger(__name__)

LARGEST_MESSAGE = 4096  # bytes that a client may send at once
PIECE = 128 * 1024  # characters in one array, as far as single frames allow: a slow client is waited for in between
MESSAGES_A_SECOND = 20
MESSAGES_AT_ONCE = 60
MOST_ACKS = 500


class Close:
    """Why a socket is closed (docs/events.md, "Close codes")."""

    RESTART = 1012  # the server stops or has had a fault: come back and resume
    NO_BINARY = 1003
    TOO_LARGE = 1009
    SIGNED_OUT = 4401
    NOT_ALLOWED = 4403
    SOMEBODY_ELSE = 4409
    TOO_MANY = 4429


class ListenerConsumer(AsyncConsumer):
    """A socket that listens. Subclasses say in ``subscription`` what their address carries."""

    channel_layer_alias = "none"  # no mailbox: see above
    open_sockets: ClassVar[int] = 0

    _teller: Teller | None = None
    _outlet: Outlet | None = None
    _number: int | None = None
    _joined = False
    _counted = False
    _closed = False
    _left = False
    _told: int | None = None  # the cursor that the client has been given

    def subscription(self, query: dict[str, str]) -> Subscription:
        """What this address carries. Raises ValueError with a clear message for a query that makes no sense."""
        raise NotImplementedError

    # --- coming and going ---------------------------------------------------------------------------------------

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Let the client in or not; what goes on after that needs nothing of the handshake (realtime/transports/continuation.py)."""
        self.scope, self.base_send, self._outlet = scope, send, outlet_of(scope)
        try:
            await receive()  # websocket.connect
            listener = await self._let_in()
        except BaseException:
            self._leave()
            raise
        del self.scope
        go_on = partial(self._go_on, listener)
        if not continuation.leave(scope, go_on):
            await go_on(receive, send)

    async def _go_on(self, listener: Listener | None, receive: Any, send: Any) -> None:
        """Tell and hear; however that ends, nothing is left behind, and the client knows that it may resume."""
        self.base_send = send
        try:
            if listener is not None:
                over = partial(self._over, listener)
                self._teller = Teller(hub, conversation(hub, listener), self._say, over)
                self._teller.start()
            while (message := await receive())["type"] != "websocket.disconnect":
                await self._hear(message)
            self._closed = True
        except asyncio.CancelledError:
            # The server stops (Daphne cancels its applications): better a reason than a broken connection.
            if self._teller is not None:
                await self._close(Close.RESTART)
            raise
        finally:
            self._leave()
            self._teller = None  # or the two would hold each other until the garbage collector comes

    async def _let_in(self) -> Listener | None:
        """Refuse whoever has no session; else accept. ``None`` when there is nothing to tell."""
        user = self.scope["user"]
        asked = parse_qs(self.scope["query_string"].decode("latin1"), keep_blank_values=True)
        query = {name: values[-1] for name, values in asked.items()}
        if user.is_authenticated and "entry" in self.scope:
            self.scope["entry"].belongs_to(user.pk)
        full = ListenerConsumer.open_sockets >= settings.WEBSOCKET_MAX_SOCKETS
        if not user.is_authenticated or not settings.USE_DAPHNE or full or hub.closing:
            await deny(self.scope, self.send, 403)
            return None
        ListenerConsumer.open_sockets += 1
        self._counted = True
        if asked_by_another(query.get("user"), user.pk):
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
            listener = await result_of(hub.reader.submit(None, lambda: self._attach(subscription, query)))
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
        return listener

    def _attach(self, subscription: Subscription, query: dict[str, str]) -> Listener | None:
        # In another thread: the client may have left before its turn came, and may leave while it is let in.
        if self._left:
            return None  # to nobody
        user = self.scope["user"]
        start = replay.start(query.get("last_event_id"))
        listener = Listener(
            user_id=user.pk,
            session_key=self.scope["session"].session_key or "",
            auth_hash=user.get_session_auth_hash(),
            transport="websocket",
            subscription=subscription,
            cursor=start.cursor,
            reset=start.reset,
            came_at=start.newest,
        )
        number = self._number = hub.attach(listener)
        if self._left:
            hub.detach(number)
        return listener

    def _leave(self) -> None:
        self._left = True
        if self._teller is not None:
            self._teller.stop()
        if self._number is not None:
            hub.detach(self._number)
            self._number = None
        if self._counted:
            self._counted = False
            ListenerConsumer.open_sockets -= 1

    # --- telling ------------------------------------------------------------------------------------------------

    def _say(self, step: Send) -> Awaitable[None] | None:
        texts = self._texts(step)
        if len(texts) == 1 and self._outlet is not None and not self._closed and self._outlet.write(texts[0]):
            return None
        return through(self._outlet, self._send_all(texts))

    def _texts(self, step: Send) -> tuple[str, ...]:
        """What is written for a step, message by message."""
        if step.events:
            self._told = step.events[-1].id
            if self._joined and self._told == step.cursor and not step.states:
                return step.events.written(_as_arrays)
        beside = []
        if self._told != step.cursor or not (step.events or step.states):
            # What SSE says with a bare id: the cursor moves past what is not for this client. Also the heartbeat.
            beside.append(to_json({"type": "cursor", "cursor": step.cursor}))
            self._told = step.cursor
        beside += step.states
        if not self._joined:
            return (*(frame.json for frame in step.events), *beside)
        return tuple(_arrays([*(frame.json for frame in step.events), *beside]))

    async def _send_all(self, texts: tuple[str, ...]) -> None:
        for text in texts:
            await self._send_text(text)

    def _over(self, listener: Listener, error: BaseException | None) -> Awaitable[None] | None:
        if error is None:
            return through(self._outlet, self._close(self._code(listener)))
        logger.warning("A socket is closed, its browser will resume: %s: %s", type(error).__name__, error)
        return through(self._outlet, self._close(Close.RESTART))

    def _code(self, listener: Listener) -> int:
        viewer = hub.viewer(listener.user_id)
        if hub.closing:
            return Close.RESTART
        return Close.NOT_ALLOWED if listener.ended(viewer) == "no longer allowed" else Close.SIGNED_OUT

    # --- hearing ------------------------------------------------------------------------------------------------

    _allowance = float(MESSAGES_AT_ONCE)
    _heard = 0.0

    async def _hear(self, message: Any) -> None:
        """Answer what a client may say; anything else gets an error, or an end."""
        text = message.get("text")
        if text is None:
            await self._close(Close.NO_BINARY)
        elif len(text.encode()) > LARGEST_MESSAGE:
            await self._close(Close.TOO_LARGE)
        elif not self._may_say_more():
            await self._close(Close.TOO_MANY)
        else:
            answer = self._answer(text)
            if answer is not None:
                await self._send(answer)

    def _may_say_more(self) -> bool:
        now = time.monotonic()
        self._allowance = min(MESSAGES_AT_ONCE, self._allowance + (now - self._heard) * MESSAGES_A_SECOND) - 1
        self._heard = now
        return self._allowance >= 0

    def _answer(self, text: str) -> dict[str, Any] | None:
        try:
            heard = json.loads(text)
        except (ValueError, RecursionError):
            return {"type": "error", "message": "Invalid JSON"}
        if not isinstance(heard, dict):
            return {"type": "error", "message": "A message is a JSON object."}
        kind = heard.get("type")
        if kind == "ping":
            return {"type": "pong"}
        if kind == "ack":
            ids = heard.get("ids")
            if not isinstance(ids, list) or len(ids) > MOST_ACKS or not all(type(one) is int for one in ids):
                return {"type": "error", "message": f"ids is a list of at most {MOST_ACKS} whole numbers."}
            return None
        return {"type": "error", "message": "Unknown type; types are ping and ack."}

    # --- the socket ---------------------------------------------------------------------------------------------

    async def _accept(self) -> None:
        self._joined = settings.WEBSOCKET_SUBPROTOCOL in self.scope.get("subprotocols", [])
        await self.send(
            {"type": "websocket.accept", "subprotocol": settings.WEBSOCKET_SUBPROTOCOL if self._joined else None}
        )

    async def _send(self, frame: dict[str, Any]) -> None:
        text = to_json(frame)
        await self._send_text(f"[{text}]" if self._joined else text)

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


def _as_arrays(events: Batch) -> tuple[str, ...]:
    return tuple(_arrays([frame.json for frame in events]))


def _arrays(frames: list[str]) -> Iterator[str]:
    """The frames as JSON arrays, in order, each of ``PIECE`` characters at most (but with one frame at least)."""
    piece: list[str] = []
    size = 0
    for text in frames:
        if piece and size + len(text) > PIECE:
            yield f"[{','.join(piece)}]"
            piece, size = [], 0
        piece.append(text)
        size += len(text) + 1
    yield f"[{','.join(piece)}]"
