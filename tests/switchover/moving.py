"""A move for tests: from a morning's greeting to an evening's."""

from switchover.evidence.limits import Limits
from switchover.moves import Move


class Greeting(Move):
    """Moves callers from one greeting to another."""

    name = "greeting"
    title = "The greeting"
    old = "morning"
    new = "evening"
    switch = "GREETING"
    limits = Limits(samples=4, strikes=2)
    differing_fields = ("id", "[].id", "seen.*.at")
    public_fields = ("detail",)
    free_fields = ("metadata",)
