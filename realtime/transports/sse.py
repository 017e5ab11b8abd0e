"""Server-Sent Events: the frames, and a response that works the same under WSGI and ASGI.

Under WSGI a stream is a sync iterator on a thread of its own; under ASGI it must be an async one (Django would
consume a sync iterator whole before answering). Both only carry out the steps of realtime/delivery/protocol.py.
https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

import logging
import random
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Generator, Iterator
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.asgi import ASGIRequest
from django.db import connection
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse

from ..delivery.driver import Outlet, Teller, outlet_of, through
from ..delivery.hub import TooManyOfOne, hub
from ..delivery.protocol import Read, Send, Step, Wait, conversation
from ..delivery.reader import result_for_thread
from ..delivery.subscriber import Listener, Subscription
from ..log import replay
from ..log.replay import Batch
from . import continuation
from .peer_socket import ClientSocket
from .refusal import refusal, refusal_of

logger = logging.getLogger(__name__)

LOOK_SECONDS = 5.0  # how often a waiting thread looks whether its browser has left
PIECE = 16 * 1024  # bytes in one blocking write
RETRY_MS = (1_000, 6_000)  # browsers come back spread over this range


def event_stream(request: HttpRequest, subscription: Subscription) -> HttpResponseBase:
    """Answer with a stream of what ``subscription`` says, from the cursor that the request carries.

    Not signed in: 401 as JSON, or the sign-in page for a browser that came to look. Somebody else signed in than whom
    ``?user=`` names: 409. No slot left, or none for this person: 503 with ``Retry-After``. Not allowed: 404, since that
    it exists is nobody's business either.
    """
    if refused := refusal_of(request, "GET"):
        if refused.status_code == 401 and "text/html" in request.headers.get("Accept", ""):
            return redirect_to_login(request.get_full_path())
        return refused
    if not settings.SSE_ENABLED:
        return refusal(503, "Server-Sent Events are switched off here.", **{"Retry-After": "60"})
    if hub.closing or not _slots.take():
        return refusal(503, "All streams of this server are taken.", **{"Retry-After": str(random.randint(3, 10))})
    slot = Slot(_slots)
    start = replay.start(request.headers.get("Last-Event-ID") or request.GET.get("last_event_id"))
    listener = Listener(
        user_id=request.user.pk,
        session_key=request.session.session_key or "",
        auth_hash=request.user.get_session_auth_hash(),
        transport="sse",
        subscription=subscription,
        cursor=start.cursor,
        reset=start.reset,
        came_at=start.newest,
    )
    try:
        slot.attach(listener)
    except TooManyOfOne:
        slot.release()
        logger.warning("Refused, one person has too many live connections open.")
        return refusal(503, "You have too many of these open.", **{"Retry-After": str(random.randint(5, 15))})
    viewer = hub.viewer(listener.user_id)
    if viewer is None or not subscription.allowed(viewer):
        slot.release()
        return refusal(404, "There is nothing here for you.")
    stream: SyncStream | AsyncIterator[bytes]
    if isinstance(request, ASGIRequest):
        if not continuation.leave(request.scope, AsyncStream(listener, slot, outlet_of(request.scope)).go_on):
            slot.release()
            raise ImproperlyConfigured(
                "The ASGI application must be wrapped in realtime.transports.continuation.going_on."
            )
        stream = _nothing()
    else:
        stream = SyncStream(listener, slot, ClientSocket(request.META.get("gunicorn.socket")))
    connection.close()  # a stream may last for hours and needs no connection of its own
    response = StreamingHttpResponse(stream, content_type="text/event-stream")
    response["Cache-Control"] = "no-cache"
    response["X-Accel-Buffering"] = "no"
    return response


class Slots:
    """The streams' share of this process: so many and no more."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken = 0
        self.forgotten: deque[int | None] = deque()  # the hub's numbers of slots that nobody released

    @property
    def taken(self) -> int:
        """How many are in use."""
        self._collect()
        return self._taken

    def take(self) -> bool:
        """Take one, if there is one left."""
        self._collect()
        with self._lock:
            if self._taken >= settings.SSE_MAX_STREAMS:
                return False
            self._taken += 1
            return True

    def give_back(self, number: int | None = None) -> None:
        """Return one that was taken, and detach its listener (the hub's ``number``) if it has one."""
        if number is not None:
            hub.detach(number)
        with self._lock:
            self._taken -= 1

    def _collect(self) -> None:
        while self.forgotten:
            self.give_back(self.forgotten.popleft())


_slots = Slots()


class Slot:
    """One stream's place: released once, however the stream ends, and even when it never began."""

    def __init__(self, slots: Slots) -> None:
        self._slots = slots
        self._number: int | None = None
        self._released = False

    def attach(self, listener: Listener) -> None:
        """Let the stream's listener take part in the hub for as long as the slot is held."""
        self._number = hub.attach(listener)

    def release(self) -> None:
        """Give the place back. Asking twice is harmless."""
        if not self._released:
            self._released = True
            self._slots.give_back(self._number)

    def __del__(self) -> None:
        # A request that is cancelled before its answer began leaves nobody to close the stream. The garbage collector
        # comes at any moment, so no lock may be waited for here: the next to ask for a slot does the work.
        if not self._released:
            self._released = True
            self._slots.forgotten.append(self._number)


