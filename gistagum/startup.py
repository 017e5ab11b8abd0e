"""What a start refuses: a setting or a database that cannot work, with one line and not with a traceback."""

import argparse
import os
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import Enum

from django.core.exceptions import ImproperlyConfigured

from .database import is_unavailable
from .database_reasons import in_one_line, reason_of
from .parts import PARTS

PATIENCE_SECONDS = 10.0  # of a start that has to migrate: a machine may start all its servers at once
LOOK_SECONDS = 0.5


def choose_settings(arguments: Sequence[str]) -> None:
    """Honour ``--settings`` of a command line. Django would read it only after the settings are loaded."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--settings")
    chosen = parser.parse_known_args(arguments)[0].settings
    if chosen:
        os.environ["DJANGO_SETTINGS_MODULE"] = chosen


def load_settings() -> None:
    """Load the settings. End the program if one cannot work."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", _module_of(os.environ.get("SERVICE", "").strip()))
    from django.conf import settings

    try:
        settings.INSTALLED_APPS  # noqa: B018 (reading any setting loads them all)
    except ImproperlyConfigured as error:
        sys.exit(f"gistagum: {error}")


def _module_of(service: str) -> str:
    """The settings of the part that ``SERVICE`` names. End the program if there is no such part."""
    if not service:
        return "gistagum.settings"
    if service not in PARTS:
        sys.exit(f"gistagum: SERVICE is {service[:40]!r}; it may be {', '.join(PARTS)}, or empty for the whole site.")
    return PARTS[service]


class Passing(Enum):
    """What to do about a fault that may pass by itself, such as a server that has not started yet."""

    REFUSE = "end the program, when it has not passed in PATIENCE_SECONDS"
    REPORT = "report it: the site answers 503 until it has passed"
    IGNORE = "leave it to the server, which reports it"


def check_database(passing: Passing = Passing.REPORT) -> None:
    """End the program if the site cannot work with its database."""
    from .database_fitness import faults

    begun = time.monotonic()
    found, may_pass = faults()
    while found and may_pass and passing is Passing.REFUSE and time.monotonic() - begun < PATIENCE_SECONDS:
        time.sleep(LOOK_SECONDS)
        found, may_pass = faults()
    if not found:
        return
    line = f"gistagum: The database cannot be used. {' '.join(found)}"
    if not may_pass or passing is Passing.REFUSE:
        sys.exit(line)
    if passing is Passing.REPORT:
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
