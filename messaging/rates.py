"""How often a person may write: so many messages at once, then so many a second, over all processes.

The processes share the count through Redis where there is one. Each also has a count of its own, which holds alone
without Redis, and while Redis is away.
"""

import logging
import math
import threading
import time
from collections.abc import Hashable
from typing import Any

from django.conf import settings
from redis import Redis, RedisError
from redis.sentinel import Sentinel

from realtime.transports.token_buckets import TokenBuckets

logger = logging.getLogger(__name__)

ANSWER_SECONDS = 0.25  # for which Redis is waited for
AWAY_SECONDS = 10.0  # for which it is not asked after that

# The generic cell rate algorithm: the key holds when the bucket will be full again, by the clock of Redis.
TAKE = """
local now = redis.call('TIME')
now = now[1] + now[2] / 1000000
local interval, most = tonumber(ARGV[1]), tonumber(ARGV[2])
local full_at = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now) + interval
local wait = full_at - now - interval * most
if wait > 0.000001 then
    return tostring(wait)
end
redis.call('SET', KEYS[1], string.format('%.6f', full_at), 'PX', math.ceil((full_at - now) * 1000) + 1)
return '0'
"""


class SharedBuckets:
    """A token bucket per key: ``most`` at once, then ``a_second``. ``name`` tells buckets of one kind from others."""

    def __init__(self, name: str, most: int, a_second: float, redis: Redis | None = None) -> None:
        self._name, self._most, self._interval = name, most, 1 / a_second
        self._own = TokenBuckets(most, a_second)
        self._redis = redis
        self._lock = threading.Lock()
        self._away_until = 0.0

    def take(self, key: Hashable) -> int:
        """Take one and return 0; or take none and return the whole seconds until there is one."""
        seconds = self._own.take(key)
        if seconds or self._redis is None or time.monotonic() < self._away_until:
            return seconds
        try:
            # eval sends the script each time, which is short, and needs no second way for a Redis that forgot it
            wait: Any = self._redis.eval(TAKE, 1, f"gistagum:rate:{self._name}:{key}", self._interval, self._most)
        except RedisError as error:
            self._leave_alone(error)
            return 0
        seconds = math.ceil(float(wait))
        if seconds:
            self._own.give_back(key)
        return seconds

    def _leave_alone(self, error: RedisError) -> None:
        with self._lock:
            self._away_until = time.monotonic() + AWAY_SECONDS
        logger.warning("Rates are counted by each process alone, Redis does not answer: %s", error)


def shared_redis() -> Redis | None:
    """A client for the Redis of the settings (the first of several); ``None`` without one. It does not connect yet."""
    if not settings.REDIS_URL:
        return None
    [host, *_] = settings.CHANNEL_LAYERS["default"]["CONFIG"]["hosts"]
    limits: dict[str, Any] = {"socket_timeout": ANSWER_SECONDS, "socket_connect_timeout": ANSWER_SECONDS}
    if "sentinels" in host:
        sentinel: Any = Sentinel(host["sentinels"], sentinel_kwargs=limits, **limits)  # type: ignore[no-untyped-call]
        master: Redis = sentinel.master_for(host["master_name"], db=host.get("db", 0))
        return master
    return Redis.from_url(host["address"], **limits)
