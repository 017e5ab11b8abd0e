"""The words for changed fields in messages and timelines, and the form of their values in events and histories."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from .corrections import stored_changes
from .formats import day, percent, pesos, shortened
from .models import CostType

Changes = Mapping[str, tuple[Any, Any]]  # {field: (old, new)}

WITHOUT_VALUES = frozenset({"description", "image", "receipt", "file"})
_FORMATS = {
    "project_cost": pesos,
    "amount": pesos,
    "progress": percent,
    "percentage_complete": percent,
    "is_completed": lambda value: "yes" if value else "no",
    "cost_type": lambda value: CostType(value).label.lower() if value in CostType else value,
}
# The fields of a project's parts, with their names in messages.
PART_FIELDS = {
    "date": "date",
    "percentage_complete": "percentage",
    "description": "description",
    "cost_type": "kind",
    "amount": "amount",
    "receipt": "receipt",
    "name": "name",
    "target_date": "target date",
    "is_completed": "reached",
    "completion_date": "day reached",
    "file": "file",
}


def describe_changes(changes: Changes, labels: Mapping[str, str], capitalize: bool = True) -> str:
    """Return the changes in words: ``End date changed from not set to Mar 31, 2027; description changed``."""
    text = "; ".join(f"{labels.get(name, name)} changed{_from_to(name, *values)}" for name, values in changes.items())
    return text[:1].upper() + text[1:] if capitalize else text


def _from_to(name: str, old: Any, new: Any) -> str:
    return "" if name in WITHOUT_VALUES else f" from {_formatted(name, old)} to {_formatted(name, new)}"


def _formatted(name: str, value: Any) -> str:
    if value is None or value == "":
        return "not set"
    if name in _FORMATS:
        return str(_FORMATS[name](value))
    return day(value) if isinstance(value, date) else shortened(value, 100)


def json_changes(changes: Changes) -> dict[str, dict[str, Any]]:
    """Return changes in the form that events carry: ``{field: {"old", "new"}}``, with shortened texts."""
    return {
        name: {which: shortened(value) if isinstance(value, str) else value for which, value in change.items()}
        for name, change in stored_changes(changes).items()
    }
