"""The site as an operator runs it: through start.sh, with a real server, on a database of its own.

Also under Uvicorn, which start.sh does not offer, to test that the site works under any ASGI server.
"""

import atexit
import contextlib
import functools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from gistagum.listening import ListenAddress, listen_host
from tests.support import http

from .ports import free_port, listens, wait_until

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 120.0  # beside busy programs a start takes its time
UVICORN = (
    "-m uvicorn gistagum.asgi:application --host 127.0.0.1 --port {port} --ws websockets-sansio "
    "--timeout-graceful-shutdown 2 --no-access-log"
)


def collect_static(folder: Path) -> str:
    """Collect the static files in a folder, and return it as the ``STATIC_ROOT`` for sites."""
    command = [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity", "0"]
    environment = {**os.environ, "STATIC_ROOT": str(folder), "DJANGO_SETTINGS_MODULE": "gistagum.settings"}
    subprocess.run(command, cwd=ROOT, env=environment, check=True, timeout=START_SECONDS)
    return str(folder)


@functools.cache
def collected_files() -> str:
    """``STATIC_ROOT`` for sites that are given none: collected once for a process of tests."""
    folder = Path(tempfile.mkdtemp(prefix="gistagum-static-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return collect_static(folder)


class Site:
    """A running site. ``environment`` is added to that of start.sh; ``root`` is the repository that is served."""

    arguments: tuple[str, ...] = ()  # of start.sh
    by_hand = {"uvicorn": UVICORN}  # arguments of Python for servers that are started without start.sh

    def __init__(
        self, folder: Path, database_url: str, server: str = "gunicorn", *, root: Path = ROOT, **environment: str
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.root = root
        self.database_url = database_url
        self.server = server
        self.port = int(environment.pop("PORT", 0)) or free_port()
        self.url = ListenAddress(listen_host(environment.get("HOST", "127.0.0.1")), self.port).local_url
        self.log = folder / f"{server}-{self.port}.log"
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "PORT": str(self.port),
            "DATABASE_URL": database_url,
            "USE_DAPHNE": "false" if server == "gunicorn" else "true",  # required for WebSocket
            "WEB_CONCURRENCY": "1",
            "SKIP_MIGRATE": "true",
            "STREAMS_PER_PERSON": "20000",  # the tests open many connections with few users
            "SSE_HEARTBEAT_SECONDS": "1",  # cursors of idle streams are at most a second old
            **{name: os.environ[name] for name in ("SECRET_KEY", "ALLOWED_HOSTS", "HTTPS", "MEDIA_ROOT")},
            # A site that is not prepared waits; one that prepares itself has a folder of its own.
            "STATIC_ROOT": environment.get("STATIC_ROOT")
            or (
                collected_files()
                if environment.get("SKIP_MIGRATE", "true") in {"true", "1"}
                else str(folder / "static")
            ),
            "GISTAGUM_ENV_FILE": os.devnull,
            **environment,
        }
        self.process: subprocess.Popen | None = None

    def start(self) -> "Site":
        """Start the site and wait until the health page responds."""
        self.launch()
        return self.wait()

    def wait(self) -> "Site":
        """Wait until the health page responds."""
        wait_until(self.healthy, f"{self.server} answers; its log: {self.log}", START_SECONDS)
        return self

    def launch(self) -> None:
        """Start the site without waiting."""
        command = [str(self.root / "start.sh"), *self.arguments]
        if self.server in self.by_hand:
            command = [sys.executable, *self.by_hand[self.server].format(port=self.port).split()]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                env=self.environment,
                cwd=self.root,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def healthy(self) -> bool:
        """Return whether the health page responds with OK. Raise AssertionError if the process has ended."""
        assert self.process is not None
        if self.process.poll() is not None:
            raise AssertionError(f"{self.server} ended with {self.process.returncode}:\n{self.log.read_text()}")
        if not listens(
            self.port, urlsplit(self.url).hostname
        ):  # a request costs the processor seven to a hundred times as much
            return False
        try:
            return http.get(f"{self.url}/health/", timeout=5).text == "OK"
        except httpx.TransportError:
            return False

    def terminate(self, seconds: float = 12.0) -> int:
        """Send SIGTERM, as an operator or container runtime would, and return the exit status."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(timeout=seconds)

    def stop(self) -> None:
        """Kill all its processes."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(timeout=10)

    def __enter__(self) -> "Site":
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()


def running_on(*pairs: str) -> Callable[..., Any]:
    """Return a fixture of a running site, for each ``server-database``. The test's ORM uses the same database.

    Modules share these sites. A test that changes what others would meet there is marked ``own_site``.
    """

    @pytest.fixture(params=pairs)
    def site(request: pytest.FixtureRequest, on_database: Callable) -> Iterator[Site]:
        server, database = request.param.split("-")
        with ExitStack() as stack:
            if request.node.get_closest_marker("own_site"):
                given = (request.getfixturevalue(name) for name in ("scratch", "new_database", "static_root"))
                folder, new_database, static_root = given
                running = stack.enter_context(Site(folder, new_database(database), server, STATIC_ROOT=static_root))
            else:
                running = request.getfixturevalue("sites")(server, database)
            on_database(running.database_url)
            yield running

    return site
