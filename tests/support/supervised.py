"""A site under a supervisor, as systemd or a container runtime would be: a shell command restarts it."""

import contextlib
import subprocess
import threading
from pathlib import Path

from .site import Site

LOOK_SECONDS = 0.05


class Supervised(Site):
    """A site whose flags stand in ``env_file``; ``restart`` is the command that stops it and starts it anew.

    The command comes back when the new server has been started, not when it answers: that is for the scripts to see.
    """

    def __init__(self, folder: Path, database_url: str, env_file: Path, **environment: str) -> None:
        super().__init__(folder, database_url, **environment)
        # What the real environment sets wins over the file, so the flags must not be there.
        for name in ("USE_DAPHNE", "WEBSOCKET_BROADCAST", "USE_WEBSOCKETS", "SSE_ENABLED"):
            self.environment.pop(name, None)
        self.environment["GISTAGUM_ENV_FILE"] = str(env_file)
        self._wish = folder / "restart-wanted"
        self.restart = f"touch '{self._wish}'; while [ -e '{self._wish}' ]; do sleep {LOOK_SECONDS}; done"
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._supervise, name="supervisor", daemon=True)

    def start(self) -> "Supervised":
        """Start, wait until it answers, and look after it from then on."""
        super().start()
        self._thread.start()
        return self

    def stop(self) -> None:
        """End the supervisor, and the site with all its processes."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join(20)
        super().stop()

    def _supervise(self) -> None:
        while not self._over.wait(LOOK_SECONDS):
            if self._wish.exists():
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self.terminate()
                super().stop()
                self.launch()
                self._wish.unlink()
