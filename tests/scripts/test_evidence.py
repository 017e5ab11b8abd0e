"""What `make test-phase` leaves is evidence only of a whole suite that ran to its end."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.site import ROOT

SUITE = """
import pytest

def test_first(): pass

def test_second(): {second}

def test_third(): pass
"""


def run(folder: Path, second: str, *options: str) -> dict | None:
    """Run a small suite with evidence; what it left, if anything."""
    (folder / "test_suite.py").write_text(SUITE.format(second=second))
    (folder / "conftest.py").write_text(
        f"import pathlib, tests.evidence\ntests.evidence.REPORTS = pathlib.Path({str(folder / 'reports')!r})\n"
    )
    subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml"), "-p", "tests.evidence"),
            *("-p", "no:randomly", "-p", "no:cacheprovider", "--evidence", "small", *options, str(folder)),
        ],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"},
        capture_output=True,
        timeout=50,
    )
    kept = folder / "reports" / "small.json"
    return json.loads(kept.read_text()) if kept.exists() else None


def test_a_suite_that_ran_to_its_end_leaves_its_result(tmp_path):
    assert run(tmp_path, "assert 0")["failed"] == 1
    found = run(tmp_path, "pytest.skip()")
    assert (found["passed"], found["failed"], found["skipped"]) == (2, 0, 1)


@pytest.mark.parametrize(
    ("second", "options"),
    [
        ("raise KeyboardInterrupt", []),
        ("pytest.exit('enough')", []),
        ("pass", ["-k", "first"]),
        ("pass", ["-m", "not long", "-k", "third"]),
        ("pass", ["--deselect", "test_suite.py::test_second"]),
    ],
)
def test_one_that_was_interrupted_or_ran_in_part_leaves_nothing(tmp_path, second, options):
    options = [word.replace("test_suite.py", str(tmp_path / "test_suite.py")) for word in options]
    assert run(tmp_path, second, *options) is None
