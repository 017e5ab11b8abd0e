"""What the rows of a file are based on: the version of each project, or its time of change, when it was exported."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from django.utils import timezone

from ..formats import moment as format_moment
from ..models import Project

_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:?[0-9]{2})?"
)


def _version(name: str, text: str) -> int | None:
    if not text:
        return None
    if not text.isascii() or not text.isdecimal() or len(text) > 18:
        raise ValueError(f"{name} {text[:60]!r} is not a whole number")
    return int(text)


def _time(name: str, text: str) -> tuple[datetime, str] | None:
    """Return the time, by default in the office's time zone, and its precision as ``datetime.isoformat`` names it."""
    if not text:
        return None
    parts = _TIME.fullmatch(text)
    try:
        if parts:
            moment = datetime.fromisoformat(text)
            return (moment if moment.tzinfo else timezone.make_aware(moment)), _precision(parts[1], parts[2])
    except ValueError:
        pass  # the format is right, but the moment does not exist
    raise ValueError(f"{name} {text[:60]!r} is not a time like 2026-11-20T15:04:05+08:00")


def _precision(seconds: str | None, fraction: str | None) -> str:
    if fraction:
        return "milliseconds" if len(fraction) <= 4 else "microseconds"
    return "seconds" if seconds else "minutes"


READERS: dict[str, Callable[[str, str], Any]] = {"version": _version, "updated_at": _time}


def older_export(base: Mapping[str, Any], project: Project) -> str:
    """Return why a row is not based on what is stored; empty if it is, or if the row does not say."""
    version, (moment, precision) = base.get("version"), base.get("updated_at", (None, ""))
    is_older = version is not None and version != project.version
    if moment is not None:
        stored, exported = (when.astimezone(UTC).isoformat(timespec=precision) for when in (project.updated_at, moment))
        is_older = is_older or stored > exported
    if not is_older:
        return ""
    exported = f"version {version}" if version is not None else f"what was stored {format_moment(moment)}"
    return f"based on {exported}, and version {project.version} is stored, of {format_moment(project.updated_at)}"
