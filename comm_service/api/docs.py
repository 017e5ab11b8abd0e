"""OpenAPI: the document, and the page that shows it. Scripts and styles are Ninja's own static files, so no CDN."""

import functools
import json

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from ..contract import PREFIX
from .site import api
from .writing import JSON

OPENAPI = f"{PREFIX}openapi.json"
# "layout" and "deepLinking" are those of Ninja's page: https://swagger.io/docs/open-source-tools/swagger-ui/
SETTINGS = {"url": OPENAPI, "layout": "BaseLayout", "deepLinking": True}


@functools.cache
def document() -> bytes:
    """The OpenAPI document."""
    schema = api.get_openapi_schema(path_prefix=PREFIX)
    schema["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
    schema["security"] = [{"token": []}, {}]
    return json.dumps(schema, ensure_ascii=False).encode()


@require_safe
def openapi(request: HttpRequest) -> HttpResponse:
    """The document as JSON."""
    return HttpResponse(document(), content_type=JSON)


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """The page on which the operations can be read and tried."""
    return render(request, "comm_service/docs.html", {"title": api.title, "swagger": SETTINGS})
