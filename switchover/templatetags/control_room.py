"""Filters: times, delays and transports as the control room shows them."""

from datetime import datetime
from typing import Any

from django import template
from django.contrib.auth.models import AbstractUser
from django.utils import timezone

from ..control import attention, charts
from ..transport.report import NAMES

register = template.Library()
register.filter("clock", charts.clock)
register.filter("in_words", attention.in_words)


@register.filter
def ms(value: float | None) -> str:
    """``340 ms``, ``1.2 s``; a dash for what is not known."""
    return "—" if value is None else charts.milliseconds(value)


@register.filter
def transport_name(name: str) -> str:
    """``SSE``, ``WebSocket``, ``polling``; what else there is, as it is."""
    return NAMES.get(name, name or "not known")


@register.filter
def ago(at: datetime | None) -> str:
    """``8 s ago``, ``5 min ago``, ``3 h ago``, ``2 days ago``; "never" without a moment."""
    if at is None:
        return "never"
    seconds = max(0, int((timezone.now() - at).total_seconds()))
    for size, unit in ((86_400 * 2, "days"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // (86_400 if unit == 'days' else size)} {unit} ago"
    return f"{seconds} s ago"


@register.filter
def stamp(at: datetime) -> str:
    """``Nov 20, 14:05:06`` in the office's time zone."""
    local = timezone.localtime(at)
    return f"{local:%b} {local.day}, {local:%H:%M:%S}"


@register.filter
def called(user: AbstractUser) -> str:
    """Somebody's full name, or else their user name."""
    return user.get_full_name() or user.get_username()


@register.filter
def switch_value(value: Any) -> str:
    """A switch as an environment file would have it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "none"
    return str(value)
