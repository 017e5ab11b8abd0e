"""The status and poll endpoints, for browsers without a stream."""

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from realtime.delivery import topics
from realtime.log.events import iso
from realtime.transports.poll import poll as polled
from realtime.transports.refusal import refusal
from switchover.transport import grants


@require_safe
def status(request: HttpRequest) -> JsonResponse:
    """Return ``{"status": "connected", "user", "timestamp", …}``, the transport and its reason; 401 if anonymous."""
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
    """Return the frames that a page's stream would have sent since the cursor, for browsers that no stream reaches."""
    try:
        subscription = topics.of_page(request.GET.get("topics"), request.GET.get("pages"))
    except ValueError as error:
        return refusal(400, str(error))
    return polled(request, subscription)
