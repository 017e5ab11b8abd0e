"""The same frames as those of the WebSocket, by Server-Sent Events: ``/comm/events/{user_id}/``."""

from typing import Any

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from realtime.transports.client_address import request_address
from realtime.transports.door import Door
from realtime.transports.rate_limits import limits
from realtime.transports.sse import event_stream

from ..access import Forbidden
from ..callers import Refused, caller_of_stream
from . import frames
from .listening import NOTIFICATIONS, identity_of, user_id_of

MOST_STREAMS = 20  # of one user in a process; one more ends the oldest


def refusal(status: int, message: str, **headers: str) -> JsonResponse:
    """A refusal in the form of the contract."""
    return JsonResponse({"detail": message}, status=status, headers=headers)


@csrf_exempt  # it changes nothing, and other methods get 405
def events(request: HttpRequest, user_id: str) -> HttpResponseBase:
    """Stream what is new for a user.

    401 without a valid token, 403 for another user's, 404 for what is no user id, 429 for a caller who opens streams
    too often.
    """
    if request.method != "GET":
        return refusal(405, f'Method "{request.method}" not allowed.', Allow="GET")
    known_id = user_id_of(user_id)
    if known_id is None:
        return refusal(404, "Not found.")
    entry = limits.enter(_key_of(request), request_address(request))
    if entry.wait:
        return refusal(429, "Too many requests.", **{"Retry-After": str(entry.wait)})
    try:
        identity = identity_of(caller_of_stream(request), known_id)
    except Refused as refused:
        return JsonResponse(refused.body(), status=401, headers={"WWW-Authenticate": "Bearer"})
    except Forbidden as forbidden:
        entry.refund()
        return refusal(403, str(forbidden))
    entry.belongs_to(identity.user.pk)
    return event_stream(request, NOTIFICATIONS, identity, Door("comm-sse", frames.of_streams, MOST_STREAMS, refusal))


def _key_of(request: HttpRequest) -> Any:
    """What a request is counted by until it is known whose it is: its token, or its address without one."""
    return request.headers.get("Authorization") or request.GET.get("token") or request.path
