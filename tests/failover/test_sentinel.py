"""Redis with Sentinel: the master dies, and events go on, by the log first and soon by the new master."""

import time
from collections.abc import Iterator

import pytest

from tests.phase3.conftest import open_office  # noqa: F401 (a fixture)
from tests.phase3.test_outages import FAILS, WORKS, Desk
from tests.support.ports import wait_until
from tests.support.sentinel import Sentinels

QUICK = 0.7  # seconds for a save and everybody's event; the log's tail alone takes up to two


@pytest.fixture
def sentinels() -> Iterator[Sentinels]:
    servers = Sentinels()
    yield servers
    servers.stop()


@pytest.mark.servers
@pytest.mark.quiet
@pytest.mark.timeout(150)
def test_the_master_dies_and_broadcasting_goes_on_through_the_new_one(open_office, sentinels):  # noqa: F811
    desk = Desk(open_office(sentinels.url, "sqlite"), 120)
    desk.work(3)
    sentinels.first.kill()
    while not sentinels.all_name(sentinels.second):
        desk.work(1, pause=0.2)  # each in two seconds, by the log

    sentinels.first.start()  # it believes that it is the master, until the sentinels tell it otherwise

    def quick() -> bool:
        begun = time.monotonic()
        desk.work(1, pause=0.3)
        return time.monotonic() - begun < QUICK

    wait_until(lambda: quick() and quick() and quick(), "events come by way of Redis again", 40)
    assert sentinels.second.clients(), "by way of the new master"
    wait_until(lambda: sentinels.role(sentinels.first) == "slave", "the old master comes back as a replica", 30)
    desk.work(3)
    desk.each_came_once()
    assert all(failed <= 2 for failed in desk.said(FAILS)), "once for each process"
    assert sum(desk.said(WORKS)) <= sum(desk.said(FAILS))