def _joined(events: Batch) -> bytes:
    return b"".join(frame.sse for frame in events)


class Encoder:
    """Turns what is to be sent into bytes; remembers which id the browser has been given."""

    def __init__(self) -> None:
        self._told: int | None = None

    def encode(self, send: Send) -> bytes:
        """The bytes of one write: events with their ids, then frames without."""
        parts: list[bytes] = []
        if self._told is None:
            parts.append(b"retry: %d\n" % random.randint(*RETRY_MS))
        if send.events:
            parts.append(send.events.written(_joined))
            self._told = send.events[-1].id
        if not send.events and not send.states and not send.last:
            parts.append(b": heartbeat\n")
        if self._told != send.cursor:
            # A block without data: no event for the page, but the browser's cursor moves past what is not for it.
            parts.append(b"id: %d\n" % send.cursor)
            self._told = send.cursor
            parts.append(b"\n")
        elif parts and not parts[-1].endswith(b"\n\n"):
            parts.append(b"\n")
        parts.extend(f"data: {state}\n\n".encode() for state in send.states)
        return b"".join(parts)


class _Stream:
    """What both kinds of stream share: the talk, the slot, and ending both."""

    def __init__(self, listener: Listener, slot: Slot) -> None:
        self._slot = slot
        self._talk: Generator[Step, Any, None] = conversation(hub, listener)
        self._encoder = Encoder()

    def _failed(self, error: BaseException) -> bytes:
        """What the browser gets when a reading failed: it comes back by itself and resumes."""
        logger.warning("A stream ends early, its browser will resume: %s: %s", type(error).__name__, error)
        return b'data: {"type":"error","message":"The server cannot read its data just now."}\n\n'

    def close(self) -> None:
        """Called by Django when the response is over, however it ended."""
        self._talk.close()
        self._slot.release()


class SyncStream(_Stream):
    """The stream under WSGI: blocks its thread while it waits, and looks now and then whether the browser has left."""

    def __init__(self, listener: Listener, slot: Slot, client: ClientSocket) -> None:
        super().__init__(listener, slot)
        self._client = client
        self._chunks = self._run()

    def __iter__(self) -> Iterator[bytes]:
        return self._chunks

    def close(self) -> None:
        self._chunks.close()
        super().close()

    def _run(self) -> Generator[bytes, None, None]:
        result: Any = None
        while True:
            try:
                step = self._talk.send(result)
                result = self._carry_out(step)
            except StopIteration:
                return
            except Exception as error:  # noqa: BLE001 (whatever a reading raised; it is logged, the browser resumes)
                yield self._failed(error)
                return
            if isinstance(step, Send):
                data = self._encoder.encode(step)
                for begin in range(0, len(data), PIECE):
                    if not self._client.takes_more():
                        return
                    yield data[begin : begin + PIECE]
            elif isinstance(step, Wait) and self._client.has_left():
                return

    def _carry_out(self, step: Step) -> Any:
        if isinstance(step, Read):
            return result_for_thread(hub.reader.submit(step.key, step.read))
        if isinstance(step, Wait):
            # Not all at the same moment, though they began to wait at the same one.
            hub.wait(step.seen, min(step.until - time.monotonic(), LOOK_SECONDS * random.uniform(0.8, 1.0)))
        return None


async def _nothing() -> AsyncIterator[bytes]:
    """What an answer says before its rest goes on."""
    return
    yield


class AsyncStream(_Stream):
    """The stream under ASGI: it goes on after the request is over (realtime/transports/continuation.py)."""

    def __init__(self, listener: Listener, slot: Slot, outlet: Outlet | None = None) -> None:
        super().__init__(listener, slot)
        self._outlet = outlet
        self._send: continuation.Send

    async def go_on(self, receive: continuation.Receive, send: continuation.Send) -> None:
        """Say everything there is to say, until the browser leaves."""
        self._send = send
        teller = Teller(hub, self._talk, self._say, self._over)
        try:
            teller.start()
            # Comes when the browser has left, and when everything has been said.
            while (await receive())["type"] != "http.disconnect":
                pass
        finally:
            teller.stop()
            self.close()

    def _say(self, step: Send) -> Awaitable[None] | None:
        data = self._encoder.encode(step)
        if self._outlet is not None and self._outlet.write(data):
            return None
        return through(self._outlet, self._write(data))

    async def _write(self, data: bytes) -> None:
        await self._send({"type": "http.response.body", "body": data, "more_body": True})

    def _over(self, error: BaseException | None) -> Awaitable[None] | None:
        return through(self._outlet, self._end(self._failed(error) if error is not None else b""))

    async def _end(self, last: bytes) -> None:
        if last:
            await self._write(last)
        await self._send({"type": "http.response.body"})
