"""scripts/demo.sh: however it is stopped, and whenever, nothing of it is left running when it ends."""

import os
import shutil
import signal
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.support.ports import free_port, wait_until
from tests.support.site import ROOT

# Says where the site is, and stays busy when asked for changes; anything else is Python.
PYTHON = f"""#!/bin/sh
case "$*" in
"-m gistagum.server --url") printf "http://127.0.0.1:$PORT" ;;
"manage.py demo_activity" | "manage.py demo_conversations") echo $$ >> running; exec sleep 60 ;;
*) exec {sys.executable} "$@" ;;
esac
"""
PREPARING = "#!/bin/sh\necho $$ >> running\nsh -c 'echo $$ >> running; exec sleep 60'\n"
SERVING = "#!/bin/sh\necho $$ >> running\nexec sleep 60\n"
FAILING = "#!/bin/sh\nexit 3\n"


@pytest.fixture
def folder(tmp_path) -> Path:
    """The script in a folder with blanks in its name."""
    folder = tmp_path / "the office's site"
    (folder / "scripts").mkdir(parents=True)
    (folder / ".venv" / "bin").mkdir(parents=True)
    shutil.copy(ROOT / "scripts" / "demo.sh", folder / "scripts")
    shutil.copytree(ROOT / "env", folder / "env")
    return folder


@pytest.fixture
def demo(folder):
    """Starts the script with this start.sh; ``reachable``: the site answers."""
    begun = []

    def start(site: str, *, reachable: bool) -> subprocess.Popen:
        for path, text in ((folder / "start.sh", site), (folder / ".venv" / "bin" / "python", PYTHON)):
            path.write_text(text)
            path.chmod(0o755)
        port = free_port()
        if reachable:
            server = HTTPServer(("127.0.0.1", 0), Healthy)
            port = server.server_port
            Thread(target=server.serve_forever, daemon=True).start()
            begun.append(server.shutdown)
        process = subprocess.Popen(
            [str(folder / "scripts" / "demo.sh")],
            env={"PATH": os.environ["PATH"], "PORT": f"{port}"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        begun.append(process.kill)
        return process

    yield start
    for end in begun:
        end()
    for pid in running(folder):
        os.kill(pid, signal.SIGKILL)


class Healthy(BaseHTTPRequestHandler):
    """A site that is well."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def running(folder: Path) -> list[int]:
    """What has written down its number and has not ended yet."""
    file = folder / "running"
    return [int(pid) for pid in file.read_text().split() if _lives(pid)] if file.exists() else []


def _lives(pid: str) -> bool:
    state = subprocess.run(["ps", "-o", "stat=", "-p", pid], capture_output=True, text=True, check=False).stdout.strip()
    return bool(state) and not state.startswith("Z")


def stop(process: subprocess.Popen, number: int, everybody: bool) -> float:
    """Send the signal, to the script or (as a terminal does) to its group; returns how long it took to end."""
    began = time.monotonic()
    (os.killpg if everybody else os.kill)(process.pid, number)
    _, said = process.communicate(timeout=15)
    # A shell that a terminal has hung up on may tell so of what it was just waiting for; nothing else is said.
    assert said in {"", f"{signal.strsignal(number)}\n"}
    return time.monotonic() - began


@pytest.mark.parametrize("everybody", [True, False], ids=["terminal", "kill"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_it_ends_while_the_site_is_being_prepared(number, everybody, folder, demo):
    process = demo(PREPARING, reachable=False)
    wait_until(lambda: len(running(folder)) == 2, "the site is being prepared")
    assert stop(process, number, everybody) < 5
    assert process.returncode == 128 + number
    assert running(folder) == []


@pytest.mark.parametrize("everybody", [True, False], ids=["terminal", "kill"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_it_ends_with_the_site_and_whoever_changes_things(number, everybody, folder, demo):
    process = demo(SERVING, reachable=True)
    wait_until(lambda: len(running(folder)) == 3, "all are there")
    assert stop(process, number, everybody) < 5
    assert process.returncode == 128 + number
    assert running(folder) == []


def test_it_ends_at_once(folder, demo):
    process = demo(PREPARING, reachable=False)
    assert stop(process, signal.SIGTERM, False) < 5
    assert running(folder) == []


def test_it_ends_as_the_site_does(folder, demo):
    process = demo(FAILING, reachable=False)
    _, said = process.communicate(timeout=15)
    assert (process.returncode, said) == (3, "")
