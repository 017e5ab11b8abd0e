"""The chat's long polling: the same frames as the stream's, in one response."""

import time
from typing import Any

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from realtime.access.credentials import SESSION
from realtime.access.user_ids import to_json
from realtime.log.events import to_json as as_json
from realtime.transports.admission import Refused, admit
from realtime.transports.door import Door
from realtime.transports.long_poll import Polled, long_poll
from realtime.transports.presented import of_request

from . import positions
from .frames import ChatFrames, frames_for
from .models import CLIENT_LENGTH
from .shapes import instant
from .streams import CHAT, MOST_STREAMS, refusal
from .views import base_of

HOLD_SECONDS = 5.5
WRONG_NAME = f"client is a text of {CLIENT_LENGTH} characters at most"


def without_events(status: int, message: str, **headers: str) -> JsonResponse:
    """A refusal, which polling clients read as an empty list beside the error."""
    response = refusal(status, message, **headers)
    response.content = as_json({"error": message, "events": []}).encode()
    return response


def events(request: HttpRequest) -> HttpResponseBase:
    """Answer with what has happened since ``?cursor=``, as soon as there is something, or with nothing after a while.

    Without a cursor, since the last poll of a client with a token: of the one that ``?client=`` names, or as far as
    that can be told (messaging/chat/positions.py).
    """
    if request.method != "GET":
        return without_events(405, "Only GET is answered here.", Allow="GET")
    client = request.GET.get("client", "")
    if not _is_name(client):
        return without_events(400, WRONG_NAME)
    try:
        identity = admit(request)
    except Refused as error:
        headers = {"Retry-After": str(error.retry_after)} if error.retry_after else {}
        return without_events(error.status, error.message, **headers)
    frames = frames_for(base_of(request))
    viewer = to_json(identity.user.pk)
    cursor = request.GET.get("cursor") or request.GET.get("last_event_id") or request.headers.get("Last-Event-ID")
    # A session is sent along by every page of the browser, and a page that asks must change nothing.
    remembered = not cursor and identity.credential.kind != SESSION
    position = positions.take(identity.credential.digest, client) if remembered else None
    if position is not None and position.cursor is not None:
        cursor = str(position.cursor)

    def body(polled: Polled) -> bytes:
        found = [
            {"event": one.name, "data": one.data, "timestamp": instant(frame.at)}
            for frame in polled.events
            for one in frames.named(frame, viewer)
        ]
        found += _without_id(frames, polled)
        if position is not None:  # last, since a poll that fails before has told its client nothing
            positions.leave(position, polled.cursor)
        return as_json({"events": found, "timestamp": time.time(), "cursor": polled.cursor}).encode()

    door = Door("chat-poll", frames, most=MOST_STREAMS, refuse=without_events)
    response = long_poll(request, CHAT, identity, door, cursor=cursor, seconds=HOLD_SECONDS, body=body)
    if position is not None and response.status_code != 200:
        positions.leave(position, position.cursor)
    return response


def _is_name(client: str) -> bool:
    return len(client) <= CLIENT_LENGTH and client.isprintable()


def _without_id(frames: ChatFrames, polled: Polled) -> list[dict[str, Any]]:
    named = (one for text in polled.states for one in frames.of_state(text))
    return [{"event": one.name, "data": one.data, "timestamp": None} for one in named]


def test(request: HttpRequest) -> HttpResponseBase:
    """Say that polling works. Nobody needs to be signed in."""
    if request.method != "GET":
        return refusal(405, "Only GET is answered here.", Allow="GET")
    return JsonResponse({"status": "ok", "message": "Long polling is working", "timestamp": time.time()})


@csrf_exempt  # a session, which a browser sends along by itself, is not accepted here
def disconnect(request: HttpRequest) -> HttpResponseBase:
    """Forget how far a client has read. It is offline a few seconds after its last poll."""
    if request.method != "POST":
        return refusal(405, "Only POST is answered here.", Allow="POST")
    client = request.GET.get("client", "")
    if not _is_name(client):
        return without_events(400, WRONG_NAME)
    shown = of_request(request)
    if shown is not None and shown.kind == SESSION:
        return without_events(403, "This needs a token")
    try:
        identity = admit(request)
    except Refused as error:
        return without_events(error.status, error.message)
    positions.forget(identity.credential.digest, client)
    return JsonResponse({"status": "disconnected", "user_id": to_json(identity.user.pk)})
