"""An office whose phase is moved: an env file, a way to restart, and a tiny server that plays the site."""

import json
import os
import signal
import socket
import subprocess
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

from tests.support.ports import wait_until
from tests.support.site import ROOT

from .clock import Clock

BASE = "SECRET_KEY=a-secret\nALLOWED_HOSTS=office.example,other.example\n"
REDIS = "REDIS_URL=redis://cache:6379/0\n"
FLAGS = {
    0: "",
    1: REDIS,
    2: REDIS + "USE_DAPHNE=true\n",
    3: REDIS + "USE_DAPHNE=true\nWEBSOCKET_BROADCAST=true\n",
    4: REDIS + "USE_DAPHNE=true\nWEBSOCKET_BROADCAST=true\nUSE_WEBSOCKETS=true\nWEBSOCKET_ROLLOUT_PERCENT=10\n",
    5: REDIS + "USE_DAPHNE=true\nWEBSOCKET_BROADCAST=true\nUSE_WEBSOCKETS=true\n",
}
COOKIE = "sessionid=" + "a" * 32
TIMEOUT = 60  # the default of --timeout; the last third is kept for putting back
GUARD_SECONDS = 50  # far more than a run takes on a busy machine: only a run that hangs reaches it


@dataclass
class Outcome:
    """What a run of a script left: its exit code, and what it said."""

    code: int
    out: str
    err: str

    @property
    def report(self) -> dict:
        """The object of ``--json``."""
        return json.loads(self.out.splitlines()[-1])


@dataclass
class Behaviour:
    """How the played site answers; each is given the env file's text that it was last started with."""

    healthy: Callable[[str], bool] = lambda text: True
    health: str = "OK"  # what the health page says, healthy or not
    stream: Callable[[str], str] = lambda text: "event"  # event, heartbeat, silent, html, or a status with JSON
    daphne: Callable[[str], bool] = lambda text: "USE_DAPHNE=true" in text
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    seconds_per_retry: int = 0  # by how much the clock goes on when a run asks for the same page again
    silent_until: Callable[[], object] | None = None  # default: the run has read what a silent stream sends


class ThreadingIPv6Server(ThreadingHTTPServer):
    """The tiny server at an IPv6 address."""

    address_family = socket.AF_INET6


