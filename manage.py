#!/usr/bin/env python
"""Django's command line. A setting or a database that cannot work stops it with one line, not a traceback."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gistagum.settings")
    from gistagum.startup import load_settings, one_line_for_the_database

    load_settings()
    from django.core.management import execute_from_command_line

    with one_line_for_the_database():
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
