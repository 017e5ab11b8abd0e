"""Redis is stopped, started again, frozen or out of reach: that costs latency, and nothing else."""

import time

import pytest

from projeng import inbox
from projeng.access import Role
from tests.phase3.test_speed import read_one
from tests.support.people import person
from tests.support.ports import free_port, wait_until

pytestmark = [pytest.mark.quiet, pytest.mark.long]  # every event has its deadline
TWO_SECONDS = 2.0
MARGIN = 0.7  # for a machine that does other things as well
EXTRA = 0.25  # seconds that a save may take longer
FAILS = "The channel layer fails and is left alone"
WORKS = "The channel layer works again."


class Desk:
    """Somebody who works on Gunicorn, watched by a socket on Daphne and streams on both workers."""

    def __init__(self, office, events: int, *, settled: bool = True) -> None:
        self.office = office
        self.user = person(Role.HEAD)
        self.notifications = [inbox.send([self.user], f"{number}")[0].pk for number in range(events)]
        self.watching = [office.socket(self.user, "notifications/"), *office.streams(self.user, 4)]
        self.browser = office.browser(self.user)
        if settled:
            office.settle(*self.watching)
        self.saves: list[float] = []
        self.read: list[int] = []

    def work(self, number: int, pause: float = 0.0) -> None:
        """So many changes, each of which everybody who watches must hear of in time."""
        for _ in range(number):
            self.read.append(self.notifications.pop())
            begun = time.monotonic()
            read_one(self.browser, self.read[-1])
            saved = time.monotonic()
            self.saves.append(saved - begun)
            for one in self.watching:
                frame = one.wait_for(lambda frame: frame["type"] == "notifications_read", seconds=TWO_SECONDS + MARGIN)
                assert frame["notification_ids"] == self.read[-1:], "in order, and each of them once"
            time.sleep(pause)

    def each_came_once(self) -> None:
        for one in self.watching:
            ids = [frame["notification_ids"][0] for frame in one.frames if frame["type"] == "notifications_read"]
            assert ids == self.read
            assert not one.ended.is_set()

    def said(self, line: str) -> list[int]:
        """How often each process has logged this."""
        return [site.log.read_text().count(line) for site in (self.office.gunicorn, self.office.daphne)]


def usual(desk: Desk) -> float:
    """How long a save takes while all is well."""
    desk.work(5)
    return sorted(desk.saves)[len(desk.saves) // 2]


@pytest.mark.timeout(150)
@pytest.mark.parametrize("how", ["killed", "frozen"])
def test_without_redis_every_event_still_comes_once_and_in_time(open_office, redis, how):
    desk = Desk(open_office(redis.url), 80)
    well = usual(desk)
    redis.kill() if how == "killed" else redis.freeze()
    desk.saves.clear()
    desk.work(8)
    print(f"{how}: a save takes {well:.3f} s, without Redis at most {max(desk.saves):.3f} s")  # noqa: T201
    assert max(desk.saves) < well + EXTRA
    in_gunicorn, _ = desk.said(FAILS)
    assert 1 <= in_gunicorn <= 2, "once for each worker"
    redis.start() if how == "killed" else redis.thaw()
    wait_until(lambda: desk.work(1, pause=0.5) or desk.said(WORKS)[0] >= 1, "it is used again", 30)
    desk.work(6)
    desk.each_came_once()
    in_gunicorn, _ = desk.said(FAILS)
    assert in_gunicorn <= 2
    assert "Traceback" not in desk.office.daphne.log.read_text() + desk.office.gunicorn.log.read_text()


@pytest.mark.timeout(120)
def test_redis_restarts_and_is_soon_quick_again(open_office, redis):
    desk = Desk(open_office(redis.url, "sqlite"), 80)
    desk.work(2)
    redis.restart()
    desk.work(3)

    def quick() -> bool:
        begun = time.monotonic()
        desk.work(1, pause=0.3)
        return time.monotonic() - begun < 0.7

    wait_until(lambda: quick() and quick() and quick(), "events come by way of Redis again", 40)
    desk.each_came_once()


@pytest.mark.timeout(120)
def test_connections_that_are_cut_cost_no_event(open_office, redis):
    desk = Desk(open_office(redis.url, "sqlite"), 30)
    for _ in range(4):
        desk.work(2)
        redis.cut_off()
        desk.work(2)
    desk.each_came_once()
    assert not any(socket.ended.is_set() for socket in desk.watching)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("address", ["refused", "dropped"])
def test_a_redis_that_was_never_there_costs_latency_only(open_office, address):
    """``dropped``: packets go nowhere, as behind a firewall (192.0.2.1 is nobody's)."""
    url = f"redis://127.0.0.1:{free_port()}/0" if address == "refused" else "redis://192.0.2.1:6379/0"
    desk = Desk(open_office(url, "sqlite"), 20, settled=False)
    desk.work(8)
    desk.each_came_once()
    print(f"{address}: a save takes at most {max(desk.saves):.3f} s")  # noqa: T201
    assert sorted(desk.saves)[len(desk.saves) // 2] < EXTRA
    in_gunicorn, _ = desk.said(FAILS)
    assert 1 <= in_gunicorn <= 2
