"""What whoever asks for live updates is told when there are none for them."""

from typing import Any

from django.http import HttpRequest, JsonResponse

from ..delivery.subscriber import names_another_user


def refusal(status: int, message: str, **headers: str) -> JsonResponse:
    """An answer that is no stream, and says why."""
    return JsonResponse({"type": "error", "message": message}, status=status, headers=headers)


def refusal_of(request: HttpRequest, method: str) -> JsonResponse | None:
    """Why a request is refused before anything is looked at; ``None`` when it is not.

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


async def deny(scope: Any, send: Any, status: int, retry_after: int = 0) -> None:
    """Refuse a WebSocket handshake with this status, where the server can say one; others answer 403."""
    if status == 403 or "websocket.http.response" not in (scope.get("extensions") or {}):
        await send({"type": "websocket.close"})
        return
    headers = [(b"retry-after", b"%d" % retry_after)] if retry_after else []
    await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": b""})
