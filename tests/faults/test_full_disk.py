"""A full disk under SQLite and under the log file: saves are refused with a clear message, and no data is lost."""

import contextlib
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from realtime.log import replay
from tests.support import http
from tests.support.database import migrate, using_database
from tests.support.people import session_cookie
from tests.support.ports import wait_until
from tests.support.site import Site
from tests.support.tcp_relay import TcpRelay

from .clocks import Clock
from .office import Office

MEGABYTES = 12
SEED = 20261120


class Disk:
    """A small disk of its own, which can be filled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def fill(self) -> None:
        """Leave no room for anything."""
        with self._ballast.open("wb", buffering=0) as ballast, contextlib.suppress(OSError):
            while True:
                ballast.write(bytes(4096))

    def make_room(self) -> None:
        """There is room again."""
        self._ballast.unlink()


@pytest.fixture
def disk(tmp_path) -> Iterator[Disk]:
    folder = tmp_path / "disk"
    folder.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={MEGABYTES}m", "tmpfs", str(folder)]
    mounted = shutil.which("mount") and subprocess.run(["mount", *options], capture_output=True, check=False, text=True)
    if not mounted or mounted.returncode:
        pytest.skip(f"A small disk needs the right to mount one: {mounted.stderr.strip() if mounted else 'no mount'}")
    yield Disk(folder)
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


class OfficeOnDisk(Office):
    """Gunicorn and Daphne on one SQLite file; nothing between them and the browsers, and no Redis."""

    def __init__(self, folder: Path, static_root: str, seed: int, disk: Disk) -> None:
        self._disk = disk
        super().__init__(folder, static_root, seed)

    def _start(self, folder: Path, static_root: str) -> None:
        enter = self._stack.enter_context
        self.path = self._disk.folder / "office.sqlite3"
        self.database_url = f"sqlite:///{self.path}"
        migrate(self.database_url)
        enter(using_database(self.database_url))
        self.environment = {}
        self.servers = {
            server: enter(
                Site(
                    folder / server,
                    self.database_url,
                    server,
                    STATIC_ROOT=static_root,
                    USE_WEBSOCKETS=str(server == "daphne"),
                )
            )
            for server in ("gunicorn", "daphne")
        }
        self.relays = {name: enter(TcpRelay(site.port)) for name, site in self.servers.items()}
        self.relays |= dict.fromkeys(("nginx", "uvicorn", "phased"), self.relays["daphne"])  # clients know five doors
        self.clocks = {"writers": Clock(folder / "writers.clock")}
        self._people()
        self._cookie = session_cookie(self.stable_users[0])
        self.begin = replay.head()
        self._clients()
        self._work()

    def answers(self, status: str) -> int:
        """How often a form that somebody sent was answered so."""
        return sum(form.answers.get(status, 0) for form in self.forms)

    def browser(self, site: Site) -> httpx.Client:
        """Somebody who has signed in there."""
        name, _, value = self._cookie.partition("=")
        return http.Client(base_url=site.url, cookies={name: value}, timeout=30)


@pytest.fixture
def office(disk, scratch, static_root, django_db_blocker) -> Iterator[OfficeOnDisk]:
    with django_db_blocker.unblock():
        office = OfficeOnDisk(scratch, static_root, SEED, disk)
        try:
            yield office
        finally:
            office.close()


@pytest.mark.timeout(240)
def test_a_full_disk_refuses_saves_clearly_and_costs_nothing_that_was_saved(office, disk):
    wait_until(lambda: office.answers("302") >= 3, "people work")
    disk.fill()
    wait_until(lambda: office.answers("503") >= 3, "there is no room for what they save", 60)
    for server, site in office.servers.items():
        with office.browser(site) as browser:
            assert browser.get("/projeng/projects/").status_code == 200, f"{server} still shows what there is"
            assert browser.get("/health/").text == "OK", server
    assert {answer for form in office.forms for answer in form.answers} == {"302", "503"}
    disk.make_room()
    saved = office.answers("302")
    wait_until(lambda: office.answers("302") >= saved + 3, "people work again", 30)
    wait_until(lambda: office.answers("302") > 20, "enough has been saved to tell something by", 30)
    verdict = office.finish()
    assert verdict.lines() == []
    outcomes = [change.outcome.value for change in office.changes]
    assert outcomes.count("committed") > 20
    assert outcomes.count("unknown") >= 3, "what was refused"
    with contextlib.closing(sqlite3.connect(office.path)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    said = "".join(site.log.read_text() for site in office.servers.values())
    assert "Traceback" not in said, said
    assert re.search(
        "ERROR django.request: Service Unavailable: /projeng/projects/.*: database or disk is full: make room", said
    )


@pytest.mark.timeout(90)
@pytest.mark.parametrize("server", ["gunicorn", "daphne"])
def test_a_log_that_nobody_can_write_costs_the_site_nothing(server, disk, new_database, static_root):
    with Site(disk.folder, new_database("sqlite"), server, STATIC_ROOT=static_root) as site:
        disk.fill()
        for _ in range(5):
            assert http.get(f"{site.url}/nothing/here/", timeout=30).status_code == 404  # a warning in the log
        assert http.get(f"{site.url}/accounts/login/", timeout=30).status_code == 200
        disk.make_room()
        http.get(f"{site.url}/nothing/any/more/", timeout=30)
        wait_until(lambda: "/nothing/any/more/" in site.log.read_text(), "it is written again")
