"""A site that is moved between phases with the operators' scripts while users are connected."""

import contextlib
import random
import re
import subprocess
from collections import Counter
from pathlib import Path

from tests.support.ports import wait_until
from tests.support.site import ROOT, Site
from tests.support.supervised import LOOK_SECONDS, Supervised

SCRIPT_SECONDS = 90
SHARES = ("0", "10", "50", "100")


class PhasedSite(Supervised):
    """The site of an env file, under a supervisor that also restarts it whenever it ends.

    It runs Gunicorn or Daphne on one port, depending on the phase. ``outcomes`` counts the outcomes of moves.
    """

    def __init__(self, folder: Path, database_url: str, redis_url: str, **environment: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.env_file = folder / "site.env"
        flags = f"REDIS_URL={redis_url}\nUSE_DAPHNE=true\nWEBSOCKET_BROADCAST=true\nUSE_WEBSOCKETS=true\n"
        self.env_file.write_text(f"# of the faults\n{flags}WEBSOCKET_ROLLOUT_PERCENT=50\n")
        super().__init__(folder, database_url, self.env_file, **environment)
        self.phase = 4
        self.outcomes: Counter[str] = Counter()

    def move(self, phase: int, cookie: str) -> None:
        """Move to this phase with advance.sh or rollback.sh, which check a stream with ``cookie``.

        Raise AssertionError if the script fails without a message, or leaves the site in another state.
        """
        script = "advance.sh" if phase >= self.phase else "rollback.sh"
        before = self.env_file.read_bytes()
        done = subprocess.run(
            [
                str(ROOT / "scripts" / script),
                *("--to", str(phase), "--env-file", str(self.env_file), "--restart", self.restart),
                *("--health", f"{self.url}/health/", "--cookie", cookie, "--force", "--json"),
            ],
            capture_output=True,
            text=True,
            timeout=SCRIPT_SECONDS,
        )
        if done.returncode == 0:
            self.outcomes["moved"] += 1
            self.phase = phase
            return
        # Another fault prevented the move. The script says so, and the file is either unchanged or as requested.
        self.outcomes["not moved"] += 1
        output = f"{script} --to {phase}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert done.stderr.strip(), output
        if self.env_file.read_bytes() != before:
            self.phase = phase
            assert f"phase {phase}" in done.stdout + done.stderr, output

    def change_cohort(self, rng: random.Random) -> None:
        """Set another cohort (a share of the users, or groups) and restart."""
        groups = rng.choice(("", "Head Engineer", "Project Engineer,Finance Manager"))
        text = re.sub(r"(?m)^WEBSOCKET_ROLLOUT_(PERCENT|GROUPS)=.*\n", "", self.env_file.read_text())
        cohort = f"WEBSOCKET_ROLLOUT_PERCENT={rng.choice(SHARES)}\nWEBSOCKET_ROLLOUT_GROUPS={groups}\n"
        self.env_file.write_text(text + cohort)
        subprocess.run(["sh", "-c", self.restart], check=True, timeout=SCRIPT_SECONDS)
        self.outcomes["another cohort"] += 1
        with contextlib.suppress(AssertionError):  # another fault may prevent it
            wait_until(self.healthy, "it answers", 40)

    def _supervise(self) -> None:
        while not self._over.wait(LOOK_SECONDS):
            requested = self._wish.exists()
            if requested:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self.terminate()
            if self.process.poll() is not None or requested:
                Site.stop(self)  # ends remaining processes
                self.launch()
                self._wish.unlink(missing_ok=True) if requested else None
