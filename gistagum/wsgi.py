"""The WSGI application, which serves pages and SSE. Gunicorn runs it."""

from django.core.wsgi import get_wsgi_application

from .request_encoding import ReadableEncoding
from .startup import load_settings

load_settings()
application = get_wsgi_application()
application.request_class = type("Request", (ReadableEncoding, application.request_class), {})

from django.conf import settings  # noqa: E402
from django.utils.module_loading import import_string  # noqa: E402

from realtime.rollout.presence import presence  # noqa: E402 (needs Django's models)

from .garbage_collection import tune_garbage_collection  # noqa: E402
from .readiness import readiness  # noqa: E402

tune_garbage_collection()
for name in settings.SERVER_STARTS:
    import_string(name)()
readiness.start(then=presence.start)
