"""What is answered when a request fails: 503 while the database is away, 500 for any other fault."""

import random
import sys

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template import loader
from django.views import defaults

from realtime.transports.refusal import refusal

from .database import is_away

RETRY_SECONDS = (3, 10)  # browsers come back spread over this range


def server_error(request: HttpRequest) -> HttpResponseBase:
    """Django's ``handler500``, called while the fault is being handled."""
    if not is_away(sys.exc_info()[1]):
        return defaults.server_error(request)
    retry = {"Retry-After": str(random.randint(*RETRY_SECONDS))}
    if "/api/" in request.path:
        return refusal(503, "The server cannot reach its data just now.", **retry)
    # Without the request: whatever a page shows of the person would need the database.
    return HttpResponse(loader.get_template("503.html").render(), status=503, headers=retry)
