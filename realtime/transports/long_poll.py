"""Long polling for other clients: one response with what has happened since a cursor, or after a while with nothing.

It follows the protocol of a stream (realtime/delivery/protocol.py) up to the first write with frames, so that cursor,
replay, rights and limits are those of a stream. Under ASGI it needs no thread while it waits. Under WSGI it takes the
slot of a stream, whose threads are not those of pages.
"""

import asyncio
import logging
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.asgi import ASGIRequest
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse

from ..access.identity import Identity
from ..delivery.driver import Driver
from ..delivery.hub import TooManyOfOne, hub
from ..delivery.protocol import Read, Send, Wait, deliver
from ..delivery.reader import result_for_thread, result_of
from ..delivery.subscriber import Subscriber, Subscription
from ..log import replay
from ..log.replay import NO_EVENTS, LogSlice
from . import continuation
from .door import Door
from .peer_socket import PeerSocket
from .sse import Slot, free_slot, unbuffered


class Polled(NamedTuple):
    """What a poll has found: events, frames without id as JSON, and the cursor behind them."""

    events: LogSlice
    states: tuple[str, ...]
    cursor: int


Body = Callable[[Polled], bytes]

logger = logging.getLogger(__name__)


def long_poll(
    request: HttpRequest,
    subscription: Subscription,
    identity: Identity,
    door: Door,
    *,
    cursor: str | None,
    seconds: float,
    body: Body,
) -> HttpResponseBase:
    """Answer with ``body`` of what is found after ``cursor``, at once or within so many seconds.

    ``body`` is called once, in a thread that may query the database, also with nothing; but not for a client that has
    closed the connection meanwhile. Without a cursor, what happens from now on is waited for. Refused as a stream is.
    """
    if not settings.SSE_ENABLED:
        return door.refuse(503, "Live updates are not available", **{"Retry-After": "60"})
    slot = None if hub.closing else free_slot()
    if slot is None:
        return door.refuse(503, "Live updates are not available", **{"Retry-After": str(random.randint(2, 6))})
    start = replay.start(cursor)
    subscriber = Subscriber(
        user_id=identity.user.pk,
        credential=identity.credential,
        transport="poll",
        subscription=subscription,
        cursor=start.cursor,
        head_at_connect=start.newest,
        history=start.history,
        door=door.name,
        most=door.most,
    )
    try:
        slot.attach(subscriber)
    except TooManyOfOne:
        slot.release()
        return door.refuse(503, "Live updates are not available", **{"Retry-After": str(random.randint(5, 15))})
    until = time.monotonic() + seconds
    chunks: Iterator[bytes] | AsyncIterator[bytes]
    if isinstance(request, ASGIRequest):
        if not continuation.defer(request.scope, partial(_serve, subscriber, slot, until, body, door)):
            slot.release()
            raise ImproperlyConfigured("The ASGI application must be wrapped in with_continuations.")
        chunks = _nothing()
    else:
        chunks = _wait(subscriber, slot, until, body, door, PeerSocket(request.META.get("gunicorn.socket")))
    connection.close()
    return unbuffered(request, StreamingHttpResponse(chunks, content_type="application/json"))


def _is_found(step: Send) -> bool:
    return bool(step.events or step.states) or step.last


def _polled(subscriber: Subscriber, step: Send | None, door: Door) -> Polled:
    if step is None or step.last:
        return Polled(NO_EVENTS, (), subscriber.cursor)
    if step.events:
        door.adapter.sent(step.events, subscriber.user_id)
    return Polled(step.events, step.states, step.cursor)


def _wait(
    subscriber: Subscriber, slot: Slot, until: float, body: Body, door: Door, peer: PeerSocket
) -> Iterator[bytes]:
    """In a thread."""
    steps = deliver(hub, subscriber)
    try:
        found, result = None, None
        while found is None and time.monotonic() < until:
            try:
                step = steps.send(result)
            except StopIteration:
                break
            result = None
            if isinstance(step, Read):
                result = result_for_thread(hub.reader.submit(step.key, step.read))
            elif isinstance(step, Wait):
                hub.wait(step.seen, max(0.0, min(step.until, until) - time.monotonic()))
            elif _is_found(step):
                found = step
        steps.close()
        if not peer.peer_closed():
            yield body(_polled(subscriber, found, door))
    except (DatabaseError, TimeoutError) as error:
        yield _failed(error, door)
    finally:
        steps.close()
        slot.release()


def _failed(error: Exception, door: Door) -> bytes:
    """What a client is told when its poll has begun and the database went away."""
    logger.warning("A poll ends early, its client will ask again: %s: %s", type(error).__name__, error)
    refused = door.refuse(503, "Live updates are not available")
    return refused.content if isinstance(refused, HttpResponse) else b""


async def _nothing() -> AsyncIterator[bytes]:
    """An empty body: the continuation sends what follows."""
    return
    yield


async def _serve(
    subscriber: Subscriber, slot: Slot, until: float, body: Body, door: Door, receive: Any, send: continuation.Send
) -> None:
    """In an event loop, after the request is over."""
    found: asyncio.Future[Send | None] = asyncio.get_running_loop().create_future()

    def write(step: Send) -> Awaitable[None] | None:
        if _is_found(step) and not found.done():
            found.set_result(step)
            return _never()  # the protocol takes no further step: its cursor stays behind these events
        return None

    def finish(error: BaseException | None) -> None:
        if not found.done():
            found.set_result(None)

    driver = Driver(hub, deliver(hub, subscriber), write, finish)
    try:
        driver.start()
        await asyncio.wait([found], timeout=max(0.0, until - time.monotonic()))
        driver.stop()
        step = found.result() if found.done() else None
        said = await result_of(hub.reader.submit(None, partial(body, _polled(subscriber, step, door))))
        await send({"type": "http.response.body", "body": said})
    except (DatabaseError, TimeoutError) as error:
        await send({"type": "http.response.body", "body": _failed(error, door)})
    finally:
        driver.stop()
        slot.release()


async def _never() -> None:
    await asyncio.get_running_loop().create_future()
