"""Refusals: the responses to a request for live updates that is not served."""

from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest, JsonResponse

from ..delivery.subscriber import names_another_user


def refusal(status: int, message: str, **headers: str) -> JsonResponse:
    """A JSON response that says why there is no stream."""
    return JsonResponse({"type": "error", "message": message}, status=status, headers=headers)


def refusal_of(request: HttpRequest, method: str) -> JsonResponse | None:
    """The refusal of a request whose method or user is wrong; ``None`` for any other.

    405 for another method than ``method``, 401 for somebody who is not signed in, 409 for somebody else than the one
    whom ``?user=`` names.
    """
    if request.method != method:
        return refusal(405, f"Only {method} is answered here.", Allow=method)
    if not request.user.is_authenticated:
        return refusal(401, "Not signed in.")
    if names_another_user(request.GET.get("user"), request.user.pk):
        return refusal(409, "Somebody else is signed in.")
    return None


def signed_in(request: HttpRequest) -> AbstractBaseUser:
    """The person of a request that ``refusal_of`` has not refused."""
    assert request.user.is_authenticated
    return request.user


async def deny(scope: Any, send: Any, status: int, retry_after: int = 0) -> None:
    """Refuse a WebSocket handshake with this status where the server supports one; others answer 403."""
    if status == 403 or "websocket.http.response" not in (scope.get("extensions") or {}):
        await send({"type": "websocket.close"})
        return
    headers = [(b"retry-after", b"%d" % retry_after)] if retry_after else []
    await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": b""})
