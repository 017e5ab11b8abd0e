"""Processes that send e-mails, on a database and to a mail server of a test. One may be killed at a named point."""

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
# A pass in a process that kills itself after the first call of a function.
KILLED = """
import os, signal, sys
import django
django.setup()
from comm_service.email import claiming, delivering, passes
from comm_service.email.smtp import EmailBackend

def killed_after(owner, name):
    wrapped = getattr(owner, name)
    def call(*args, **options):
        wrapped(*args, **options)
        os.kill(os.getpid(), signal.SIGKILL)
    setattr(owner, name, call)

owners = {
    "claimed": (claiming, "claim"),
    "connected": (EmailBackend, "open"),
    "marked as sending": (claiming, "hand_over"),
    "taken by the server": (delivering, "deliver"),
}
killed_after(*owners[sys.argv[1]])
passes.run()
"""


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


def run_until_killed(point: str, env: dict[str, str]) -> None:
    """Run a pass in a process that is killed at a point."""
    done = subprocess.run([sys.executable, "-c", KILLED, point], env=env, cwd=ROOT, timeout=SECONDS, check=False)
    assert done.returncode == -signal.SIGKILL, done


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
