"""A site that is restarted whenever it ends, as systemd or a container runtime would do."""

import contextlib
import os
import signal
import threading
from pathlib import Path

from .site import Site


class RestartingSite(Site):
    """A site with a supervising thread."""

    def start(self) -> "RestartingSite":
        """Start the site, wait until it responds, and restart it from then on."""
        super().start()
        self._stopped = threading.Event()
        self._supervisor = threading.Thread(target=self._supervise, name=f"supervisor-{self.server}", daemon=True)
        self._supervisor.start()
        return self

    def stop(self) -> None:
        """Stop the supervision and the site."""
        if hasattr(self, "_stopped"):
            self._stopped.set()
            self._supervisor.join(15)
        super().stop()

    def processes(self) -> list[int]:
        """Return the process ids: the one that was started, then its workers."""
        parent = self.process.pid
        with contextlib.suppress(OSError):
            children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
            return [parent, *map(int, children)]
        return [parent]

    def signal(self, number: signal.Signals, pids: list[int] | None = None) -> None:
        """Send a signal to all processes, or to ``pids``. Processes that have ended are skipped."""
        for pid in self.processes() if pids is None else pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def _supervise(self) -> None:
        while not self._stopped.wait(0.1):
            if self.process.poll() is not None:
                super().stop()  # ends remaining processes
                self.launch()
