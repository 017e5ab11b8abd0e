"""Typed and validated access to environment variables.

django-environ reads an unknown boolean as ``False``, and raises a bare ``ValueError`` for other invalid values. The
errors raised here name the variable, its value and the allowed values in one line.
"""

import io
import logging
import os
import re
from collections.abc import Sequence
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

from .env_file import read_env_file

logger = logging.getLogger(__name__)

TRUE = {"true", "1"}
FALSE = {"false", "0"}
VALID_LINE = re.compile(r"#|(?:export )?[A-Za-z_0-9]+=|$")  # the beginning of a line that django-environ accepts


class Environment:
    """The process's environment, extended by a ``.env`` file. The file never overrides the environment.

    Raise ImproperlyConfigured for a file that cannot be read, or that is not there although it must be.
    """

    def __init__(self, env_file: Path, must_exist: bool = False) -> None:
        given = set(os.environ)
        if env_file.is_dir() or (must_exist and not env_file.exists()):
            raise ImproperlyConfigured(f"GISTAGUM_ENV_FILE is {str(env_file)!r}; there is no such file.")
        if env_file.is_file():
            text = read_env_file(env_file)
            _warn_of_invalid_lines(env_file, text)
            environ.Env.read_env(io.StringIO(text))
        self._from_file = dict.fromkeys(set(os.environ) - given, env_file.name)

    def source(self, name: str) -> str:
        """Return where a variable's value comes from: ``environment``, the name of the env file, or ``default``."""
        if not os.environ.get(name, "").strip():
            return "default"
        return self._from_file.get(name, "environment")

    def _raw(self, name: str, default: str) -> str:
        # An empty value means "not set", since compose files and env files cannot omit a variable conditionally.
        # django-environ's own readers are not used: they expand a leading "$" to another variable.
        return os.environ.get(name, "").strip() or default

    def text(self, name: str, default: str = "") -> str:
        """Return the value without surrounding blanks, or ``default`` if it is unset or empty."""
        return self._raw(name, default)

    def boolean(self, name: str, default: bool) -> bool:
        """Return the value of ``true`` or ``false`` (in any case), ``1`` or ``0``.

        Raise ImproperlyConfigured for any other value.
        """
        raw = self._raw(name, str(default))
        if raw.lower() in TRUE:
            return True
        if raw.lower() in FALSE:
            return False
        raise ImproperlyConfigured(f"{name} is {raw!r}; it may be true, false, 1 or 0.")

    def integer(self, name: str, default: int, low: int, high: int) -> int:
        """Return an integer from ``low`` to ``high``, both included.

        Raise ImproperlyConfigured for any other value.
        """
        raw = self._raw(name, str(default))
        if raw.isascii() and raw.isdecimal() and len(raw) < 20 and low <= int(raw) <= high:
            return int(raw)
        raise ImproperlyConfigured(f"{name} is {raw[:40]!r}; it may be a whole number from {low} to {high}.")

    def choice(self, name: str, default: str, allowed: Sequence[str]) -> str:
        """Return the member of ``allowed`` that matches the value, ignoring case.

        Raise ImproperlyConfigured if none does.
        """
        raw = self._raw(name, default)
        for value in allowed:
            if raw.lower() == value.lower():
                return value
        raise ImproperlyConfigured(f"{name} is {raw!r}; it may be {', '.join(allowed)}.")

    def names(self, name: str) -> list[str]:
        """Return the members of a comma-separated list, without surrounding blanks and empty members."""
        return [part.strip() for part in self._raw(name, "").split(",") if part.strip()]


def _warn_of_invalid_lines(env_file: Path, text: str) -> None:
    """Log the numbers of ignored lines. django-environ logs the lines themselves, and one may contain a secret."""
    logging.getLogger("environ.environ").setLevel(logging.ERROR)
    for number, line in enumerate(text.splitlines(), start=1):
        if not VALID_LINE.match(line):
            logger.warning("A line of the env file is left out, it is not NAME=value: %s:%d", env_file.name, number)
