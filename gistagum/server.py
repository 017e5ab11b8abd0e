"""The command line of the server that the settings select, for start.sh.

``python -m gistagum.server`` prints ``prepare`` or ``as-it-is`` (whether to migrate and collect static files first),
the URL of the site, and the words of the command. It reads the settings, and looks at the database: what cannot work
stops the start with one line; so does a ``HOST`` at which this machine cannot listen. ``--url`` prints only the URL at
which this machine reaches the site.
"""

import sys
from typing import Any

from .listening import ListenAddress, bracketed
from .startup import Passing, check_database, load_settings

DAPHNE = (
    "daphne --bind {host} --port {port} --application-close-timeout 5 --no-server-name --access-log /dev/null "
    "gistagum.asgi:application"
)
GUNICORN = "gunicorn --bind {host}:{port} --workers {workers} gistagum.wsgi:application"


def command(settings: Any, address: ListenAddress) -> str:
    """Return the command that start.sh executes, with the address that a host name stands for.

    Given a name, neither server would find an IPv6 address.
    """
    template = DAPHNE if settings.USE_DAPHNE else GUNICORN
    return template.format(host=bracketed(address.host), port=address.port, workers=settings.WEB_CONCURRENCY)


def main(arguments: list[str]) -> None:
    load_settings()
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured

    try:
        address = ListenAddress(settings.HOST, settings.PORT)
        if "--url" in arguments:
            sys.stdout.write(address.local_url)
            return
        resolved = address.resolved()
    except ImproperlyConfigured as error:
        sys.exit(f"gistagum: {error}")
    check_database(Passing.IGNORE if settings.SKIP_MIGRATE else Passing.REFUSE)
    preparation = "as-it-is" if settings.SKIP_MIGRATE else "prepare"
    sys.stdout.write(f"{preparation} {address.url} {command(settings, resolved)}")


if __name__ == "__main__":
    main(sys.argv[1:])
