"""What befalls those who change things."""

import random
from collections.abc import Iterator

from ..nemesis import fault
from ..office import Office


@fault("writers", (0, 2))
def writer_killed(office: Office, rng: random.Random) -> Iterator[None]:
    """SIGKILL in the middle of whatever it does; another takes its place."""
    office.replace_writer(rng.randrange(len(office.writers)))
    yield


@fault("last-words", (1, 3))
def killed_before_announcing(office: Office, rng: random.Random) -> Iterator[None]:
    """A writer that is killed by its own commit, before anything can be announced."""
    writer = office.new_writer(last_words=rng.randint(1, 4))
    yield
    writer.wait(60)
    office.retire(writer)
