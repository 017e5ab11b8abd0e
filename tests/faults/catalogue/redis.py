"""What befalls Redis."""

import random
from collections.abc import Iterator

from ..nemesis import fault
from ..office import Office


@fault("redis", (1, 8))
def redis_killed(office: Office, rng: random.Random) -> Iterator[None]:
    """SIGKILL, and after a while a new one in its place."""
    office.redis.kill()
    yield
    office.redis.start()


@fault("redis", (20, 20))
def redis_frozen(office: Office, rng: random.Random) -> Iterator[None]:
    """SIGSTOP: it takes connections and commands, and answers none."""
    office.redis.freeze()
    yield
    office.redis.thaw()
