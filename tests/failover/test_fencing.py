"""An old primary whose Patroni has died goes on alone: nobody is led there, and it commits nothing.

Part of the long form, with FAILOVERS of more than one: it takes half a minute and is about what stands around the site.
"""

import threading
from collections.abc import Iterator

import psycopg
import pytest

from tests.support.haproxy import HAProxy
from tests.support.patroni import Cluster
from tests.support.ports import wait_until

from .test_primary_dies import FAILOVERS

pytestmark = [
    pytest.mark.servers,
    pytest.mark.timeout(180),
    pytest.mark.skipif(FAILOVERS == 1, reason="the long form: FAILOVERS=2 or more"),
]
HANGS_SECONDS = 5.0


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    cluster = Cluster()
    yield cluster
    cluster.stop()


@pytest.fixture
def haproxy(cluster) -> Iterator[HAProxy]:
    proxy = HAProxy([(node.port, node.rest_port) for node in cluster.nodes])
    yield proxy
    proxy.stop()


def server_behind(address: str) -> int:
    """The port of the server to which an address leads; 0 while it leads to none."""
    try:
        with psycopg.connect(address) as connection:
            return connection.execute("SELECT inet_server_port()").fetchone()[0]
    except psycopg.OperationalError:
        return 0


def test_an_old_primary_without_its_patroni_is_left_by_everybody_and_commits_nothing(cluster, haproxy):
    old, [standby] = cluster.primary, cluster.standbys
    address = f"postgres://gistagum@127.0.0.1:{haproxy.port}/postgres"
    with old.connect() as connection:
        connection.execute("CREATE TABLE changes (what text)")
    wait_until(lambda: server_behind(address) == old.port, "HAProxy has asked each node")
    through = psycopg.connect(address, autocommit=True)
    old.patroni.kill()
    wait_until(lambda: standby.is_("primary"), "the standby takes over", 60)

    def cut() -> bool:
        try:
            through.execute("SELECT 1")
        except psycopg.OperationalError:
            return True
        return False

    wait_until(cut, "HAProxy cuts the connections to the old primary")
    wait_until(lambda: server_behind(address) == standby.port, "HAProxy leads to the new primary")
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("INSERT INTO changes VALUES ('on the new primary')")

    committed = threading.Event()

    def write_on_the_old() -> None:
        try:
            with old.connect() as connection:
                connection.execute("SET statement_timeout = '1s'")  # does not end a commit that waits for its standby
                connection.execute("INSERT INTO changes VALUES ('on the old primary')")
                committed.set()
        except psycopg.OperationalError:
            pass  # it is killed below

    writer = threading.Thread(target=write_on_the_old)
    writer.start()
    assert not committed.wait(HANGS_SECONDS)
    with old.connect() as connection:
        assert connection.execute("SELECT what FROM changes").fetchall() == [], "nobody is shown what is not committed"
    old.kill()
    writer.join(20)
    assert not committed.is_set()
    old.patroni.start()
    cluster.wait_until_whole()
    for node in cluster.nodes:
        with node.connect() as connection:
            assert connection.execute("SELECT what FROM changes").fetchall() == [("on the new primary",)]
