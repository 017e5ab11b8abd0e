"""Faults of Redis."""

import contextlib
import random
from collections.abc import Iterator

from redis.exceptions import OutOfMemoryError

from tests.support.ports import wait_until

from ..nemesis import fault
from ..office import Office

EFFECT_SECONDS = 40.0  # until the fault must have had an effect, which another fault may delay
LONG = b"x" * 200_000  # longer than a connection's static buffer of 16 KB, which the limit does not count


@fault("redis", (1, 8))
def redis_killed(office: Office, rng: random.Random) -> Iterator[None]:
    """SIGKILL, and a new server after a while."""
    office.redis.kill()
    yield
    office.redis.start()


@fault("redis", (1, 3))
def redis_restarted(office: Office, rng: random.Random) -> Iterator[None]:
    """SIGTERM and a new server at once, as an operator would restart it."""
    office.redis.end()
    office.redis.start()
    yield


@fault("redis", (20, 20))
def redis_frozen(office: Office, rng: random.Random) -> Iterator[None]:
    """SIGSTOP: Redis accepts connections and commands, and responds to none."""
    office.redis.freeze()
    yield
    office.redis.thaw()


@fault("redis", (1, 4))
def redis_connections_killed(office: Office, rng: random.Random) -> Iterator[None]:
    """CLIENT KILL of all clients, and again when they have reconnected."""
    office.redis.cut_off()
    yield
    office.redis.cut_off()


@fault("redis", (2, 5))
def redis_buffers_full(office: Office, rng: random.Random) -> Iterator[None]:
    """The limit of subscribers' output buffers is minimal: a subscriber that is sent a long message is disconnected."""
    dropped = "for overcoming of output buffer limits"
    before = office.redis.said(dropped)
    with office.redis.configured(client_output_buffer_limit="pubsub 1 1 1") as control:
        for group in wait_until(control.pubsub_channels, "somebody has subscribed", EFFECT_SECONDS):
            control.publish(group, LONG)
        wait_until(lambda: office.redis.said(dropped) > before, "Redis has dropped subscribers", EFFECT_SECONDS)
        yield


@fault("redis", (3, 10))
def redis_out_of_memory(office: Office, rng: random.Random) -> Iterator[None]:
    """No memory and noeviction: Redis rejects writes. PUBLISH and SUBSCRIBE store nothing and still work, so the memory
    of clients is limited as well: they are evicted whenever they connect."""
    with office.redis.configured(maxmemory="1", maxmemory_policy="noeviction", maxmemory_clients="1") as control:
        before = control.info("stats")["evicted_clients"]
        with contextlib.suppress(OutOfMemoryError):
            control.set("data", "data")
            raise AssertionError("Redis is out of memory, and takes data")
        wait_until(
            lambda: control.info("stats")["evicted_clients"] > before, "Redis has thrown somebody out", EFFECT_SECONDS
        )
        yield
