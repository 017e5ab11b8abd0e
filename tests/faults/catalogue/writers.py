"""Faults of the processes that make changes."""

import random
from collections.abc import Iterator

from ..nemesis import fault
from ..office import Office


@fault("writers", (0, 2))
def writer_killed(office: Office, rng: random.Random) -> Iterator[None]:
    """SIGKILL to a writer at any time; another one replaces it."""
    office.replace_writer(rng.randrange(len(office.writers)))
    yield
