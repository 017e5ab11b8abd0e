"""A clock for the scripts that goes on only when a test says so: a busy machine cannot use up their time-out."""

import threading
import time
from pathlib import Path

DATE = """#!/bin/sh
read -r seconds stamp <"$0.now"
case $1 in +%s) echo "$seconds" ;; *) echo "$stamp" ;; esac
"""


class Clock:
    """A ``date`` in ``folder``, which belongs at the beginning of the scripts' PATH."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._now = int(time.time())
        folder.mkdir()
        (folder / "date").write_text(DATE)
        (folder / "date").chmod(0o755)
        self.advance(0)

    @property
    def stamp(self) -> str:
        """The present time as it stands in the name of a copy."""
        return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(self._now))

    def advance(self, seconds: int) -> None:
        """Let the clock go on by so many seconds."""
        with self._lock:
            self._now += seconds
            new = self.folder / "date.new"
            new.write_text(f"{self._now} {self.stamp}\n")
            new.replace(self.folder / "date.now")
