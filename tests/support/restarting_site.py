"""A site that is started again whenever it ends, as systemd or a container runtime would see to."""

import contextlib
import os
import signal
import threading
from pathlib import Path

from .site import Site


class Kept(Site):
    """The site, and the thread that looks after it."""

    def start(self) -> "Kept":
        """Start it, wait until it answers, and look after it from then on."""
        super().start()
        self._over = threading.Event()
        self._keeper = threading.Thread(target=self._keep, name=f"keeper-{self.server}", daemon=True)
        self._keeper.start()
        return self

    def stop(self) -> None:
        """End it for good."""
        if hasattr(self, "_over"):
            self._over.set()
            self._keeper.join(15)
        super().stop()

    def processes(self) -> list[int]:
        """Its processes: the one that was started, then its workers."""
        parent = self.process.pid
        with contextlib.suppress(OSError):
            children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
            return [parent, *map(int, children)]
        return [parent]

    def signal(self, number: signal.Signals, pids: list[int] | None = None) -> None:
        """Send this to all of its processes, or to these; those that have gone meanwhile do not mind."""
        for pid in self.processes() if pids is None else pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def _keep(self) -> None:
        while not self._over.wait(0.1):
            if self.process.poll() is not None:
                super().stop()  # whatever of its processes is left
                self.launch()
