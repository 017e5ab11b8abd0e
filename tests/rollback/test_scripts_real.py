"""The scripts with the real site under start.sh: up to phase 4, back to 0, every step back; each under a minute."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from projeng.access import Role
from tests.support.people import person, session_cookie
from tests.support.ports import free_port
from tests.support.redis import Redis
from tests.support.site import ROOT

from .office import phase, values

pytestmark = [pytest.mark.quiet, pytest.mark.timeout(150)]  # they measure, and each starts several servers in turn

# As a service manager does: ends what ran, and starts it anew with nothing but the file.
RESTART = """#!/bin/sh
if [ -s "{folder}/pid" ]; then
    old=$(cat "{folder}/pid")
    kill "$old" && while kill -0 "$old" 2>/dev/null; do sleep 0.1; done
fi
cd "{root}"
exec >>"{folder}/log" 2>&1
env -i PATH="$PATH" HOME="{folder}" LANG=C.UTF-8 GISTAGUM_ENV_FILE="{folder}/site.env" ./start.sh &
echo $! >"{folder}/pid"
"""


@pytest.fixture
def redis() -> Iterator[Redis]:
    server = Redis()
    yield server
    server.stop()


@pytest.fixture
def move(tmp_path: Path, new_database, on_database, static_root, redis) -> Iterator[Callable]:
    """``move("advance", 2)`` runs the script on a real site in phase 1; returns its report."""
    url = new_database("sqlite")
    on_database(url)
    base = {
        "PORT": str(free_port()),
        "DATABASE_URL": url,
        "REDIS_URL": redis.url,
        "STATIC_ROOT": static_root,
        "SKIP_MIGRATE": "true",
        "WEB_CONCURRENCY": "2",
        **{name: os.environ[name] for name in ("SECRET_KEY", "ALLOWED_HOSTS", "HTTPS", "MEDIA_ROOT")},
    }
    file = tmp_path / "site.env"
    file.write_text("".join(f"{name}={value}\n" for name, value in base.items()))
    restart = tmp_path / "restart"
    restart.write_text(RESTART.format(folder=tmp_path, root=ROOT))
    restart.chmod(0o755)
    cookie = session_cookie(person(Role.HEAD))

    def run(script: str, to: int, *options: str, code: int = 0) -> str:
        words = [f"--to={to}", f"--env-file={file}", f"--restart={restart}", *options]
        done = subprocess.run(
            ["dash", str(ROOT / "scripts" / f"{script}.sh"), *words],
            env={"PATH": os.environ["PATH"], "GISTAGUM_CHECK_COOKIE": cookie},
            capture_output=True,
            text=True,
            timeout=70,
            check=False,
        )
        print(done.stdout, done.stderr)  # noqa: T201 (how long each step takes is worth seeing)
        log = tmp_path / "log"
        assert done.returncode == code, (done, log.read_text()[-2000:] if log.exists() else "")
        return done.stdout + done.stderr

    run.file = file
    yield run
    if (tmp_path / "pid").exists():
        with contextlib.suppress(ProcessLookupError):  # one that does not start has ended by itself
            os.kill(int((tmp_path / "pid").read_text()), signal.SIGTERM)


def steps(said: str) -> None:
    """All was looked at, and it took less than a minute."""
    assert "a first event came on the stream" in said
    assert int(said.rpartition(" s; the database stays")[0].rpartition(" ")[2]) < 60


def test_the_site_goes_up_to_phase_4_and_back_to_0(move):
    before = values(move.file)
    for script, to in (("advance", 2), ("advance", 4), ("rollback", 0)):
        said = move(script, to)
        steps(said)
        assert f"{'Daphne' if to else 'Gunicorn'} answers" in said
        assert {**phase(0), **values(move.file)}.items() >= phase(to).items()
    assert values(move.file).items() >= before.items()


def test_every_single_step_back_takes_less_than_a_minute(move):
    move("advance", 5)
    for to in (4, 3, 2, 1):
        steps(move("rollback", to))
    assert "already has all flags of phase 0" in move("rollback", 0)


def test_a_site_that_does_not_start_with_the_new_flags_is_put_back(move):
    # Gunicorn is started with its number of processes; Daphne would be one in any case, but the settings are the same.
    move("advance", 2)
    file = move.file.read_text()
    move.file.write_text(file.replace("USE_DAPHNE=true", "USE_DAPHNE=true\nWEB_CONCURRENCY=many"))
    before = move.file.read_bytes()
    said = move("rollback", 0, "--timeout", "6", code=1)
    assert "the old file is back, but the site is not well with it either" in said
    assert int(said.partition("phase 0 failed after ")[2].partition(" s: ")[0]) < 10
    assert move.file.read_bytes() == before
