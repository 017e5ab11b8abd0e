"""Formats of amounts, percentages and dates in messages, pages and events."""

from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.utils import timezone


def pesos(amount: Decimal) -> str:
    """``₱1,234,567.89``, and ``−₱1,234,567.89`` below zero."""
    rounded = amount.quantize(Decimal("0.01"), ROUND_HALF_UP)
    return f"{'−' if rounded < 0 else ''}₱{abs(rounded):,}"


def count(number: int) -> str:
    """``1,234``"""
    return f"{number:,}"


def percent(share: Decimal) -> str:
    """``45%``, ``45.5%``: as many decimals as needed, two at most."""
    text = f"{Decimal(share).quantize(Decimal('0.01'), ROUND_HALF_UP):f}"
    return f"{text.rstrip('0').rstrip('.')}%"


def day(value: date | None) -> str:
    """``Nov 20, 2026``, or "not set"."""
    return f"{value:%b} {value.day}, {value.year}" if value else "not set"


def moment(value: datetime) -> str:
    """``Nov 20, 2026, 3:04 PM`` in the office's time zone."""
    local = timezone.localtime(value)
    return f"{day(local.date())}, {local.hour % 12 or 12}:{local:%M} {local:%p}"


def shortened(value: Any, limit: int = 200) -> str:
    """Return the value as text, shortened to at most ``limit`` characters."""
    text = str(value)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
