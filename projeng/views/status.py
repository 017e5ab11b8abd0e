"""The address that a browser asks whether it is signed in and the server is there."""

from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from realtime import rollout
from realtime.events import iso


@require_safe
def status(request: HttpRequest) -> JsonResponse:
    """``{"status": "connected", "user", "timestamp", …}``, and by which transport and why; 401 when not signed in."""
    if not request.user.is_authenticated:
        return JsonResponse({"type": "error", "message": "Not signed in."}, status=401)
    decision = rollout.decision(request.user)
    answer = {
        "status": "connected",
        "user": request.user.get_username(),
        "timestamp": iso(timezone.now()),
        "user_id": request.user.pk,
        "transport": decision.transport,
        "reason": decision.reason,
    }
    return JsonResponse(answer, headers={"Cache-Control": "no-store"})
