"""The figures of open dashboards: delays to the paint, their table and their targets."""

from pathlib import Path

import pytest

from benchmarks.contenders import BY_NAME
from benchmarks.measures import paint
from benchmarks.process import Failed
from benchmarks.report import tables
from benchmarks.results import Results
from benchmarks.size import FULL
from benchmarks.targets import TARGETS


def test_delays_are_from_each_commit_to_its_paint_and_what_was_not_painted_is_counted():
    committed = [(number, 100.0 + number) for number in range(1, 11)]
    painted = {str(number): 1000 * (100.0 + number) + 10 * number for number in range(1, 10)}
    assert paint.delays(painted, committed) == {"p50_ms": 50, "p99_ms": 90, "missing_percent": 10}


def test_a_page_on_which_nothing_was_painted_is_a_failure():
    with pytest.raises(Failed, match="none of 1 changes was painted"):
        paint.delays({"7": 1.0}, [(8, 1.0)])


def test_the_report_shows_what_dashboards_cost_and_judges_it(tmp_path: Path):
    results = Results(tmp_path / "results.json", {}, {})
    values = {"cpu_percent": 7.9, "idle_percent": 2.4, "p50_ms": 153.2, "p99_ms": 1296.0, "missing_percent": 0.0}
    for name in paint.CONTENDERS:
        results.note("paint", name, FULL.dashboards, 1, values=values)
    [table] = [one for one in tables.figures(results) if one.title.startswith("Open dashboards")]
    assert [row[0] for row in table.rows] == [BY_NAME[name].title for name in paint.CONTENDERS]
    assert table.rows[0][1:] == ["7.9", "2.4", "153", "1,296", "0.0"]
    reached = [target.reached(results) for target in TARGETS if target.figure.startswith("paint")]
    assert reached == [True, True, True, False]
