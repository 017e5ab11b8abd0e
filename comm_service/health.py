"""The health page of the existing service. It looks at no dependency; ``/health/`` of the site does."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

NAME = "comm-service"


@require_safe
def health(request: HttpRequest) -> HttpResponse:
    """Whether the process answers at all."""
    return JsonResponse({"status": "ok", "service": NAME, "time": timezone.now().isoformat()})
