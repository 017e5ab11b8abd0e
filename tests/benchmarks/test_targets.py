"""The targets and the page of the benchmarks name what is measured."""

from pathlib import Path

import pytest

from benchmarks.contenders import BY_NAME
from benchmarks.measures.comm_api import SIDES
from benchmarks.measures.writers import CASES
from benchmarks.report import builds, tables
from benchmarks.results import Results
from benchmarks.run import MEASURES
from benchmarks.size import FULL
from benchmarks.targets import TARGETS, Target
from tests.docs.markdown import named, section

BUILDS = {"ours", "beside", "plain"}
STEADY = {f"steady-{rate}" for rate, _ in FULL.steady}
RECORDED = {*MEASURES, *STEADY, *(case.name for case in CASES)}


@pytest.fixture
def results(tmp_path: Path) -> Results:
    return Results(tmp_path / "results.json", {}, {})


def test_every_measure_is_documented():
    documented = [named(row[0]) for row in section("docs/benchmarks.md", "What is measured").table("measure")]
    assert documented == list(MEASURES)


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.text)
def test_a_target_names_measures_and_who_is_measured(target):
    for figure in filter(None, (target.figure, target.of, target.minus)):
        measure, who, _ = figure.split()
        assert measure.partition("@")[0] in RECORDED
        assert who in BUILDS | set(SIDES) | set(BY_NAME)


def test_a_target_may_bound_how_much_more_a_figure_is_than_another(results):
    target = Target("text", "to_socket ours p50_ms", minus="to_socket beside p50_ms", at_most=6, unit="ms")
    results.note("to_socket", "ours", 10, 1, values={"p50_ms": 9.0})
    assert target.value(results) is None
    assert target.reached(results) is None
    results.note("to_socket", "beside", 10, 1, values={"p50_ms": 4.0})
    assert target.value(results) == 5
    assert target.reached(results)
    results.note("to_socket", "ours", 10, 2, values={"p50_ms": 31.0})
    assert target.value(results) == 16
    assert not target.reached(results)


def test_targets_of_32_writers_are_not_judged_with_fewer(results):
    target = next(one for one in TARGETS if one.figure.startswith("writers-publish-delayed@32"))
    for name, rate in (("ours", 900.0), ("beside", 100.0)):
        results.note("writers-publish-delayed", name, 4, 1, values={"a_second": rate})
    assert target.reached(results) is None
    for name, rate in (("ours", 900.0), ("beside", 100.0)):
        results.note("writers-publish-delayed", name, 32, 1, values={"a_second": rate})
    assert target.value(results) == 9


def test_the_report_shows_each_build(results):
    results.note("writers", "ours", 32, 1, values={"start_seconds": 9.0})
    for name, rate in (("ours", 900.0), ("beside", 100.0), ("plain", 1000.0)):
        results.note("writers-save", name, 32, 1, values={"a_second": rate, "lag_p50_ms": 4.2})
    [table] = builds.tables(results)
    assert table.title == "32 concurrent writers on PostgreSQL"
    assert [row[:2] for row in table.rows] == [
        ["a save: ours", "900"],
        ["a save: the build beside", "100"],
        ["a save: floor: plain inserts", "1,000"],
    ]
    assert table in tables.figures(results)
