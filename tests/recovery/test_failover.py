"""A standby takes over that lacks the last transactions: open pages and sleeping ones are told, or miss nothing."""

import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress

import pytest

from realtime.log import replay
from tests.support.ports import wait_until
from tests.support.postgres import Postgres
from tests.support.tcp_relay import TcpRelay

from .clusters import Database, Standby, kill

pytestmark = pytest.mark.timeout(180)


class Pair:
    """A primary and its standby, a relay between them, and one between the site and whoever is the primary."""

    def __init__(self, stack: ExitStack, clusters: Callable, prepared: Postgres) -> None:
        self.primary: Database = clusters(Database(prepared))
        self.wire = stack.enter_context(TcpRelay(self.primary.port))
        self.relay = stack.enter_context(TcpRelay(self.primary.port))
        self.url = f"postgres://gistagum@127.0.0.1:{self.relay.port}/office"
        self.standby: Standby = clusters(Standby(self.wire.port))

    def cut(self) -> None:
        """Let the standby replay everything there is, and nothing that comes."""
        self.standby.wait_for(self.primary)
        self.wire.cut()

    def fail_over(self) -> None:
        """The primary dies, and the standby takes its place under the same address."""
        kill(self.primary)
        self.standby.promote()
        self.relay.lead_to(self.standby.port)


@pytest.fixture
def pair(until_the_end, clusters, prepared) -> Pair:
    return Pair(until_the_end, clusters, prepared)


def test_an_asynchronous_standby_without_the_last_transactions(pair, open_office):
    office = open_office(pair.url)
    live = office.browsers("live")
    office.send("kept 1", "kept 2")
    valid = office.asleep("asleep before")
    cut = office.head()
    office.all_at_end()
    pair.cut()
    office.send("lost 1", "lost 2", "lost 3")
    office.all_at_end(live)
    assert all(one.messages()[-3:] == ["lost 1", "lost 2", "lost 3"] for one in live)
    lost = office.asleep("asleep after")
    pair.fail_over()
    epoch = office.go_on(live, valid, lost, cut)
    [line] = office.lines()
    assert f"ids after {cut} and before {epoch.begins}" in line


def test_a_failover_that_loses_nothing_disturbs_nobody(pair, open_office):
    office = open_office(pair.url)
    live = office.browsers("live")
    office.send("one", "two")
    sleeping = office.asleep("asleep")
    office.all_at_end()
    pair.standby.wait_for(pair.primary)
    pair.fail_over()
    office.send("three")
    woken = office.browsers("woken", sleeping)
    assert office.faults() == []
    assert [one.reasons for one in (*live, *woken)] == [[]] * 6
    assert all(one.messages() == ["one", "two", "three"] for one in live)
    [line] = office.lines()
    assert "Nothing that this process read was lost." in line


def cancelled(pair: Pair, seen: Callable[[], bool]) -> None:
    """Cancel every wait for the standby, until something is seen."""
    waits = (
        "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND pid <> pg_backend_pid()"
    )

    def cancel() -> bool:
        pair.primary.run("psql", "-d", "postgres", "-c", waits)
        return seen()

    wait_until(cancel, "everybody has seen what is only here", 40)


def cut_by_a_crash(pair: Pair, seen: Callable[[], bool]) -> None:
    """Crash the primary while something waits for the standby, and start it again, until something is seen.

    What was waiting is committed after the recovery: the event first, then the numbering that gives it its place.
    """
    waiting = "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event = 'SyncRep'"

    def crash() -> bool:
        if seen():
            return True
        if pair.primary.run("psql", "-d", "postgres", "-Atc", waiting) == "t":
            pair.primary.restart("immediate")
            with suppress(AssertionError):
                wait_until(seen, "it is seen", 4)
        return seen()

    wait_until(crash, "everybody has seen what is only here", 60)


@pytest.mark.parametrize("end_waits", [cancelled, cut_by_a_crash])
def test_a_wait_for_a_synchronous_standby_that_did_not_end_well(pair, open_office, end_waits):
    """What such a wait leaves behind is committed here, is seen and announced, and is nowhere else."""
    office = open_office(pair.url)
    live = office.browsers("live")
    office.send("kept")
    cut = office.head()
    office.all_at_end()
    pair.primary.configure("synchronous_standby_names", "*")
    pair.cut()
    saving = threading.Thread(target=office.send, args=("lost",))
    saving.start()
    end_waits(pair, lambda: all("lost" in one.messages() for one in live))
    pair.fail_over()
    pair.standby.configure("synchronous_standby_names", "")
    saving.join(40)
    assert not saving.is_alive()
    office.send("new")
    assert office.faults() == []
    assert [epoch.cut for epoch in office.epochs()] == [cut]
    assert all(one.reasons == [replay.LOST] for one in live)
    assert len(office.lines()) == 1
