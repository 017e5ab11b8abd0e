"""The ASGI application: what Daphne serves (pages and SSE; WebSocket joins here in phase 2)."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gistagum.settings")

django_application = get_asgi_application()

from .daphne_limits import bounded, end_in_time  # noqa: E402 (after Django is set up)

application = bounded(django_application)
end_in_time()
