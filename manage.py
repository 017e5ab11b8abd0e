#!/usr/bin/env python
"""Django's command line. A setting or a database that cannot work stops it with one line, not a traceback."""

import sys


def main() -> None:
    from gistagum.startup import choose_settings, load_settings, one_line_for_the_database

    choose_settings(sys.argv[1:])
    load_settings()
    from django.core.management import execute_from_command_line

    with one_line_for_the_database():
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
