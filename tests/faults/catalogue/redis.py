"""What befalls Redis."""

import contextlib
import random
from collections.abc import Iterator

from redis.exceptions import OutOfMemoryError

from tests.support.ports import wait_until

from ..nemesis import fault
from ..office import Office

PATIENCE = 40.0  # seconds for harm to be seen, which another fault may hold up
LONG = b"x" * 200_000  # longer than the 16 KB that a connection has before its output buffer counts


@fault("redis", (1, 8))
def redis_killed(office: Office, rng: random.Random) -> Iterator[None]:
    """SIGKILL, and after a while a new one in its place."""
    office.redis.kill()
    yield
    office.redis.start()


@fault("redis", (1, 3))
def redis_restarted(office: Office, rng: random.Random) -> Iterator[None]:
    """SIGTERM and a new one at once, as an operator restarts it."""
    office.redis.end()
    office.redis.start()
    yield


@fault("redis", (20, 20))
def redis_frozen(office: Office, rng: random.Random) -> Iterator[None]:
    """SIGSTOP: it takes connections and commands, and answers none."""
    office.redis.freeze()
    yield
    office.redis.thaw()


@fault("redis", (1, 4))
def redis_connections_killed(office: Office, rng: random.Random) -> Iterator[None]:
    """CLIENT KILL of everybody, and once more when they have come back."""
    office.redis.cut_off()
    yield
    office.redis.cut_off()


@fault("redis", (2, 5))
def redis_buffers_full(office: Office, rng: random.Random) -> Iterator[None]:
    """The output buffers of subscribers may hold nothing: whoever is sent a long message is dropped."""
    dropped = "for overcoming of output buffer limits"
    before = office.redis.said(dropped)
    with office.redis.configured(client_output_buffer_limit="pubsub 1 1 1") as control:
        for group in wait_until(control.pubsub_channels, "somebody has subscribed", PATIENCE):
            control.publish(group, LONG)
        wait_until(lambda: office.redis.said(dropped) > before, "Redis has dropped subscribers", PATIENCE)
        yield


@fault("redis", (3, 10))
def redis_out_of_memory(office: Office, rng: random.Random) -> Iterator[None]:
    """No memory and noeviction: Redis takes no more data. PUBLISH and SUBSCRIBE store nothing and still pass, so
    clients may have no memory either: they are evicted as often as they come."""
    with office.redis.configured(maxmemory="1", maxmemory_policy="noeviction", maxmemory_clients="1") as control:
        before = control.info("stats")["evicted_clients"]
        with contextlib.suppress(OutOfMemoryError):
            control.set("data", "data")
            raise AssertionError("Redis is out of memory, and takes data")
        wait_until(lambda: control.info("stats")["evicted_clients"] > before, "Redis has thrown somebody out", PATIENCE)
        yield
