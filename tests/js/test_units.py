"""The units of the browser's side (tests/js/*.test.js), run by node's own test runner: no browser, and no waiting."""

import os
import shutil
import subprocess

import pytest

from tests.support.site import ROOT

FOLDER = ROOT / "tests" / "js"


@pytest.mark.timeout(60)
def test_units_of_the_browsers_side():
    node = shutil.which("node")
    assert node, "These tests need node (20 or later)."
    files = sorted(str(path) for path in FOLDER.glob("*.test.js"))
    assert files
    environment = {"PATH": os.environ["PATH"]}
    run = subprocess.run(
        [node, "--test", "--test-reporter=spec", *files],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert run.returncode == 0, f"{run.stdout[-20_000:]}\n{run.stderr[-5_000:]}"
