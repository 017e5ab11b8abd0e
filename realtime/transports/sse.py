"""The SSE transport: the encoding of frames, and a response that works the same under WSGI and ASGI.

Under WSGI a stream is a sync iterator on a thread of its own. Under ASGI it must be async, since Django would consume a
sync iterator whole before it answers. Both only carry out the steps of realtime/delivery/protocol.py.
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

from ..access.identity import Identity, of_session
from ..delivery.direct_writer import DirectWriter, direct_writer_of, start_sending
from ..delivery.driver import Driver
from ..delivery.hub import TooManyOfOne, hub
from ..delivery.protocol import Read, Send, Step, Wait, deliver
from ..delivery.reader import result_for_thread
from ..delivery.subscriber import Subscriber, Subscription
from ..log import replay
from . import continuation
from .adapters import Adapter
from .door import Door
from .peer_socket import PeerSocket
from .refusal import refusal, refusal_of, signed_in
from .sse_encoding import Encoder, NamedEncoder

logger = logging.getLogger(__name__)

LOOK_SECONDS = 5.0  # how often a waiting thread checks whether its browser has left
PIECE = 16 * 1024  # bytes in one blocking write


def event_stream(
    request: HttpRequest, subscription: Subscription, identity: Identity | None = None, door: Door | None = None
) -> HttpResponseBase:
    """Answer with a stream of what ``subscription`` delivers, from the cursor that the request carries.

    ``identity``: who asks, where the address has found that out by itself; by default whoever is signed in. ``door``:
    how other clients than our pages are served.

    Not signed in: 401 as JSON, or the sign-in page for a browser that asks for HTML. Another user signed in than
    ``?user=`` names: 409. No slot left, or none for this user: 503 with ``Retry-After``. Not allowed: 404, which does
    not reveal whether there is such a stream.
    """
    if identity is None:
        if refused := refusal_of(request, "GET"):
            if refused.status_code == 401 and "text/html" in request.headers.get("Accept", ""):
                return redirect_to_login(request.get_full_path())
            return refused
        identity = of_session(signed_in(request), request.session)
        assert identity is not None
    refuse = door.refuse if door else refusal
    if not settings.SSE_ENABLED:
        return refuse(503, "Server-Sent Events are switched off here.", **{"Retry-After": "60"})
    if hub.closing:  # another server is there soon, or this one again
        return refuse(503, "The server is stopping.", **{"Retry-After": str(random.randint(1, 4))})
    if not _slots.take():
        return refuse(503, "All streams of this server are taken.", **{"Retry-After": str(random.randint(3, 10))})
    slot = Slot(_slots)
    start = replay.start(request.headers.get("Last-Event-ID") or request.GET.get("last_event_id"))
    subscriber = Subscriber(
        user_id=identity.user.pk,
        credential=identity.credential,
        transport="sse",
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
    try:
        slot.attach(subscriber)
    except TooManyOfOne:
        slot.release()
        logger.warning("Refused, one person has too many live connections open.")
        return refuse(503, "You have too many of these open.", **{"Retry-After": str(random.randint(5, 15))})
    viewer = hub.viewer(subscriber.user_id)
    if viewer is None or not subscription.allowed(viewer):
        slot.release()
        return refuse(404, "There is nothing here for you.")
    adapter = door.adapter if door else None
    chunks: SyncStream | AsyncIterator[bytes]
    if isinstance(request, ASGIRequest):
        stream = AsyncStream(subscriber, slot, direct_writer_of(request.scope), adapter)
        if not continuation.defer(request.scope, stream.serve):
            slot.release()
            raise ImproperlyConfigured(
                "The ASGI application must be wrapped in realtime.transports.continuation.with_continuations."
            )
        chunks = _nothing()
    else:
        chunks = SyncStream(subscriber, slot, PeerSocket(request.META.get("gunicorn.socket")), adapter)
    connection.close()  # a stream may last for hours and needs no connection of its own
    return unbuffered(request, StreamingHttpResponse(chunks, content_type="text/event-stream"))


def unbuffered(request: HttpRequest, response: StreamingHttpResponse) -> StreamingHttpResponse:
    """The response to ``request``, which nothing between us and the client is to hold back."""
    response["Cache-Control"] = "no-cache"
    response["X-Accel-Buffering"] = "no"
    # A middleware that compresses would hold events back until it has enough of them.
    request.META.pop("HTTP_ACCEPT_ENCODING", None)
    return response


class Slots:
    """A bound on the streams of this process: ``most``, or by default ``SSE_MAX_STREAMS``."""

    def __init__(self, most: int | None = None) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._taken = 0
        self.unreleased: deque[int | None] = deque()  # the hub's numbers of slots that were garbage-collected

    @property
    def taken(self) -> int:
        """How many are in use."""
        self._collect()
        return self._taken

    def take(self) -> bool:
        """Take one, if there is one left."""
        self._collect()
        with self._lock:
            if self._taken >= (settings.SSE_MAX_STREAMS if self._most is None else self._most):
                return False
            self._taken += 1
            return True

    def give_back(self, number: int | None = None) -> None:
        """Return one that was taken, and detach its subscriber (the hub's ``number``) if it has one."""
        if number is not None:
            hub.detach(number)
        with self._lock:
            self._taken -= 1

    def _collect(self) -> None:
        while self.unreleased:
            self.give_back(self.unreleased.popleft())


_slots = Slots()


class Slot:
    """One stream's slot: released once, however the stream ends, and even when it never started."""

    def __init__(self, slots: Slots) -> None:
        self._slots = slots
        self._number: int | None = None
        self._released = False

    def attach(self, subscriber: Subscriber) -> None:
        """Attach the stream's subscriber to the hub for as long as the slot is held."""
        self._number = hub.attach(subscriber)

    def release(self) -> None:
        """Release the slot. Calling it twice is harmless."""
        if not self._released:
            self._released = True
            self._slots.give_back(self._number)

    def __del__(self) -> None:
        # Nobody closes the stream of a request that is cancelled before its response starts. The garbage collector may
        # run at any moment, so this must not wait for a lock: whoever asks for the next slot does the work.
        if not self._released:
            self._released = True
            self._slots.unreleased.append(self._number)


def free_slot(slots: Slots = _slots) -> Slot | None:
    """A slot of this process, for a response that lasts; ``None`` when all are taken. Release it."""
    return Slot(slots) if slots.take() else None


class _Stream:
    """What both kinds of stream share: the protocol's steps, the slot, and closing both."""

    def __init__(self, subscriber: Subscriber, slot: Slot, adapter: Adapter | None) -> None:
        self._slot = slot
        self._steps: Generator[Step, Any, None] = deliver(hub, subscriber)
        self._encoder = NamedEncoder(adapter, subscriber.user_id) if adapter else Encoder()
        self._adapter, self._user_id = adapter, subscriber.user_id

    def _failed(self, error: BaseException) -> bytes:
        """The frame for a browser when a query failed: the browser comes back by itself and resumes."""
        logger.warning("A stream ends early, its browser will resume: %s: %s", type(error).__name__, error)
        return self._encoder.failed()

    def _handed_over(self, step: Send) -> None:
        if self._adapter is not None and step.events:
            self._adapter.sent(step.events, self._user_id)

    def close(self) -> None:
        """Called by Django when the response is over, however it ended."""
        self._steps.close()
        self._slot.release()


class SyncStream(_Stream):
    """The stream under WSGI: blocks its thread while it waits, and looks now and then whether the browser has left."""

    def __init__(self, subscriber: Subscriber, slot: Slot, client: PeerSocket, adapter: Adapter | None = None) -> None:
        super().__init__(subscriber, slot, adapter)
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
                step = self._steps.send(result)
                result = self._carry_out(step)
            except StopIteration:
                return
            except Exception as error:  # noqa: BLE001 (whatever a query raised; it is logged, the browser resumes)
                yield self._failed(error)
                return
            if isinstance(step, Send):
                data = self._encoder.encode(step)
                for begin in range(0, len(data), PIECE):
                    if not self._client.wait_writable():
                        return
                    if begin + PIECE >= len(data):
                        self._handed_over(step)
                    yield data[begin : begin + PIECE]
            elif isinstance(step, Wait) and self._client.peer_closed():
                return

    def _carry_out(self, step: Step) -> Any:
        if isinstance(step, Read):
            return result_for_thread(hub.reader.submit(step.key, step.read))
        if isinstance(step, Wait):
            # At a random moment, so that threads that began to wait together do not all look together.
            hub.wait(step.seen, min(step.until - time.monotonic(), LOOK_SECONDS * random.uniform(0.8, 1.0)))
        return None


async def _nothing() -> AsyncIterator[bytes]:
    """An empty body: the continuation sends what follows."""
    return
    yield


class AsyncStream(_Stream):
    """The stream under ASGI: it runs on after the request is over (realtime/transports/continuation.py)."""

    def __init__(
        self,
        subscriber: Subscriber,
        slot: Slot,
        direct_writer: DirectWriter | None = None,
        adapter: Adapter | None = None,
    ) -> None:
        super().__init__(subscriber, slot, adapter)
        self._direct_writer = direct_writer
        self._send: continuation.Send

    async def serve(self, receive: continuation.Receive, send: continuation.Send) -> None:
        """Deliver until the browser leaves or the protocol ends."""
        self._send = send
        driver = Driver(hub, self._steps, self._write, self._finish)
        try:
            driver.start()
            # Comes when the browser has left, and after the end of the response.
            while (await receive())["type"] != "http.disconnect":
                pass
        finally:
            driver.stop()
            self.close()

    def _write(self, step: Send) -> Awaitable[None] | None:
        data = self._encoder.encode(step)
        self._handed_over(step)
        if self._direct_writer is not None and self._direct_writer.write(data):
            return None
        return start_sending(self._direct_writer, self._send_body(data))

    async def _send_body(self, data: bytes) -> None:
        await self._send({"type": "http.response.body", "body": data, "more_body": True})

    def _finish(self, error: BaseException | None) -> Awaitable[None] | None:
        return start_sending(self._direct_writer, self._end(self._failed(error) if error is not None else b""))

    async def _end(self, last: bytes) -> None:
        if last:
            await self._send_body(last)
        await self._send({"type": "http.response.body"})
