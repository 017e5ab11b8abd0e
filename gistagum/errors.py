"""The error handler of the site: 503 while the database is unavailable, 500 for any other exception."""

import random
import sys

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template import loader
from django.views import defaults

from realtime.transports.refusal import refusal

from .database import is_unavailable

# Retry-After is a random value in this range, so that browsers do not return all at once. Our pages add at most 2 s:
# all of them are back within ten.
RETRY_SECONDS = (3, 7)


def server_error(request: HttpRequest) -> HttpResponseBase:
    """Django's ``handler500``. Django calls it while the exception is being handled."""
    if not is_unavailable(sys.exc_info()[1]):
        return defaults.server_error(request)
    retry = {"Retry-After": str(random.randint(*RETRY_SECONDS))}
    if "/api/" in request.path:
        return refusal(503, "The server cannot reach its data just now.", **retry)
    # Rendered without the request: context processors would query the database for the user.
    return HttpResponse(loader.get_template("503.html").render(), status=503, headers=retry)
