"""The command line of the server that the settings select, for start.sh.

``python -m gistagum.server`` prints ``prepare`` or ``as-it-is`` (whether to migrate and collect static files first),
the URL of the site, and the words of the command. It reads the settings, so an invalid setting stops the start with
one line that names it. ``--url`` prints only the URL of the site.
"""

import os
import sys
from typing import Any

DAPHNE = (
    "daphne --bind {host} --port {port} --application-close-timeout 5 --no-server-name --access-log /dev/null "
    "gistagum.asgi:application"
)
GUNICORN = "gunicorn --bind {host}:{port} --workers {workers} gistagum.wsgi:application"


def command(settings: Any) -> str:
    """Return the command that start.sh executes."""
    template = DAPHNE if settings.USE_DAPHNE else GUNICORN
    return template.format(host=settings.HOST, port=settings.PORT, workers=settings.WEB_CONCURRENCY)


def main(arguments: list[str]) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gistagum.settings")
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured

    try:
        preparation = "as-it-is" if settings.SKIP_MIGRATE else "prepare"
    except ImproperlyConfigured as error:
        sys.exit(f"gistagum: {error}")
    url = f"http://{settings.HOST}:{settings.PORT}"
    sys.stdout.write(url if "--url" in arguments else f"{preparation} {url} {command(settings)}")


if __name__ == "__main__":
    main(sys.argv[1:])
