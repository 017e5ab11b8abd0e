"""The parameters of ``DATABASE_URL`` (what follows the ``?``), each with its type. None is dropped or overridden.

django-environ reads every value as a text or a number, so that ``false`` is true, and passes unknown names on.
"""

import difflib
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from django.core.exceptions import ImproperlyConfigured

Parser = Callable[[str], Any]
MOST_SECONDS = 86_400


def split_parameters(url: str) -> tuple[str, dict[str, str]]:
    """Return the URL without its parameters, and the parameters. Names are in lower case.

    Raise ImproperlyConfigured for what is no list of ``name=value``, and for a name that comes twice.
    """
    address, mark, query = url.partition("?")
    if "#" in query:
        raise ImproperlyConfigured("DATABASE_URL has '#' among its parameters; there it is written %23.")
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(mark and query))
    except ValueError:  # the message of which contains the text
        raise ImproperlyConfigured("DATABASE_URL has parameters that are not name=value, joined by &.") from None
    found: dict[str, str] = {}
    for name, value in ((name.lower(), value.strip()) for name, value in pairs):
        if name in found:
            raise ImproperlyConfigured(f"DATABASE_URL has the parameter {name} twice.")
        if not value:
            raise ImproperlyConfigured(f"DATABASE_URL has the parameter {name} without a value.")
        found[name] = value
    return address, found


def parse(given: dict[str, str], known: dict[str, Parser]) -> dict[str, Any]:
    """Return the values with their types. Raise ImproperlyConfigured for an unknown name or an invalid value.

    The messages repeat no value that may be a secret: only those of parameters with a type.
    """
    parsed = {}
    for name, value in given.items():
        if name not in known:
            close = difflib.get_close_matches(name, known, 1)
            hint = f"is {close[0]} meant?" if close else "docs/operating.md lists those that are."
            raise ImproperlyConfigured(f"DATABASE_URL has the parameter {name[:40]!r}, which is not known; {hint}")
        try:
            parsed[name] = known[name](value)
        except ValueError as error:
            raise ImproperlyConfigured(f"DATABASE_URL has {name}={value[:40]!r}; {error}.") from None
    return parsed


def boolean(value: str) -> bool:
    """Parse ``true`` or ``false`` in any case, ``1`` or ``0``."""
    known = {"true": True, "1": True, "false": False, "0": False}
    if value.lower() not in known:
        raise ValueError("it may be true, false, 1 or 0")
    return known[value.lower()]


def flag(value: str) -> int:
    """Parse a boolean for libpq, which knows 1 and 0."""
    return int(boolean(value))


def integer(low: int, high: int) -> Parser:
    """Return the parser of a whole number from ``low`` to ``high``, both included."""

    def parse_integer(value: str) -> int:
        if value.isascii() and value.isdecimal() and len(value) < 12 and low <= int(value) <= high:
            return int(value)
        raise ValueError(f"it may be a whole number from {low} to {high}")

    return parse_integer


def one_of(*allowed: str) -> Parser:
    """Return the parser of a choice, in the spelling that libpq knows."""

    def parse_choice(value: str) -> str:
        for choice in allowed:
            if value.lower() == choice.lower():
                return choice
        raise ValueError(f"it may be {', '.join(allowed)}")

    return parse_choice


def refused(why: str) -> Parser:
    """Return the parser of a parameter that the site cannot work with, whatever its value is."""

    def refuse(value: str) -> None:
        raise ValueError(why)

    return refuse


def only(result: Any, spellings: set[str], why: str) -> Parser:
    """Return the parser of a parameter that the site sets itself: it may be given, and may say nothing else."""

    def parse_only(value: str) -> Any:
        if value.lower() not in spellings:
            raise ValueError(why)
        return result

    return parse_only


# Those of Django, for both kinds of databases. In lower case, like all names here.
DJANGO: dict[str, Parser] = {
    "atomic_requests": boolean,
    "conn_health_checks": boolean,
    "autocommit": only(True, {"true", "1"}, "the site needs true, which is the default"),
}
SQLITE: dict[str, Parser] = {
    **DJANGO,
    "conn_max_age": integer(0, MOST_SECONDS),
    "timeout": integer(1, MOST_SECONDS),
    "transaction_mode": only("IMMEDIATE", {"immediate"}, "the site needs IMMEDIATE, which is the default"),
    "init_command": refused("the site sets it"),
}
DURATION = re.compile(r"(\d+)\s*(us|ms|s|min|h|d)?", re.IGNORECASE)
UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86_400.0}
OPTION = re.compile(r"(?:-c\s*|--)([\w-]+)=((?:\\.|\S)*)")


def check_options(options: str, limits: dict[str, int]) -> None:
    """Check ``options``. Raise ImproperlyConfigured if one of ``limits`` (in seconds) would be longer, or none at all.

    What it sets wins. But every wait has a limit that the pages, and the proxy in front, can count on.
    """
    for name, value in OPTION.findall(options):
        limit = limits.get(name.lower().replace("-", "_"))
        duration = DURATION.fullmatch(value.strip("'"))
        if limit is None or (duration and 0 < int(duration[1]) * UNITS[(duration[2] or "ms").lower()] <= limit):
            continue
        raise ImproperlyConfigured(f"DATABASE_URL has options with {name}={value[:40]}; it may be 1ms to {limit}s.")
