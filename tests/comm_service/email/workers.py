"""Processes that send e-mails, on a database and to a mail server of a test. One may be killed at a named point."""

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
SECONDS = 60.0

# The points between the claim of an e-mail and the record of what became of it.
POINTS = ("claimed", "connected", "marked as sending", "taken by the server")
# A process that begins others as copies of itself, each of which makes a pass. A line of input is how many, or at which
# point the one is killed; the answer is a line with how they ended. None has a connection before it is copied.
COPIED = """
import json, os, signal, sys
import django
django.setup()
from comm_service.email import claiming, delivering, passes
from comm_service.email.smtp import EmailBackend

OWNERS = {
    "claimed": (claiming, "claim"),
    "connected": (EmailBackend, "open"),
    "marked as sending": (claiming, "hand_over"),
    "taken by the server": (delivering, "deliver"),
}

def killed_after(owner, name):
    wrapped = getattr(owner, name)
    def call(*args, **options):
        wrapped(*args, **options)
        os.kill(os.getpid(), signal.SIGKILL)
    setattr(owner, name, call)

def begin(point):
    pid = os.fork()
    if pid:
        return pid
    if point in OWNERS:
        killed_after(*OWNERS[point])
    passes.run()
    os._exit(0)

for line in sys.stdin:
    wanted = json.loads(line)
    pids = [begin(wanted) for _ in range(1 if wanted in OWNERS else wanted)]
    print(json.dumps([os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]), flush=True)
"""


class Workers:
    """The process, and those that it begins."""

    def __init__(self, env: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", COPIED],
            env=env,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def at_once(self, number: int) -> list[int]:
        """Let so many make a pass at once, and return how each ended."""
        return self._ask(number)

    def killed(self, point: str) -> None:
        """Let one make a pass, in which it is killed at a point."""
        assert self._ask(point) == [-signal.SIGKILL]

    def _ask(self, what: int | str) -> list[int]:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{json.dumps(what)}\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def end(self) -> None:
        """Kill them all."""
        kill(self._process)
        for stream in (self._process.stdin, self._process.stdout):
            if stream:
                stream.close()


def environment(database_url: str, mail_url: str, **more: str) -> dict[str, str]:
    """The environment of a process that sends."""
    return {
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        **{name: os.environ[name] for name in ("SECRET_KEY", "ALLOWED_HOSTS", "HTTPS", "JWT_SECRET_KEY")},
        "DJANGO_SETTINGS_MODULE": "gistagum.settings",
        "GISTAGUM_ENV_FILE": os.devnull,
        "PYTHONPATH": str(ROOT),
        "DATABASE_URL": database_url,
        "EMAIL_URL": mail_url,
        "COMM_ENABLED": "true",
        "COMM_EMAIL_EMBEDDED": "false",
        **more,
    }


def started(*words: str, env: dict[str, str], log: Path | None = None) -> subprocess.Popen:
    """A process of this Python, in a group of its own."""
    with (log or Path(os.devnull)).open("ab") as out:
        return subprocess.Popen(
            [sys.executable, *words],
            env=env,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )


def kill(process: subprocess.Popen) -> None:
    """Kill a process and its children."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(SECONDS)
