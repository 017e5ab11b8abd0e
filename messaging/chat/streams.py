"""The chat's streams of Server-Sent Events, and one with which clients try whether streams reach them at all."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.views.decorators.csrf import csrf_exempt

from realtime.delivery.hub import hub
from realtime.delivery.subscriber import Subscription
from realtime.log.replay import Frame
from realtime.transports.admission import Refused, admit
from realtime.transports.client_address import request_address
from realtime.transports.door import Door
from realtime.transports.sse import Slot, Slots, event_stream, free_slot, unbuffered
from realtime.transports.token_buckets import TokenBuckets

from ..events import MESSAGES
from ..notices.events import NoticePublished
from .ends import direct_people
from .frames import TYPES, frames_for
from .views import base_of

MOST_STREAMS = 10  # of one person in a process; one more ends the oldest
TEST_FRAMES = 5
MOST_TESTS = 5  # streams for tries at once, in a process
TESTS_AT_ONCE, TESTS_A_SECOND = 10, 0.1  # by one address, in a process

_test_slots = Slots(MOST_TESTS)
_testers = TokenBuckets(TESTS_AT_ONCE, TESTS_A_SECOND)


def _is_for_chat(frame: Frame) -> bool:
    return frame.type == NoticePublished.type or (frame.type in TYPES and direct_people(frame) is not None)


CHAT = Subscription(topics=frozenset({MESSAGES}), wanted=_is_for_chat)


def refusal(status: int, message: str, **headers: str) -> JsonResponse:
    """A refusal in the form of the contract."""
    response = JsonResponse({"error": message}, status=status, headers=headers)
    if status == 401:
        response["WWW-Authenticate"] = "Token"
    return response


def refusal_of(error: Refused) -> JsonResponse:
    """The refusal of somebody who is not let in."""
    headers = {"Retry-After": str(error.retry_after)} if error.retry_after else {}
    return refusal(error.status, error.message, **headers)


@csrf_exempt  # it changes nothing, and other methods get 405
def events(request: HttpRequest) -> HttpResponseBase:
    """Stream what happens in one's conversations, and notifications, to whoever ``admit`` lets in."""
    if request.method != "GET":
        return refusal(405, "Only GET is answered here.", Allow="GET")
    try:
        identity = admit(request)
    except Refused as error:
        return refusal_of(error)
    door = Door("chat-sse", frames_for(base_of(request)), most=MOST_STREAMS, refuse=refusal)
    return event_stream(request, CHAT, identity, door)


def test(request: HttpRequest) -> HttpResponseBase:
    """Stream a frame a second, five times. Nobody needs to be signed in, so few may do it at once."""
    if request.method != "GET":
        return refusal(405, "Only GET is answered here.", Allow="GET")
    if seconds := _testers.take(request_address(request)):
        return refusal(429, "Too many requests", **{"Retry-After": str(seconds)})
    own = None if hub.closing else free_slot(_test_slots)
    slot = free_slot() if own is not None else None
    if own is None or slot is None:
        if own is not None:
            own.release()
        return refusal(503, "All streams of this server are taken.", **{"Retry-After": "5"})
    chunks: Any = _later(own, slot) if isinstance(request, ASGIRequest) else _now(own, slot)
    return unbuffered(request, StreamingHttpResponse(chunks, content_type="text/event-stream"))


def _block(name: str, data: dict[str, Any]) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()


def _tries() -> Iterator[bytes]:
    for count in range(TEST_FRAMES):
        yield _block("test", {"count": count, "message": f"Test event {count + 1}"})
    yield _block("complete", {"message": "Test complete"})


def _now(*slots: Slot) -> Iterator[bytes]:
    try:
        for block in _tries():
            yield block
            if hub.wait_for_end(0 if block.startswith(b"event: complete") else 1):
                return
    finally:
        _release(slots)


async def _later(*slots: Slot) -> AsyncIterator[bytes]:
    try:
        for block in _tries():
            yield block
            if not block.startswith(b"event: complete"):
                await asyncio.sleep(1)
            if hub.closing:
                return
    finally:
        _release(slots)


def _release(slots: Iterable[Slot]) -> None:
    for slot in slots:
        slot.release()
