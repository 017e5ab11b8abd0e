"""An import of an older export does not overwrite what was changed since, if the file says what it is based on."""

import io
import json

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from projeng.models import Project

pytestmark = pytest.mark.django_db

HEADER = "prn,name,barangay,latitude,longitude,status"


@pytest.fixture
def run(tmp_path):
    def importing(header, *rows, **options):
        path = tmp_path / "export.csv"
        path.write_text("\n".join([header, *rows]) + "\n")
        importing.stderr, out = io.StringIO(), io.StringIO()
        call_command("import_projects", str(path), stdout=out, stderr=importing.stderr, **options)
        return out.getvalue().strip()

    return importing


@pytest.fixture
def road(db):
    road = Project.objects.create(prn="P1", name="Road", barangay="Apokon")
    Project.objects.create(prn="P2", name="Canal", barangay="Apokon")
    return road


def changed(road):
    road.name = "Long road"
    road.save()
    return road


BASES = {
    "version": ("version", lambda row: row.version),
    "microseconds": ("updated_at", lambda row: row.updated_at.isoformat()),
    "in the office's zone": (
        "updated_at",
        lambda row: timezone.localtime(row.updated_at).isoformat(" ", "microseconds"),
    ),
    "without a zone": (
        "updated_at",
        lambda row: timezone.localtime(row.updated_at).isoformat("T", "microseconds")[:-6],
    ),
}


@pytest.mark.parametrize("base", BASES)
def test_a_row_of_an_older_export_is_refused_with_both_values(base, run, road):
    column, value = BASES[base]
    row = f"P1,Short road,Apokon,,,planned,{value(road)}"
    changed(road)
    with pytest.raises(CommandError):
        run(f"{HEADER},{column}", row, "P2,Canal,Madaum,,,planned,")
    told = run.stderr.getvalue()
    assert told.startswith("line 2: based on ")
    assert "and version 2 is stored" in told
    assert "name: “Short road” here, “Long road” stored" in told
    assert set(Project.objects.values_list("name", "barangay")) == {("Long road", "Apokon"), ("Canal", "Apokon")}


@pytest.mark.parametrize("base", BASES)
def test_a_row_of_the_present_export_is_imported(base, run, road):
    column, value = BASES[base]
    row = f"P1,Short road,Apokon,,,planned,{value(changed(road))}"
    assert "1 updated" in run(f"{HEADER},{column}", row)
    road.refresh_from_db()
    assert (road.name, road.version) == ("Short road", 3)


@pytest.mark.parametrize("precision", ["seconds", "milliseconds", "minutes"])
def test_a_time_that_an_export_has_shortened_counts_as_that_time(precision, run, road):
    row = f"P1,Short road,Apokon,,,planned,{road.updated_at.isoformat(timespec=precision)}"
    assert "1 updated" in run(f"{HEADER},updated_at", row)


def test_a_row_that_would_change_nothing_is_not_refused(run, road):
    changed(road)
    assert "1 unchanged" in run(f"{HEADER},version", "P1,Long road,Apokon,,,planned,1")


def test_a_row_of_a_project_that_was_deleted_since_does_not_bring_it_back(run, road):
    road.delete()
    with pytest.raises(CommandError):
        run(f"{HEADER},version", "P1,Road,Apokon,,,planned,1")
    assert "no such project is stored any more" in run.stderr.getvalue()
    assert "1 new" in run(f"{HEADER},version", "P1,Road,Apokon,,,planned,")


def test_a_file_without_these_columns_is_imported_as_ever(run, road):
    changed(road)
    assert "1 updated" in run(HEADER, "P1,Short road,Apokon,,,planned")


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("version", "-1"),
        ("version", "1.5"),
        ("version", "²"),
        ("updated_at", "yesterday"),
        ("updated_at", "2026-13-01T00:00"),
    ],
)
def test_a_base_that_cannot_be_is_named(column, value, run, road):
    with pytest.raises(CommandError):
        run(f"{HEADER},{column}", f"P1,Road,Apokon,,,planned,{value}")
    assert f"line 2: {column} '{value}' is not a" in run.stderr.getvalue()


def test_a_status_that_contradicts_the_progress_is_listed(run, road):
    rows = ["P1,Road,Apokon,,,completed,5", "P2,Canal,Apokon,,,in_progress,40", "P3,Park,Apokon,,,planned,30"]
    assert "1 new, 2 updated" in run(f"{HEADER},progress", *rows)
    told = run.stderr.getvalue().splitlines()
    assert [line.partition("all the same: ")[2].partition(".")[0] for line in told] == [
        "Completed at 5%",
        "Planned at 30%",
    ]
    run(f"{HEADER},progress", *rows)
    assert run.stderr.getvalue().startswith("line 4") or not run.stderr.getvalue()
    outcome = json.loads(run(f"{HEADER},progress", "P1,Road,Apokon,,,completed,6", json=True))
    assert outcome["warnings"] == [
        {"line": 2, "reason": "Completed at 6%. A project that is under way is usually “In progress”."}
    ]
