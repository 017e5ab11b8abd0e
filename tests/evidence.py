"""A suite's result as evidence for `manage.py migration check`: ``pytest -p tests.evidence --evidence NAME``.

Written to reports/NAME.json with the version of the code that was tested. A run that was interrupted, or that was told
to leave tests out, says nothing of a suite and leaves nothing.
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

REPORTS = Path(__file__).resolve().parents[1] / "reports"


def write(name: str, **outcome: Any) -> Path:
    """Keep an outcome as reports/NAME.json, with the version of the code and the time."""
    REPORTS.mkdir(exist_ok=True)
    path = REPORTS / f"{name}.json"
    finished = datetime.now(UTC).isoformat(timespec="seconds")
    path.write_text(json.dumps({"version": settings.CODE_VERSION, "finished_at": finished, **outcome}, indent=1) + "\n")
    return path


def pytest_addoption(parser: pytest.Parser) -> None:
    """The name under which the result is kept."""
    parser.addoption("--evidence", metavar="NAME", help="Keep the result as reports/NAME.json.")


def pytest_terminal_summary(terminalreporter: Any, exitstatus: int, config: pytest.Config) -> None:
    """At the end of the run: what came of it."""
    name = config.getoption("--evidence")
    ended = exitstatus in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}
    part = any(config.getoption(option, None) for option in ("keyword", "markexpr", "deselect", "lf", "stepwise"))
    if name and (part or not ended):
        terminalreporter.write_line(f"Not kept as {name}: {'a part of the suite' if part else 'not run to the end'}")
    elif name:
        counts = {kind: len(terminalreporter.stats.get(kind, [])) for kind in ("passed", "failed", "error", "skipped")}
        counts["failed"] += counts.pop("error")
        terminalreporter.write_line(f"Kept as {write(name, **counts)}")
