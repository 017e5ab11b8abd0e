"""What a browser asks that has no stream: whether it is signed in and the server is there, and what is new."""

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from realtime.log.events import iso
from realtime.rollout import grants
from realtime.transports.poll import poll as polled
from realtime.transports.refusal import refusal

from .. import subscriptions


@require_safe
def status(request: HttpRequest) -> JsonResponse:
    """``{"status": "connected", "user", "timestamp", …}``, and by which transport and why; 401 when not signed in."""
    if not request.user.is_authenticated:
        return JsonResponse({"type": "error", "message": "Not signed in."}, status=401)
    decision = grants.decision(request.user)
    answer = {
        "status": "connected",
        "user": request.user.get_username(),
        "timestamp": iso(timezone.now()),
        "user_id": request.user.pk,
        "transport": decision.transport,
        "reason": decision.reason,
    }
    return JsonResponse(answer, headers={"Cache-Control": "no-store"})


def poll(request: HttpRequest) -> HttpResponseBase:
    """What the stream of a whole page would have said since the cursor, for browsers that no stream reaches."""
    try:
        subscription = subscriptions.of_page(request.GET.get("topics"))
    except ValueError as error:
        return refusal(400, str(error))
    return polled(request, subscription)
