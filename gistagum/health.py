"""The address that load balancers, containers and scripts ask whether this process can serve."""

from django.db import connection
from django.db.utils import DatabaseError
from django.http import HttpRequest, HttpResponse


def health(request: HttpRequest) -> HttpResponse:
    """``OK`` when the database answers; 503 with the reason's kind when not."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        return HttpResponse(f"database: {type(error).__name__}", status=503, content_type="text/plain")
    return HttpResponse("OK", content_type="text/plain")
