"""The demotions in force, remembered by each process for a moment, so that a request does not cost a query."""

import logging
import threading
import time

from ..choosing import Taken
from ..faults import told
from .interface import DemotionStore

logger = logging.getLogger(__name__)

SECONDS = 1.0  # so long may a process go on as before after a demotion by another one
UNREADABLE = Taken(everybody="demotions cannot be read")

_lock = threading.Lock()
_remembered: dict[str, tuple[float, Taken]] = {}


def taken(name: str, store: DemotionStore) -> Taken:
    """The demotions in force for the move of this name, at most a second old.

    Where they cannot be read, the last ones that were read count; where there are none, everybody is given the old way.
    """
    now = time.monotonic()
    with _lock:
        at, known = _remembered.get(name, (0.0, UNREADABLE))
    if at and now - at < SECONDS:
        return known
    try:
        found = store.taken()
    except Exception as error:  # noqa: BLE001 (callers are answered all the same)
        logger.error("The demotions of %s cannot be read: %s", name, told(error))
        found = known
    with _lock:
        _remembered[name] = now, found
    return found


def forget(name: str | None = None) -> None:
    """Ask the database again at the next decision: of this move, or of all."""
    with _lock:
        if name is None:
            _remembered.clear()
        else:
            _remembered.pop(name, None)
