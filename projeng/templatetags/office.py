"""Template filters for amounts, percentages, dates and names."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import template

from .. import formats
from ..actor import person_name
from ..budget import Budget
from ..models import Project

register = template.Library()


@register.filter
def pesos(amount: Decimal | None) -> str:
    """``₱1,234,567.89``, or "not set"."""
    return "not set" if amount is None else formats.pesos(Decimal(amount))


@register.filter
def count(number: int) -> str:
    """How many: ``1,234``."""
    return formats.count(number)


@register.filter
def at_most_99(number: int) -> str:
    """How many, where there is little room: ``99+`` for more than 99."""
    return "99+" if number > 99 else str(number)


@register.filter
def unsigned(amount: Decimal) -> Decimal:
    """The absolute value of an amount, to display an overspent sum."""
    return abs(amount)


@register.filter
def percent(share: Decimal | float | None) -> str:
    """``45.5%``; empty for ``None``."""
    return "" if share is None else formats.percent(Decimal(str(share)))


@register.filter
def number(value: Decimal | float) -> str:
    """A number in the form of HTML attributes: ``45.5``."""
    return formats.percent(Decimal(str(value)))[:-1]


@register.filter
def day(value: date | None) -> str:
    """``Nov 20, 2026``, or "not set"."""
    return formats.day(value)


@register.filter
def moment(value: datetime) -> str:
    """``Nov 20, 2026, 3:04 PM``."""
    return formats.moment(value)


@register.filter
def person(user: Any) -> str:
    """A user's name; a dash if the account was deleted."""
    return person_name(user) if user else "—"


@register.simple_tag
def budget_of(project: Project) -> Budget:
    """The budget check of a project. In lists, ``filters.with_spent_total`` supplies the sum of the costs."""
    spent = getattr(project, "spent_total", None)
    return Budget(project.spent if spent is None else spent, project.project_cost)
