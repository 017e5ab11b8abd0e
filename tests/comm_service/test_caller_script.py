"""A caller's script that was written for the old side runs on both, over a real connection."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("caller_script.py")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("side", ["legacy", "ninja"])
def test_the_script_runs_unchanged(live_server, settings, side):
    settings.COMM_COMPAT, settings.COMM_API = True, side
    command = [sys.executable, "-P", str(SCRIPT), live_server.url]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.count("ok ") == 24
