"""What one process commits reaches the subscribers of another at once, through the layer; a tail alone takes longer."""

import statistics
import time

import pytest

from projeng import inbox
from projeng.access import Role
from realtime.delivery.hub import TAIL_SECONDS
from tests.support.people import person
from tests.support.ports import wait_until


def read_one(browser, number: int) -> None:
    """Have a notification marked as read, on the site's own page."""
    answer = browser.post("/dashboard/notifications/", data={"action": "mark_read", "notification_id": number})
    assert answer.json()["success"] is True, answer.text


@pytest.mark.quiet
@pytest.mark.timeout(120)
@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_an_event_of_one_process_reaches_the_others_well_before_their_tails(open_office, shared_redis, database):
    office = open_office(shared_redis.url, database)
    user = person(Role.HEAD)
    notifications = inbox.send([user], "One") + [inbox.send([user], f"{number}")[0] for number in range(9)]
    assert len(notifications) == 10
    subscribers = {
        "socket on Daphne": [office.socket(user)],
        "stream on Daphne": office.streams(user, site=office.daphne),
        "streams on both of Gunicorn's workers": office.streams(user, 8),
    }
    for some in subscribers.values():
        for one in some:
            one.wait_for(lambda frame: frame.get("unread_count") == 10)
    office.settle(*(one for some in subscribers.values() for one in some))
    browser = office.browser(user)
    took = {name: [] for name in subscribers}
    for notification in notifications:
        time.sleep(0.31)  # at all places within the beat of the tails
        begun = time.monotonic()
        read_one(browser, notification.pk)
        for name, some in subscribers.items():
            came = [one.wait_for(lambda frame: frame["type"] == "notifications_read").at for one in some]
            took[name].append(max(came) - begun)
    for name, times in took.items():
        print(f"{database}, {name}: median {statistics.median(times):.3f} s, longest {max(times):.3f} s")  # noqa: T201
        assert statistics.median(times) < 0.5
    assert TAIL_SECONDS > 1


@pytest.mark.quiet
def test_what_daphne_commits_reaches_gunicorns_streams_too(open_office, shared_redis):
    office = open_office(shared_redis.url, "sqlite")
    user = person(Role.HEAD)
    notifications = [inbox.send([user], f"{number}")[0] for number in range(5)]
    [stream] = office.streams(user)
    stream.wait_for(lambda frame: frame.get("unread_count") == 5)
    office.settle(stream)
    browser = office.browser(user, office.daphne)
    took = []
    for notification in notifications:
        time.sleep(0.31)
        begun = time.monotonic()
        read_one(browser, notification.pk)
        took.append(stream.wait_for(lambda frame: frame["type"] == "notifications_read").at - begun)
    assert statistics.median(took) < 0.5


@pytest.mark.timeout(90)
def test_a_socket_that_is_idle_for_half_a_minute_stays_open(open_office, shared_redis):
    """With redis 8 the layer would end it after 5.8 s (channels_redis#422)."""
    office = open_office(shared_redis.url, "sqlite", SSE_HEARTBEAT_SECONDS="60")
    user = person(Role.HEAD)
    socket = office.socket(user, "notifications/")
    socket.next()
    assert not socket.ended.wait(32)
    assert len(socket.frames) <= 3
    inbox.send([user], "Still there?")
    socket.saying("Still there?")
    office.settle(socket)  # Redis, which was idle as long, still carries messages to it


def test_a_process_follows_each_group_once_however_many_listen_and_has_no_mailbox(open_office, shared_redis):
    import redis as driver

    office = open_office(shared_redis.url, "sqlite")
    user = person(Role.HEAD)
    office.settle(*(office.socket(user) for _ in range(30)))
    with driver.Redis(port=shared_redis.port) as client:
        wanted = ["messaging_typing", "project_updates", "servers", f"user_{user.pk}_notifications"]
        # Another test's processes may have been killed a moment ago.
        groups = wait_until(
            lambda: (
                (found := sorted(client.pubsub_channels("gistagum__group__*"))) and len(found) == len(wanted) and found
            ),
            "the groups are joined",
        )
        assert groups == [f"gistagum__group__{name}".encode() for name in wanted]
        assert {number for _, number in client.pubsub_numsub(*groups)} == {1}
        assert len(client.pubsub_channels("*")) == len(wanted)