class FakeOffice:
    """The env file in a folder with blanks in its name; ``restart`` notes with which text the site was started."""

    root = ROOT  # whose scripts and phase files are used

    def __init__(self, folder: Path, text: str | bytes, host: str = "127.0.0.1") -> None:
        self.folder = folder / "the office's site"
        self.folder.mkdir()
        self.file = self.folder / ".env"
        self.running = self.folder / "running"
        self.clock = Clock(folder / "clock")
        self._requests: Counter[tuple[str, str]] = Counter()
        self.site = Behaviour()
        self.set(text)
        self.running.write_bytes(self.text)
        self._over = Event()
        server = ThreadingIPv6Server if ":" in host else ThreadingHTTPServer
        self._server = server((host, 0), self._handler())
        self._server.daemon_threads = True
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.restart = f'cd "{self.folder}" && cp .env running.new && mv running.new running && echo x >> restarts'
        self.begun: list[subprocess.Popen] = []

    def set(self, text: str | bytes) -> None:
        """Write the env file, and remember what it is."""
        self.text = text.encode() if isinstance(text, str) else text
        self.file.write_bytes(self.text)

    def start(self, script: str, to: object, *options: str, **environment: str) -> subprocess.Popen:
        """The script, begun, with this restart and health page unless the options name others."""
        self._requests.clear()
        words = [str(self.root / "scripts" / f"{script}.sh"), "--to", str(to), "--env-file", str(self.file)]
        if "--restart" not in options:
            words += ["--restart", self.restart]
        if "--health" not in options:
            words += ["--health", f"{self.url}/health/"]
        process = subprocess.Popen(
            ["dash", *words, *options],
            env={"PATH": f"{self.clock.folder}:{os.environ['PATH']}", **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.begun.append(process)
        return process

    def run(self, script: str, to: object, *options: str, **environment: str) -> Outcome:
        """The script, from beginning to end."""
        return self.end(self.start(script, to, *options, **environment))

    def end(self, process: subprocess.Popen) -> Outcome:
        """Wait until a run has ended."""
        out, err = process.communicate(timeout=GUARD_SECONDS)
        return Outcome(process.returncode, out, err)

    @property
    def restarts(self) -> int:
        """How often the site was restarted."""
        file = self.folder / "restarts"
        return file.read_text().count("x") if file.exists() else 0

    @property
    def copies(self) -> list[Path]:
        """The dated copies that were kept."""
        return sorted(self.folder.glob(".env.*.bak"))

    def unchanged(self) -> bool:
        """The file is what it was, to the byte, and nothing else is left beside it but copies."""
        left = {path.name for path in self.folder.iterdir()} - {path.name for path in self.copies}
        return self.file.read_bytes() == self.text and left <= {".env", "running", "restarts"}

    def close(self) -> None:
        """End everything that was begun."""
        self._over.set()
        self._server.shutdown()
        self._server.server_close()
        for process in self.begun:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(5)

    def _count(self, path: str, text: str) -> None:
        self._requests[path, text] += 1
        if self._requests[path, text] > 1:
            self.clock.advance(self.site.seconds_per_retry)

    def _heard(self) -> bool:
        frames = self.folder / ".env.lock" / "frames"
        return frames.exists() and frames.stat().st_size > 0

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        office = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                office.site.asked.append((self.path, dict(self.headers)))
                text = office.running.read_text(errors="replace")
                office._count(self.path, text)
                if self.path == "/health/":
                    self._answer(200 if office.site.healthy(text) else 503, "text/plain", office.site.health)
                elif self.path == "/ws/events/":
                    self._answer(403 if office.site.daphne(text) else 404, "text/plain", "")
                else:
                    self._stream(office.site.stream(text))

            def _stream(self, kind: str) -> None:
                if kind in {"event", "heartbeat"} and COOKIE not in self.headers.get("Cookie", ""):
                    kind = "401"
                if kind.isdigit():
                    self._answer(int(kind), "application/json", '{"type": "error", "message": "no"}')
                elif kind == "html":
                    self._answer(200, "text/html", "<p>Welcome</p>")
                else:
                    self.send_response(200)
                    self.send_header("Content-Type", "text/event-stream")
                    self.end_headers()
                    said = {
                        "event": 'retry: 1000\nid: 7\n\ndata: {"type": "unread_count"}\n\n',
                        "heartbeat": ": heartbeat\n\n",
                    }
                    self.wfile.write(said.get(kind, "retry: 1000\n").encode())
                    self.wfile.flush()
                    if kind == "silent":
                        wait_until(office.site.silent_until or office._heard, "the run has read from the stream")
                        office.clock.advance(TIMEOUT)
                    office._over.wait(30)

            def _answer(self, status: int, kind: str, text: str) -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def values(path: Path) -> dict[str, str]:
    """The variables of an env file."""
    lines = path.read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def phase(number: int) -> dict[str, str]:
    """The flags of a phase's file."""
    return values(ROOT / "env" / f"phase-{number}.env")


def refused(done, *words: str) -> None:
    """One clear line with these words, and nothing else."""
    assert (done.code, done.out) == (2, ""), done
    assert done.err.count("\n") == 1, done.err
    assert all(word in done.err for word in words), done.err


def put_back(one: FakeOffice, done, *words: str) -> None:
    """It failed for this reason; file and site are what they were."""
    assert done.code == 1, done
    said = done.err.splitlines()[-1]
    assert all(word in said for word in ("the old file is back", *words)), done.err
    assert one.unchanged()
    assert one.running.read_bytes() == one.text
