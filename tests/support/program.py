"""A program that a test starts beside the site: in a process group and folder of its own, with its output in a log."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

STOP_SECONDS = 15.0


def find(name: str, package: str) -> str:
    """Return the path of a program. Raise FileNotFoundError if it is not installed."""
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    if not found:
        raise FileNotFoundError(f"{name} is not installed: apt-get install {package}")
    return found


def own_folder(prefix: str) -> Path:
    """Return a new folder for programs that refuse to run as root: it belongs to postgres if this is root."""
    folder = Path(tempfile.mkdtemp(prefix=prefix))  # not in pytest's folder, which only its owner may enter
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    return folder


def as_postgres() -> list[str]:
    """Return the words before a command that make it run as postgres if this is root."""
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []


class Program:
    """The program. It can be stopped and started again."""

    def __init__(self, folder: Path, name: str, *command: str) -> None:
        self.log = folder / f"{name}.log"
        self._folder = folder
        self._command = [*as_postgres(), *command]
        self._process: subprocess.Popen | None = None

    def start(self) -> None:
        """Start it, without waiting until it responds."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=self._folder,
                env={"PATH": f"{os.environ['PATH']}:/usr/sbin", "HOME": str(self._folder), "LANG": "C.UTF-8"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to its process group, if it still runs."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)

    def ended(self) -> bool:
        """Return whether it has ended by itself."""
        return self._process is not None and self._process.poll() is not None

    def stopped(self) -> bool:
        """Return whether SIGSTOP has reached all of its threads."""
        assert self._process is not None
        threads = Path(f"/proc/{self._process.pid}/task").glob("*/stat")
        return all(thread.read_text().rpartition(")")[2].split()[0] == "T" for thread in threads)

    def check(self) -> None:
        """Raise AssertionError with the end of its log if it has ended by itself."""
        assert self._process is not None
        if self._process.poll() is not None:
            end = self.log.read_text(errors="replace")[-3000:]
            raise AssertionError(f"{self._command[-2:]} ended with {self._process.returncode}:\n{end}")

    def kill(self) -> None:
        """Kill it."""
        self.signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait(STOP_SECONDS)
            self._process = None
