"""What the tests of broadcasting share: a Redis, and sites that have it between them."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest
from asgiref.sync import async_to_sync
from channels_redis.pubsub import RedisPubSubChannelLayer
from django.contrib.auth.models import User

from gistagum.layers import channel_layers
from projeng.channels_utils import NOTIFICATION_HANDLER, PROJECT_GROUP, PROJECT_HANDLER, notification_group
from realtime.log import replay
from tests.support import http
from tests.support.people import session_cookie
from tests.support.ports import wait_until
from tests.support.redis import Redis
from tests.support.site import Site
from tests.support.sse import Stream
from tests.support.websocket import Socket

PROBE = "probe"  # a type of message that shows nothing but that it came


@pytest.fixture(scope="session")
def shared_redis() -> Iterator[Redis]:
    """One Redis for the tests that leave it alone."""
    server = Redis()
    yield server
    server.stop()


@pytest.fixture
def redis() -> Iterator[Redis]:
    """A Redis of the test's own, to be killed and frozen."""
    server = Redis()
    yield server
    server.thaw() if server._process else None
    server.stop()


def send_to_group(redis_url: str, group: str, handler: str, data: Any) -> None:
    """Send a message as code elsewhere would, with Channels' own means."""

    async def go() -> None:
        layer = RedisPubSubChannelLayer(**channel_layers(redis_url)["default"]["CONFIG"])
        await layer.group_send(group, {"type": handler, "data": data})
        await layer.flush()

    async_to_sync(go)()


class Office:
    """Gunicorn with two workers and Daphne on one database, broadcasting through one Redis."""

    def __init__(self, stack: ExitStack, folder: Any, database_url: str, redis_url: str, **environment: str) -> None:
        self._stack = stack
        self._redis_url = redis_url
        self._users: set[int] = set()  # who listens
        common = {"WEBSOCKET_BROADCAST": "true", "REDIS_URL": redis_url, **environment}
        self.gunicorn = stack.enter_context(Site(folder / "g", database_url, WEB_CONCURRENCY="2", **common))
        self.daphne = stack.enter_context(Site(folder / "d", database_url, "daphne", **common))

    def socket(self, user: User, address: str = "events/", **options) -> Socket:
        """A socket on Daphne."""
        self._users.add(user.pk)
        replay.head()  # what the test has prepared gets its place, so that the socket starts behind it
        one = Socket(f"{self.daphne.url}/ws/{address}", session_cookie(user), **options)
        self._stack.callback(one.close)
        return one

    def streams(self, user: User, number: int = 1, site: Site | None = None) -> list[Stream]:
        """Streams on Gunicorn's workers, whichever take them, or on another site."""
        self._users.add(user.pk)
        replay.head()
        url = f"{(site or self.gunicorn).url}/projeng/api/realtime/events/"
        return [self._stack.enter_context(Stream(url, session_cookie(user))) for _ in range(number)]

    def settle(self, *subscribers: Socket | Stream) -> None:
        """Wait until these hear what is sent through Redis: their processes join groups a few times a second.

        Each must have somebody who may see notifications of their own, or projects that nobody has named.
        """

        def all_heard() -> bool:
            for user_id in self._users:
                send_to_group(self._redis_url, notification_group(user_id), NOTIFICATION_HANDLER, {"type": PROBE})
            send_to_group(self._redis_url, PROJECT_GROUP, PROJECT_HANDLER, {"type": PROBE})
            time.sleep(0.1)
            return all(any(frame["type"] == PROBE for frame in one.frames) for one in subscribers)

        wait_until(all_heard, "everybody hears what comes through Redis")

    def browser(self, user: User, site: Site | None = None) -> httpx.Client:
        """Somebody who works on pages: a client that may post forms."""
        url = (site or self.gunicorn).url
        token = http.get(f"{url}/accounts/login/").cookies["csrftoken"]
        headers = {
            "Cookie": f"{session_cookie(user)}; csrftoken={token}",
            "X-CSRFToken": token,
            "Referer": url,
        }
        return self._stack.enter_context(http.Client(base_url=url, headers=headers, timeout=20))


@pytest.fixture
def open_office(new_database, on_database, static_root, scratch) -> Iterator[Callable[..., Office]]:
    """``open_office(redis.url)``; the test's ORM works on the same database, without broadcasting."""
    with ExitStack() as stack:

        def begin(redis_url: str, database: str = "postgres", **environment: str) -> Office:
            url = new_database(database)
            on_database(url)
            return Office(stack, scratch, url, redis_url, STATIC_ROOT=static_root, **environment)

        yield begin
