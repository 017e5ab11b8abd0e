"""Typed, checked reading of environment variables.

django-environ takes anything it does not know for ``False`` or raises a bare ``ValueError``; an operator who
mistypes a flag should be told which variable it was, what it holds and what it may hold, in one line.
"""

import logging
import os
import re
from collections.abc import Sequence
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

logger = logging.getLogger(__name__)

TRUE = {"true", "1"}
FALSE = {"false", "0"}
READABLE = re.compile(r"#|(?:export )?[A-Za-z_0-9]+=|$")  # how a line begins that django-environ takes


class Environment:
    """The process's environment, topped up from a ``.env`` file (which never overrides it)."""

    def __init__(self, env_file: Path) -> None:
        given = set(os.environ)
        if env_file.is_file():
            _tell_of_unreadable_lines(env_file)
            environ.Env.read_env(str(env_file))
        self._from_file = dict.fromkeys(set(os.environ) - given, env_file.name)

    def source(self, name: str) -> str:
        """Where a variable's value comes from: ``environment``, the name of the env file, or ``default``."""
        if not os.environ.get(name, "").strip():
            return "default"
        return self._from_file.get(name, "environment")

    def _raw(self, name: str, default: str) -> str:
        # An empty value means "not set": compose files and env files cannot leave a variable out conditionally.
        # Not through django-environ's readers, for which a leading "$" means another variable.
        return os.environ.get(name, "").strip() or default

    def text(self, name: str, default: str = "") -> str:
        """The variable as it stands, or ``default`` where it is unset or empty."""
        return self._raw(name, default)

    def boolean(self, name: str, default: bool) -> bool:
        """``true`` or ``false`` in any case, ``1`` or ``0``.

        Raises ImproperlyConfigured for anything else.
        """
        raw = self._raw(name, str(default))
        if raw.lower() in TRUE:
            return True
        if raw.lower() in FALSE:
            return False
        raise ImproperlyConfigured(f"{name} is {raw!r}; it may be true, false, 1 or 0.")

    def integer(self, name: str, default: int, low: int, high: int) -> int:
        """A whole number from ``low`` to ``high``, both included.

        Raises ImproperlyConfigured for anything else.
        """
        raw = self._raw(name, str(default))
        if raw.isascii() and raw.isdecimal() and len(raw) < 20 and low <= int(raw) <= high:
            return int(raw)
        raise ImproperlyConfigured(f"{name} is {raw[:40]!r}; it may be a whole number from {low} to {high}.")

    def choice(self, name: str, default: str, allowed: Sequence[str]) -> str:
        """One of ``allowed``, compared without regard to case.

        Raises ImproperlyConfigured for anything else.
        """
        raw = self._raw(name, default)
        for value in allowed:
            if raw.lower() == value.lower():
                return value
        raise ImproperlyConfigured(f"{name} is {raw!r}; it may be {', '.join(allowed)}.")

    def names(self, name: str) -> list[str]:
        """A comma-separated list; blanks around and between the names are dropped."""
        return [part.strip() for part in self._raw(name, "").split(",") if part.strip()]


def _tell_of_unreadable_lines(env_file: Path) -> None:
    """Warn of lines that are left out, by their number: django-environ would repeat them, and one may hold a secret."""
    logging.getLogger("environ.environ").setLevel(logging.ERROR)
    for number, line in enumerate(env_file.read_text(encoding="utf-8").splitlines(), start=1):
        if not READABLE.match(line):
            logger.warning("A line of the env file is left out, it is not NAME=value: %s:%d", env_file.name, number)
