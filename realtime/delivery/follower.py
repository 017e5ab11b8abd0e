"""Follows the log from a cursor, and notices when the log has another history than it had before.

A promoted standby or a restored backup may lack the events that this process has read last. Its own last event is
therefore read again each time, and the database says which one it is (docs/architecture/epochs.md).
"""

import logging
from typing import NamedTuple

from ..log import position, renewal, replay
from ..log.epochs import NO_HISTORY, History
from ..log.numberer import numberer
from ..log.place_range import PLACES_END, OutOfRange
from ..log.position import Position
from ..log.replay import Frame

logger = logging.getLogger(__name__)

RENEW_SECONDS = 1.0  # how long a look waits for the numbering that begins a new epoch


class Found(NamedTuple):
    """What a look at the log has found.

    ``frames`` are new. ``pending``: committed events have no place yet. ``lost``: what was read before belongs to a
    history that was lost, and the follower stands at the end of the present one.
    """

    frames: list[Frame]
    pending: bool = False
    lost: bool = False


class LogFollower:
    """A position in the log, with what was read there. For one thread."""

    def __init__(self) -> None:
        self.cursor = 0
        self.history: History = NO_HISTORY
        self._own = ""  # the event at the cursor, once it has been read

    def begin(self, cursor: int, history: History) -> None:
        """Start after ``cursor``."""
        self.cursor, self.history, self._own = cursor, history, ""

    def read(self, most: int) -> Found:
        """Read on: at most ``most`` events."""
        look = replay.look(self.cursor, most)
        frames = look.frames
        own = frames.pop(0).json if frames and frames[0].id == self.cursor else ""
        intact = own == self._own or not self._own
        if not own:
            intact = self.cursor in (0, self.history.begins) or replay.pruned_to() >= self.cursor
        if not intact and look.standby:
            return Found([])  # it may lag behind, which proves nothing
        if intact and self.cursor >= PLACES_END:
            numberer.request()
            raise OutOfRange
        leaps = bool(frames) and self.history.leaps(self.cursor, frames[-1].id)
        if not intact or leaps or look.fingerprint not in (None, self.history.fingerprint):
            found = self._examine(intact)
            if found is not None:
                return found
        self._own = own
        if frames:
            self.cursor, self._own = frames[-1].id, frames[-1].json
        return Found(frames, look.pending)

    def _examine(self, intact: bool) -> Found | None:
        """The log does not look as before: learn its history, and whether this position is still a part of it.

        Return ``None`` when there is nothing to learn: somebody has only moved the sequence of the ids.
        """
        at = position.read()
        if at.other_database or at.out_of_range:
            numberer.wait(numberer.request(urgent=True), RENEW_SECONDS)
            at = position.read()
        elif not intact and at.history.number == self.history.number:
            # Nothing but the missing event tells of it, so nobody knows which ids are still valid.
            renewal.begin_epoch(at.history.number, cut=0)
            at = position.read()
        if at.history.number == self.history.number and at.history.begins == self.history.begins:
            if intact and not (at.other_database or at.out_of_range):
                return None
            return Found([], pending=True)  # nobody could begin an epoch now: look again soon
        return self._change(at, lost=not intact or at.history.is_lost(self.cursor))

    def _change(self, at: Position, lost: bool) -> Found:
        cut, begins = at.history.gaps[-1]
        if cut < begins:  # the first epoch of a database leaves nothing out
            logger.warning(
                "The log has a new epoch: ids after %d and before %d are of a history that was lost. %s",
                cut,
                begins,
                f"This process had read up to {self.cursor}." if lost else "Nothing that this process read was lost.",
            )
        self.history = at.history
        if lost:
            self.begin(at.newest, at.history)
        return Found([], pending=True, lost=lost)
