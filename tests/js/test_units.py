"""The unit tests of the browser code (tests/js/**/*.test.js), run by node's own test runner, without a browser."""

import os
import subprocess

import pytest
from playwright._impl._driver import compute_driver_executable

from tests.support.site import ROOT

FOLDER = ROOT / "tests" / "js"


@pytest.mark.timeout(60)
def test_units_of_the_browsers_side():
    node, _ = compute_driver_executable()  # Playwright brings its own node: nothing more to install
    files = sorted(str(path) for path in FOLDER.rglob("*.test.js"))
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
