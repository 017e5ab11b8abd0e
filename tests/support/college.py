"""The college's site as it runs: several processes may share one database."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from .site import ROOT, Site

SETTINGS = "tests.sites.college.settings"
COMMAND_SECONDS = 60


class College(Site):
    """A process of the college's site, through start.sh and Daphne. The first one prepares its database."""

    def __init__(self, folder: Path, database_url: str = "", **environment: str) -> None:
        url = database_url or f"sqlite:///{folder / 'college.sqlite3'}"
        prepared = {"SKIP_MIGRATE": "false", "STATIC_ROOT": str(folder / "static"), "MEDIA_ROOT": str(folder / "media")}
        super().__init__(folder, url, "daphne", **{**prepared, **environment})
        self.arguments = (SETTINGS,)

    def manage(self, *arguments: str, expect: int = 0) -> subprocess.CompletedProcess[str]:
        """Run a command of the site, as an operator does. Its exit status must be ``expect``."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments, "--settings", SETTINGS],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
        assert done.returncode == expect, done.stderr
        return done

    def people(self, rows: list[dict[str, Any]], file: Path) -> dict[str, dict[str, str]]:
        """Make people, and return the id and the token of each, by user name."""
        file.write_text(json.dumps(rows))
        return json.loads(self.manage("college_people", str(file)).stdout)
