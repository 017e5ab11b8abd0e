"""The drill of this move: every phase up and back, by the scripts, on the running service, with callers at work."""

import contextlib
import os
import signal
import subprocess
from pathlib import Path

import pytest

from comm_service.events import CommMessageCreated
from comm_service.models import Message
from realtime.log.models import Event
from switchover.evidence.models import AnswerCount, Kind
from switchover.shadow.models import Difference
from tests.support.ports import free_port, wait_until
from tests.support.site import ROOT

from .drill import Callers, granted

pytestmark = [pytest.mark.quiet, pytest.mark.timeout(400)]  # it starts a server for each step

# As a service manager does: ends what ran, and starts it anew with nothing but the file.
RESTART = """#!/bin/sh
if [ -s "{folder}/pid" ]; then
    old=$(cat "{folder}/pid")
    kill "$old" && while kill -0 "$old" 2>/dev/null; do sleep 0.1; done
fi
cd "{root}"
exec >>"{folder}/log" 2>&1
env -i PATH="$PATH" HOME="{folder}" LANG=C.UTF-8 GISTAGUM_ENV_FILE="{folder}/comm.env" SERVICE=comm ./start.sh &
echo $! >"{folder}/pid"
"""
UP, BACK = "advance", "rollback"
WALK = [(UP, 1), (UP, 2), (UP, 3), (UP, 4), (BACK, 2), (UP, 5), (BACK, 0)]


@pytest.fixture
def folder(tmp_path: Path, new_database, on_database):
    url = new_database("postgres")
    on_database(url)
    port = free_port()
    values = {
        "PORT": str(port),
        "DATABASE_URL": url,
        "SKIP_MIGRATE": "true",
        "WEB_CONCURRENCY": "1",
        "COMM_COMPAT": "true",
        "COMM_SHOW_SIDE": "true",
        "COMM_API": "legacy",
        "COMM_API_SHADOW": "false",
        "COMM_API_CALLERS": "address:192.0.2.1",  # none of those at work
        **{name: os.environ[name] for name in ("SECRET_KEY", "ALLOWED_HOSTS", "HTTPS", "MEDIA_ROOT")},
    }
    (tmp_path / "comm.env").write_text("".join(f"{name}={value}\n" for name, value in values.items()))
    (tmp_path / "restart").write_text(RESTART.format(folder=tmp_path, root=ROOT))
    (tmp_path / "restart").chmod(0o755)
    (tmp_path / "url").write_text(f"http://127.0.0.1:{port}")
    yield tmp_path
    if (tmp_path / "pid").exists():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int((tmp_path / "pid").read_text()), signal.SIGTERM)


def step(folder: Path, script: str, to: int) -> None:
    command = ["dash", str(ROOT / "scripts" / f"{script}.sh"), "--move", "comm-api", f"--to={to}"]
    command += [f"--env-file={folder / 'comm.env'}", f"--restart={folder / 'restart'}", "--timeout=100"]
    environment = {"PATH": os.environ["PATH"]}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=110, check=False)
    log = folder / "log"
    assert done.returncode == 0, (script, to, done, log.read_text()[-2000:] if log.exists() else "")


def compared() -> bool:
    return AnswerCount.objects.filter(move="comm-api", way="ninja", kind=Kind.SAME).exists()


def test_between_any_two_phases_nothing_is_lost_doubled_or_disordered(folder):
    subprocess.run([str(folder / "restart")], env={"PATH": os.environ["PATH"]}, timeout=30, check=True)
    with Callers((folder / "url").read_text(), 6) as callers:
        wait_until(lambda: callers.rounds() >= 6, "everybody has written once")
        for script, to in WALK:
            step(folder, script, to)
            callers.take_sides()  # what was answered while the service was restarted
            before = callers.rounds()
            wait_until(lambda: callers.rounds() >= before + 12, f"work goes on in phase {to}")  # noqa: B023
            assert set(callers.take_sides()) <= granted(to), f"phase {to}"
            if (script, to) == (UP, 2):
                wait_until(compared, "comparisons are counted")
    for one in callers.all:
        one.check()
    assert [fault for one in callers.all for fault in one.faults] == []

    expected = {body for one in callers.all for body in one.expected}
    assert set(Message.objects.values_list("body", flat=True)) == expected
    told = Event.objects.filter(type=CommMessageCreated.type)
    wait_until(lambda: told.count() >= callers.rounds(), "each message is told of")
    assert told.count() == callers.rounds(), "once, also where both sides were asked"
    assert not list(Difference.objects.filter(move="comm-api").values_list("endpoint", "kind", "path", "old", "new"))
