"""Which way a caller is given now: by the environment's flags and the demotions in force."""

from .callers import Caller
from .choosing import Taken, Way, choose
from .demotions import in_force
from .moves import Move


def decide(move: Move, caller: Caller) -> Way:
    """The way of this move for this caller, and whether the other way is compared with it.

    It costs a query a second at the most, and none while the flags grant nothing.
    """
    granted = move.grants()
    taken = in_force.taken(move.name, move.demotions) if granted.any else Taken()
    early = move.early(granted, caller) if granted.shadow and not granted.new else None
    return choose(move.old, move.new, granted, caller, taken, early)
