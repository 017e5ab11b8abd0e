"""Which server the settings ask for: ``python -m gistagum.server`` prints its name for start.sh.

Reading the settings is also the check that a bad value stops the start, with one line that names it.
"""

import os
import sys

SERVERS = {False: "gunicorn", True: "daphne"}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gistagum.settings")
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured

    try:
        use_daphne = settings.USE_DAPHNE
    except ImproperlyConfigured as error:
        sys.exit(f"gistagum: {error}")
    sys.stdout.write(SERVERS[use_daphne])


if __name__ == "__main__":
    main()
