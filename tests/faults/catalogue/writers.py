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


@fault("killed-writer", (1, 3))
def killed_before_announcing(office: Office, rng: random.Random) -> Iterator[None]:
    """A writer kills itself right after its commit, before anything can be announced."""
    writer = office.new_writer(kill_after=rng.randint(1, 4))
    yield
    writer.wait(60)
    office.retire(writer)
