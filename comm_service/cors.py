"""Which pages of other origins may call: any in the compatibility form, else those of ``CORS_ALLOWED_ORIGINS``."""

from typing import Any

from corsheaders.signals import check_request_enabled
from django.conf import settings
from django.http import HttpRequest

from .contract import PREFIX

STREAMS = "/comm/events/"


def connect() -> None:
    """Called once, when the app is ready."""
    check_request_enabled.connect(_any_origin, dispatch_uid="comm_service.any_origin")


def _any_origin(request: HttpRequest, **_: Any) -> bool:
    return bool(settings.COMM_COMPAT) and request.path_info.startswith((PREFIX, STREAMS))
