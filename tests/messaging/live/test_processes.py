"""Typing and presence between real servers: two Daphne processes on one PostgreSQL, with Redis and without."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from messaging import conversations
from messaging.live.keeper import BEAT_SECONDS, GRACE_SECONDS
from messaging.live.presence import ALIVE_SECONDS
from tests.messaging.conftest import write
from tests.support.people import person, session_cookie
from tests.support.redis import Redis
from tests.support.site import ROOT, Site, running_on
from tests.support.websocket import Socket

SLACK = 4.0  # seconds that a busy machine may take on top

one_site = running_on("daphne-sqlite")


@pytest.fixture(scope="module")
def redis() -> Iterator[Redis]:
    server = Redis()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def database_url(new_database: Callable[[str], str]) -> str:
    return new_database("postgres")


@pytest.fixture(scope="module")
def pair(redis: Redis, database_url: str, static_root: str, tmp_path_factory: Any) -> Iterator[tuple[Site, Site]]:
    """Two Daphne processes that share the database and Redis."""
    common = {"STATIC_ROOT": static_root, "REDIS_URL": redis.url, "WEBSOCKET_BROADCAST": "true"}
    with ExitStack() as stack:
        first, second = (
            stack.enter_context(Site(tmp_path_factory.mktemp(name), database_url, "daphne", **common))
            for name in ("first", "second")
        )
        yield first, second


@pytest.fixture
def open_socket() -> Iterator[Callable[[Site, Any], Socket]]:
    """``open_socket(site, person)``: a socket for messages, which has had its first frames."""
    with ExitStack() as stack:

        def connect(site: Site, someone: Any) -> Socket:
            made = Socket(f"{site.url}/ws/events/?topics=messages", session_cookie(someone))
            stack.callback(made.close)
            made.wait_for(lambda frame: frame["type"] == "messages_unread")
            return made

        yield connect


def of(kind: str, someone: Any, **fields: Any) -> Callable[[dict], bool]:
    """Whether a frame is of this kind, about this person, and has these fields."""
    wanted = {"type": kind, "person_id": someone.pk, **fields}
    return lambda frame: wanted.items() <= frame.items()


def within(seconds: float, socket: Socket, wanted: Callable[[dict], bool]) -> dict:
    return socket.wait_for(wanted, seconds=seconds + SLACK)


def type_elsewhere(site: Site, someone: Any, place: Any) -> None:
    """Type in a process of its own, which has nothing but the database and Redis in common with the others."""
    script = (
        "import django; django.setup()\n"
        "from django.contrib.auth import get_user_model\n"
        "from messaging.live.typing import typing\n"
        "from realtime.channel_layer.broadcast import broadcast\n"
        "from tests.support.ports import wait_until\n"
        f"typing(get_user_model().objects.get(pk={someone.pk}), {place.pk})\n"
        "wait_until(lambda: broadcast.layer.sent, 'the layer has sent it')\n"
    )
    environment = site.environment | {"DJANGO_SETTINGS_MODULE": "gistagum.settings"}
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=environment, check=True, timeout=60)


def test_typing_reaches_the_others_of_the_conversation_on_every_process_and_ends_with_the_message(
    pair, database_url, on_database, open_socket
):
    on_database(database_url)
    ana, ben, cora, dan = (person() for _ in range(4))
    place = conversations.create(creator=ana, kind="group", participants=[ben, cora], subject="Roof")
    listening = [open_socket(pair[0], ben), open_socket(pair[1], cora)]
    stranger = open_socket(pair[0], dan)
    type_elsewhere(pair[0], ana, place)
    for socket in listening:
        frame = within(2, socket, of("typing", ana, is_typing=True))
        assert frame["conversation_id"] == place.pk
        assert "id" not in frame
    write(ana, place, "Here it is")
    for socket in listening:
        within(2, socket, lambda frame: frame["type"] == "message_created")
        within(2, socket, of("typing", ana, is_typing=False))
    write(dan, dan, "A note")
    within(2, stranger, lambda frame: frame["type"] == "message_created")
    assert not [frame for frame in stranger.frames if frame["type"] == "typing"]


def test_somebody_is_online_from_the_first_connection_to_the_last_whatever_process_has_it(
    pair, database_url, on_database, open_socket
):
    on_database(database_url)
    ana, ben = person(), person()
    write(ana, ben)
    watcher = open_socket(pair[1], ben)
    phone = open_socket(pair[0], ana)
    within(3, watcher, of("presence", ana, is_online=True, last_seen=None))
    desk = open_socket(pair[1], ana)
    phone.close()
    time.sleep(GRACE_SECONDS + 1)  # nothing to wait for: nothing must come
    assert not [frame for frame in watcher.frames if of("presence", ana, is_online=False)(frame)]
    desk.close()
    gone = within(GRACE_SECONDS + 2, watcher, of("presence", ana, is_online=False))
    assert gone["last_seen"] is not None


def test_the_people_of_a_process_that_was_killed_are_offline_within_seconds(
    pair, database_url, on_database, open_socket, static_root, tmp_path: Path
):
    """The process has no Redis: what it says of its people reaches the others through the log."""
    on_database(database_url)
    ana, ben = person(), person()
    write(ana, ben)
    watcher = open_socket(pair[1], ben)
    with Site(tmp_path / "third", database_url, "daphne", STATIC_ROOT=static_root) as third:
        open_socket(third, ana)
        within(3, watcher, of("presence", ana, is_online=True))
        os.killpg(third.process.pid, signal.SIGKILL)
        within(ALIVE_SECONDS + BEAT_SECONDS, watcher, of("presence", ana, is_online=False))
    for site in pair:
        assert "Traceback" not in site.log.read_text()


def test_one_process_on_sqlite_knows_who_comes_and_goes(one_site, open_socket):
    ana, ben = person(), person()
    write(ana, ben)
    watcher = open_socket(one_site, ben)
    socket = open_socket(one_site, ana)
    within(2, watcher, of("presence", ana, is_online=True))
    socket.close()
    within(GRACE_SECONDS + 2, watcher, of("presence", ana, is_online=False))
