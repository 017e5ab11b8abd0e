"""The range of places: ids that browsers tell apart, since they read them as numbers.

Nothing hands out an id beyond it. Where the log has some all the same (somebody has set the sequence to a time in
nanoseconds, or other software wrote events), the next numbering brings it back: these events get other places, in a
new epoch (docs/architecture/epochs.md, "Out of range").
"""

import logging

from django.db import OperationalError

from .models import PLACE_LIMIT

logger = logging.getLogger(__name__)

# No place is given from here on. The rest is for one batch of numbering, so that the last one ends below PLACE_LIMIT.
PLACES_END = PLACE_LIMIT - 1_000
EXHAUSTED = (
    "The event log has used up its places, which end at 2^53, and nothing is delivered any more. "
    "What to do: docs/operating.md, Out of range."
)


class OutOfRange(OperationalError):
    """The log has places that nobody may be told. It is served again once they have been replaced."""

    def __init__(self) -> None:
        super().__init__("The event log has ids beyond 2^53, and is not served until they have been replaced.")


def tell_of_return(moved: int) -> None:
    """Log that the log is back in the range of places, and that so many events have got others."""
    if moved:
        logger.warning("The log had ids beyond 2^53: %d events have got others, in a new epoch.", moved)
    else:
        logger.warning("The log was about to give out ids beyond 2^53: it goes on behind its newest event.")
