"""The primary of PostgreSQL dies and a standby takes its place: what people notice, and what the log has.

One cluster, one failover and four sites for all tests here: Gunicorn and Daphne, each through HAProxy and with a
``DATABASE_URL`` that names every node. FAILOVERS=n in the environment is the long form: so many failovers with three
nodes, every second of which freezes the primary instead of killing it, and two more sites behind PgBouncer.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property

import psycopg
import pytest

from projeng.access import Role
from tests.support.database import migrate, using_database
from tests.support.haproxy import HAProxy
from tests.support.patroni import Cluster, Node
from tests.support.people import person
from tests.support.pgbouncer import PgBouncer
from tests.support.ports import wait_until
from tests.support.site import Site

from .saving import Attempt, Saver, faults_of
from .watching import Watchers

FAILOVERS = int(os.environ.get("FAILOVERS", "1"))
pytestmark = [pytest.mark.servers, pytest.mark.long, pytest.mark.timeout(240 + 120 * FAILOVERS)]
SOON = 12.0  # seconds from a new primary to a save; a request that is under way may have waited for ten in vain
# A server that is gone costs ten seconds. One that stands still is given up after 35, and so may be the next statement.
REFUSED_SECONDS = 75.0
OUTAGE_SECONDS = 90.0
DATABASE = "office"


def _start(node: Node) -> None:
    node.patroni.start()


WAYS = [(Node.kill, _start), (Node.freeze, Node.thaw)]  # how a primary goes, and how it comes back


@dataclass
class Failover:
    """One failover: the node that was lost and the one that came after it, and the moments of both."""

    old: Node
    lost_at: float
    new: Node | None = None
    new_at: float = 0.0
    refused: list[list[Attempt]] = field(default_factory=list)  # of each saver, while there was no primary
    refusal_of_the_old: str = ""
    reached: dict[str, int] = field(default_factory=dict)  # the ports that addresses lead to, once the old one is back


class Office:
    """Four sites on a cluster, with somebody who saves on each, and clients of every transport."""

    def __init__(self, stack: ExitStack, folder, static_root: str) -> None:
        self.cluster = Cluster(2 if FAILOVERS == 1 else 3)
        stack.callback(self.cluster.stop)
        self.cluster.create(DATABASE)
        migrate(self.cluster.primary.address(DATABASE))
        haproxy = HAProxy([(node.port, node.rest_port) for node in self.cluster.nodes])
        stack.callback(haproxy.stop)
        self.addresses = {
            "haproxy": f"postgres://gistagum@127.0.0.1:{haproxy.port}/{DATABASE}?target_session_attrs=read-write",
            "hosts": self.cluster.several_hosts(DATABASE),
        }
        if FAILOVERS > 1:
            pgbouncer = PgBouncer(haproxy.port, size=10)
            stack.callback(pgbouncer.stop)
            self.addresses["pgbouncer"] = pgbouncer.address(DATABASE)
        sites = {
            f"{server} {way}": Site(
                folder / f"{server}-{way}",
                address,
                server,
                STATIC_ROOT=static_root,
                DATABASE_POOLER="transaction" if way == "pgbouncer" else "none",
            )
            for way, address in self.addresses.items()
            for server in ("gunicorn", "daphne")
        }
        with ThreadPoolExecutor() as starting:
            list(starting.map(stack.enter_context, sites.values()))
        stack.enter_context(using_database(self.addresses["hosts"]))
        heads = [person(Role.HEAD) for _ in range(2)]
        self.savers = [Saver(site, heads[0], name) for name, site in sites.items()]
        self.watchers = Watchers(list(sites.values()), heads)
        stack.callback(self.watchers.stop)
        self.watchers.wait_until_connected()
        assert self.watchers.by_transport() == {
            "sse": 4 * len(self.addresses),
            "websocket": 2 * len(self.addresses),
        }
        for saver in self.savers:
            stack.enter_context(saver)
        self._all_save(time.monotonic())
        self.failovers: list[Failover] = []

    @cached_property
    def faults(self) -> list[str]:
        """What anybody was told wrongly, once everybody has stopped saving."""
        with ThreadPoolExecutor() as stopping:
            list(stopping.map(Saver.stop, self.savers))
        return faults_of(self.savers)

    def _all_save(self, since: float, seconds: float = OUTAGE_SECONDS) -> None:
        wait_until(
            lambda: all(saver.saved_since(since) for saver in self.savers), "everybody saves on every site", seconds
        )

    def fail_over(self, take: Callable[[Node], None], bring_back: Callable[[Node], None]) -> Failover:
        """Take the primary; hold the standbys back until everybody was refused; bring the old primary back."""
        old, standbys = self.cluster.primary, self.cluster.standbys
        with ExitStack() as undecided:
            for node in standbys:
                undecided.enter_context(node.undecided())
            take(old)
            done = Failover(old, time.monotonic())
            wait_until(
                lambda: all(saver.refused_since(done.lost_at) for saver in self.savers),
                "everybody is refused on every site",
                OUTAGE_SECONDS,
            )
        wait_until(lambda: any(map(_writes, standbys)), "there is a new primary", OUTAGE_SECONDS)
        done.new_at = time.monotonic()
        done.new = next(node for node in standbys if _writes(node))
        done.refused = [saver.refused_since(done.lost_at) for saver in self.savers]
        self._all_save(done.new_at)
        bring_back(old)
        self.cluster.wait_until_whole()
        done.refusal_of_the_old = _refusal(old)
        for way, address in self.addresses.items():
            with psycopg.connect(address, connect_timeout=5) as connection:
                done.reached[way] = connection.execute("SELECT inet_server_port()").fetchone()[0]
        self._all_save(time.monotonic())
        return done


def _writes(node: Node) -> bool:
    try:
        with node.connect() as connection:
            return connection.execute("SELECT pg_is_in_recovery()").fetchone() == (False,)
    except psycopg.OperationalError:
        return False


def _refusal(node: Node) -> str:
    """What the node says to somebody who writes there, past every proxy."""
    with node.connect(DATABASE) as connection:
        try:
            connection.execute("CREATE TABLE written_on_the_wrong_side ()")
        except psycopg.Error as error:
            return str(error)
    return ""


@pytest.fixture(scope="module")
def office(tmp_path_factory, static_root, django_db_blocker) -> Iterator[Office]:
    """The office, after its failovers."""
    with django_db_blocker.unblock(), ExitStack() as stack:
        office = Office(stack, tmp_path_factory.mktemp("failover"), static_root)
        for number in range(FAILOVERS):
            office.failovers.append(office.fail_over(*WAYS[number % len(WAYS)]))
        yield office


def test_saves_are_refused_in_words_while_there_is_no_primary(office):
    for failover in office.failovers:
        assert all(failover.refused)
        assert max(one.ended - one.begun for some in failover.refused for one in some) < REFUSED_SECONDS


def test_saves_work_again_within_seconds_of_a_new_primary(office, capsys):
    for failover in office.failovers:
        took = {saver.name: saver.saved_since(failover.new_at)[0].ended - failover.new_at for saver in office.savers}
        told = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in took.items())
        with capsys.disabled():
            sys.stderr.write(f"from the new primary to a save: {told}\n")
        assert max(took.values()) < SOON, took


def test_what_people_were_told_is_what_the_new_primary_has(office):
    assert office.faults == []
    assert all(len(saver.attempts) > 5 for saver in office.savers)


def test_every_client_has_every_event_of_the_new_primary_once_and_in_order(office, capsys):
    assert office.faults == [], "nobody saves any more"
    office.watchers.wait_until_connected()
    number = office.watchers.wait_until_complete()
    with capsys.disabled():
        sys.stderr.write(f"{number} events for two people; connected again: {office.watchers.reconnections()} times\n")
    saved = sum(attempt.saved for saver in office.savers for attempt in saver.attempts)
    assert number >= 2 * saved


def test_the_old_primary_comes_back_as_a_standby_and_refuses_to_write(office):
    for failover in office.failovers:
        assert failover.new is not failover.old
        assert "read-only" in failover.refusal_of_the_old


def test_every_address_leads_to_the_new_primary_though_the_old_one_is_back(office):
    for failover in office.failovers:
        assert set(failover.reached.values()) == {failover.new.port}, failover.reached
