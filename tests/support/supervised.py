"""A site under a supervisor like systemd or a container runtime. A shell command restarts it."""

import contextlib
import subprocess
import threading
from pathlib import Path

from .site import Site

LOOK_SECONDS = 0.05


class Supervised(Site):
    """A site with its flags in ``env_file``. ``restart`` is the shell command that restarts it.

    The command returns when the new server has been started, before it responds. The scripts wait for that.
    """

    def __init__(self, folder: Path, database_url: str, env_file: Path, **environment: str) -> None:
        super().__init__(folder, database_url, **environment)
        # The environment overrides the file, so the flags are removed from it.
        for name in ("USE_DAPHNE", "WEBSOCKET_BROADCAST", "USE_WEBSOCKETS", "SSE_ENABLED"):
            self.environment.pop(name, None)
        self.environment["GISTAGUM_ENV_FILE"] = str(env_file)
        self._wish = folder / "restart-wanted"
        self.restart = f"touch '{self._wish}'; while [ -e '{self._wish}' ]; do sleep {LOOK_SECONDS}; done"
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._supervise, name="supervisor", daemon=True)

    def start(self) -> "Supervised":
        """Start the site, wait until it responds, and supervise it from then on."""
        super().start()
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop the supervisor and the site."""
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
