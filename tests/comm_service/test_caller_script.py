"""A caller's script that was written for the old side runs on both, over a real connection."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.site import Site

SCRIPT = Path(__file__).with_name("caller_script.py")


@pytest.mark.parametrize("side", ["legacy", "ninja"])
def test_the_script_runs_unchanged(new_database, tmp_path, side):
    with Site(tmp_path, new_database("sqlite"), COMM_ENABLED="true", COMM_COMPAT="true", COMM_API=side) as site:
        command = [sys.executable, "-P", str(SCRIPT), site.url]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.count("ok ") == 24
