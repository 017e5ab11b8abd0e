"""The ASGI application: what Daphne serves (pages and SSE; WebSocket joins here in phase 2)."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gistagum.settings")

application = get_asgi_application()
