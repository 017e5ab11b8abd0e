"""The command line of the server that the settings select, for start.sh.

``python -m gistagum.server`` prints ``prepare`` or ``as-it-is`` (whether to migrate and collect static files first),
the URL of the site, and the words of the command. It reads the settings, and looks at the database: what
cannot work stops the start with one line. ``--url`` prints only the URL of the site.
"""

import sys
from typing import Any

from .startup import Passing, check_database, load_settings

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
    load_settings()
    from django.conf import settings

    preparation = "as-it-is" if settings.SKIP_MIGRATE else "prepare"
    url = f"http://{settings.HOST}:{settings.PORT}"
    if "--url" in arguments:
        sys.stdout.write(url)
        return
    check_database(Passing.IGNORE if settings.SKIP_MIGRATE else Passing.REFUSE)
    sys.stdout.write(f"{preparation} {url} {command(settings)}")


if __name__ == "__main__":
    main(sys.argv[1:])
