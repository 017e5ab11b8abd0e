"""What a start refuses: a setting or a database that cannot work, with one line and not with a traceback."""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.exceptions import ImproperlyConfigured

from .database import is_unavailable
from .database_reasons import in_one_line, reason_of


def load_settings() -> None:
    """Load the settings. End the program if one cannot work."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gistagum.settings")
    from django.conf import settings

    try:
        settings.INSTALLED_APPS  # noqa: B018 (reading any setting loads them all)
    except ImproperlyConfigured as error:
        sys.exit(f"gistagum: {error}")


def check_database(*, wait_for_it: bool = True) -> None:
    """End the program if the site cannot work with its database.

    With ``wait_for_it`` a fault that may pass by itself, such as a server that has not started yet, is only reported:
    the site then answers 503 until it has passed.
    """
    from .database_fitness import faults

    found, passing = faults()
    if not found:
        return
    line = f"gistagum: The database cannot be used. {' '.join(found)}"
    if not (passing and wait_for_it):
        sys.exit(line)
    sys.stderr.write(f"{line} The site answers 503 until then.\n")


@contextmanager
def one_line_for_the_database() -> Iterator[None]:
    """Within this block, an error of a database that cannot be used ends the program. ``--traceback`` shows it all."""
    from django.db import Error

    others = threading.excepthook
    threading.excepthook = lambda thrown: _report(thrown.exc_value) or others(thrown)  # runserver works in a thread
    try:
        yield
    except Error as error:
        if not _report(error):
            raise
        sys.exit(1)
    finally:
        threading.excepthook = others


def _report(error: BaseException | None) -> bool:
    """Write the line, if the error is of that kind. Return whether it is."""
    from django.db import Error

    if not isinstance(error, Error) or not (is_unavailable(error) or reason_of(error)) or "--traceback" in sys.argv:
        return False
    sys.stderr.write(f"gistagum: The database cannot be used. {in_one_line(error)}\n")
    return True
