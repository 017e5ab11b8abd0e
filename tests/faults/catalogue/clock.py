"""Faults of the clocks from which the site reads the time of day."""

import random
from collections.abc import Iterator

from ..clocks import HOUR
from ..nemesis import FaultFunction, fault
from ..office import Office

DAY = 24 * HOUR


def _wrong(name: str, seconds: int, says: str, *, everywhere: bool) -> FaultFunction:
    def inject(office: Office, rng: random.Random) -> Iterator[None]:
        clocks = list(office.clocks.values())
        chosen = clocks if everywhere else rng.sample(clocks, rng.randint(1, len(clocks) - 1))
        for clock in chosen:
            clock.set(seconds)
        yield
        for clock in chosen:
            clock.set(0)

    inject.__name__ = name
    inject.__doc__ = says
    return inject


for _befall in (
    _wrong("clock_back", -HOUR, "The clock of every server and writer is set back an hour.", everywhere=True),
    _wrong("clock_forward", HOUR, "The clock of every server and writer is set forward an hour.", everywhere=True),
    _wrong("clocks_apart", -HOUR, "The clocks of some servers and writers are set back an hour.", everywhere=False),
    _wrong("clocks_ahead", DAY, "The clocks of some servers and writers are a day ahead.", everywhere=False),
):
    fault("clock", (5, 20))(_befall)
