"""`manage.py import_projects`: all or nothing, and told of once."""

import io
import json
import re
from decimal import Decimal
from pathlib import Path

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from projeng.access import Role
from projeng.models import Notification, Project, ProjectActivity
from realtime.log.models import Event

pytestmark = pytest.mark.django_db

HEADER = "prn,name,barangay,latitude,longitude,status"
ROAD = "P1,Concreting of Road,Apokon,7.423,125.8276,planned"
CANAL = "P2,Drainage Canal,Madaum,,,in_progress"


@pytest.fixture
def boss() -> User:
    user = User.objects.create_user("boss")
    user.groups.add(Group.objects.get(name="Head Engineer"))
    return user


@pytest.fixture
def second_boss() -> User:
    return User.objects.create_superuser("second-boss", first_name="Ligaya", last_name="Santos")


@pytest.fixture
def run(tmp_path: Path):
    """Imports lines (or bytes) and returns what the command writes on stdout."""

    def importing(*content: str | bytes, name: str = "office.csv", **options) -> str:
        path = tmp_path / name
        text = content[0] if isinstance(content[0], bytes) else ("\n".join(content) + "\n").encode()
        path.write_bytes(text)
        importing.stderr, out = io.StringIO(), io.StringIO()
        try:
            call_command("import_projects", str(path), stdout=out, stderr=importing.stderr, **options)
        finally:
            importing.stdout = out.getvalue().strip()
        return importing.stdout

    return importing


def refused(run, *content: str | bytes, **options) -> str:
    """Imports what must be refused, checks that nothing is left of it, and returns what is said."""
    with pytest.raises(CommandError) as fault:
        run(*content, **options)
    assert fault.value.returncode == 1
    assert not Project.objects.exists()
    assert not Event.objects.filter(type="projects_changed").exists()
    return f"{run.stderr.getvalue()}{fault.value}"


def summaries() -> list[dict]:
    return list(Event.objects.filter(type="projects_changed").values_list("fields", flat=True))


# --- what is imported -------------------------------------------------------------------------------------------


def test_rows_become_projects(run):
    assert run(HEADER, ROAD, CANAL) == "2 projects: 2 new, 0 updated, 0 unchanged"
    road, canal = Project.objects.order_by("prn")
    assert (road.name, road.barangay, road.status) == ("Concreting of Road", "Apokon", "planned")
    assert (road.latitude, road.longitude) == (Decimal("7.423"), Decimal("125.8276"))
    assert (canal.latitude, canal.longitude) == (None, None)


def test_columns_come_in_any_order_and_optional_ones_are_read(run):
    run(
        "status,end_date,name,prn,progress,barangay,longitude,latitude,project_cost,source_of_funds,start_date,description",
        'planned,2027-01-31,Library,P1,12.5,Apokon,125.8276,7.423,1500000.50,Education,2026-01-01,"Two\nfloors"',
    )
    library = Project.objects.get()
    assert library.progress == Decimal("12.5")
    assert library.project_cost == Decimal("1500000.50")
    assert (str(library.start_date), str(library.end_date)) == ("2026-01-01", "2027-01-31")
    assert (library.source_of_funds, library.description) == ("Education", "Two\nfloors")


def test_blank_lines_and_blanks_around_values_are_dropped(run):
    run(HEADER, "", " P1 , Road ,Apokon , 7.423,125.8276 , planned", ",,,,,", "   ")
    assert list(Project.objects.values_list("prn", "name")) == [("P1", "Road")]


# --- importing again --------------------------------------------------------------------------------------------


def test_importing_again_changes_nothing_and_tells_nobody(run, boss):
    run(HEADER, ROAD, CANAL)
    before = list(Project.objects.values().order_by("pk"))
    counts = Event.objects.count(), Notification.objects.count(), ProjectActivity.objects.count()
    assert run(HEADER, ROAD, CANAL) == "2 projects: 0 new, 0 updated, 2 unchanged"
    assert list(Project.objects.values().order_by("pk")) == before
    assert (Event.objects.count(), Notification.objects.count(), ProjectActivity.objects.count()) == counts


def test_only_rows_that_differ_are_updated(run):
    run(HEADER, ROAD, CANAL)
    before = {row.prn: row for row in Project.objects.all()}
    assert run(HEADER, ROAD.replace("planned", "in_progress"), CANAL) == "2 projects: 0 new, 1 updated, 1 unchanged"
    after = {row.prn: row for row in Project.objects.all()}
    assert after["P1"].status == "in_progress"
    assert after["P1"].pk == before["P1"].pk
    assert after["P1"].created_at == before["P1"].created_at
    assert after["P1"].updated_at > before["P1"].updated_at
    assert after["P2"].updated_at == before["P2"].updated_at


def test_fields_without_a_column_stay_as_they_are(run, boss):
    project = Project.objects.create(
        prn="P1", name="Old", barangay="Apokon", project_cost=5, description="Kept", progress=40, created_by=boss
    )
    project.assigned_engineers.add(boss)
    run(HEADER, ROAD)
    project.refresh_from_db()
    assert (project.name, project.description, project.progress) == ("Concreting of Road", "Kept", 40)
    assert (project.project_cost, project.created_by, project.assigned_engineers.get()) == (5, boss, boss)


def test_a_blank_value_empties_its_field_but_says_nothing_of_progress(run):
    Project.objects.create(prn="P1", name="Old", barangay="Apokon", project_cost=5, progress=40)
    run(f"{HEADER},project_cost,progress", f"{ROAD},,")
    assert Project.objects.values_list("project_cost", "progress").get() == (None, 40)


def test_a_column_that_is_empty_in_every_row_is_noted_where_it_empties_a_field(run):
    Project.objects.create(prn="P1", name="Old", barangay="Apokon", project_cost=5)
    assert "2 projects: 1 new, 1 updated" in run(f"{HEADER},project_cost,source_of_funds", f"{ROAD},,", f"{CANAL},,")
    note = "Note: project_cost is empty in every row, which empties it in 1 project. Without that column it stays.\n"
    assert run.stderr.getvalue() == note
    run(f"{HEADER},project_cost", f"{ROAD},", f"{CANAL},")
    assert run.stderr.getvalue() == "", "nothing is lost"


def test_a_column_that_must_not_be_empty_and_is_in_every_row_is_the_cause(run):
    said = refused(run, HEADER, "P1,,Apokon,,,planned", "P2,,Apokon,,,planned")
    assert said.startswith("line 2: name is missing\nline 3: name is missing\n2 rows of ")
    assert said.endswith(" cannot be imported (the column name is empty in every row). Nothing was imported.")


def test_dates_must_go_with_the_stored_ones_too(run):
    project = Project.objects.create(prn="P1", name="Old", barangay="Apokon", start_date="2026-06-01")
    for dry_run in (True, False):
        with pytest.raises(CommandError):
            run(f"{HEADER},end_date", f"{CANAL},2026-01-01", f"{ROAD},2026-05-31", dry_run=dry_run)
        assert "line 3: together with the stored dates it would end before it starts" in run.stderr.getvalue()
    project.refresh_from_db()
    assert (project.name, Project.objects.count()) == ("Old", 1)


# --- who is told ------------------------------------------------------------------------------------------------


def test_one_event_and_one_notification_for_each_head_tell_of_all(run, boss, second_boss):
    run(HEADER, ROAD, CANAL)
    assert summaries() == [
        {
            "source": "office.csv",
            "created": 2,
            "updated": 0,
            "summary": "Projects changed by office.csv: 2 new, by the import",
            "actor": "the import",
        }
    ]
    assert not Event.objects.filter(type__startswith="project_").exists()
    assert sorted(Notification.objects.values_list("recipient__username", flat=True)) == ["boss", "second-boss"]


def test_engineers_of_changed_projects_see_the_event_and_others_do_not(run):
    run(HEADER, ROAD, CANAL)
    concerned, other = User.objects.create_user("concerned"), User.objects.create_user("other")
    for user in (concerned, other):
        user.groups.add(Group.objects.get(name="Project Engineer"))
    Group.objects.get(name=Role.ENGINEER).user_set.add(concerned, other)
    Project.objects.get(prn="P1").assigned_engineers.add(concerned)
    Project.objects.get(prn="P2").assigned_engineers.add(other)
    run(HEADER, ROAD.replace("Road", "Roads"), CANAL)
    assert Event.objects.filter(type="projects_changed").last().audience == ["projects", f"user:{concerned.pk}"]


def test_each_changed_project_gets_a_line_in_its_timeline(run, second_boss):
    run(HEADER, ROAD, CANAL)
    run(HEADER, ROAD.replace("planned", "delayed"), CANAL, by="second-boss")
    lines = ProjectActivity.objects.filter(project__prn="P1").order_by("id").values_list("actor", "summary")
    assert list(lines) == [
        ("the import", "Imported from office.csv by the import"),
        ("Ligaya Santos", "Updated from office.csv by Ligaya Santos: status"),
    ]
    assert ProjectActivity.objects.filter(project__prn="P2").count() == 1


def test_who_imports_can_be_named(run, second_boss):
    run(HEADER, ROAD, by="second-boss")
    assert Project.objects.get().created_by == second_boss
    assert summaries()[0]["actor"] == "Ligaya Santos"


def test_an_unknown_importer_is_wrong_usage(run):
    with pytest.raises(CommandError, match="no active account 'ghost'") as fault:
        run(HEADER, ROAD, by="ghost")
    assert fault.value.returncode == 2


# --- dry run and JSON -------------------------------------------------------------------------------------------


def test_a_dry_run_says_what_would_happen_and_writes_nothing(run, boss):
    run(HEADER, ROAD)
    events = Event.objects.count()
    said = run(HEADER, ROAD.replace("Road", "Roads"), CANAL, dry_run=True)
    assert said == "2 projects: 1 new, 1 updated, 0 unchanged. Only checked: nothing was written."
    assert Project.objects.get().name == "Concreting of Road"
    assert Event.objects.count() == events


def test_a_dry_run_refuses_what_an_import_would_refuse(run):
    assert "line 2: unknown status 'done'" in refused(run, HEADER, ROAD.replace("planned", "done"), dry_run=True)


def test_scripts_can_read_the_outcome(run):
    assert json.loads(run(HEADER, ROAD, json=True)) == {
        "ok": True,
        "dry_run": False,
        "projects": 1,
        "new": 1,
        "updated": 0,
        "unchanged": 0,
        "problem_count": 0,
        "problems": [],
    }


def test_scripts_can_read_the_problems(run):
    refused(run, HEADER, CANAL, "P1,,Apokon,,,planned", json=True)
    outcome = json.loads(run.stdout)
    assert outcome["ok"] is False
    assert outcome["problem_count"] == 1
    assert outcome["problems"] == [{"line": 3, "reason": "name is missing"}]


# --- what is refused: nothing is imported (test_import_checks.py has each kind of fault) ------------------------


def test_one_wrong_row_keeps_all_from_being_imported(run):
    said = refused(run, HEADER, ROAD, "P3,Road,Nowhere,,,planned", CANAL)
    assert said.startswith("line 3: unknown barangay 'Nowhere'\n1 row of ")
    assert said.endswith("cannot be imported. Nothing was imported.")


def test_every_wrong_row_is_named(run):
    rows = [f"P{number},,Apokon,,,planned" for number in range(120)]
    said = refused(run, HEADER, *rows)
    assert re.findall(r"^line (\d+): name is missing$", said, re.MULTILINE) == [f"{line}" for line in range(2, 122)]
    assert "120 rows of " in said
    refused(run, HEADER, *rows, json=True)
    outcome = json.loads(run.stdout)
    assert outcome["problem_count"] == len(outcome["problems"]) == 120


def test_a_file_of_no_use_gives_one_clear_line(run):
    said = refused(run, b"")
    assert said.endswith("office.csv is empty. Nothing was imported.")
    assert "\n" not in said


def test_a_missing_file_and_a_folder_give_one_clear_line(tmp_path):
    for path, reason in ((tmp_path / "none.csv", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(CommandError, match=f"cannot be read: {reason}") as fault:
            call_command("import_projects", str(path))
        assert fault.value.returncode == 1


def test_a_file_that_is_too_large_is_refused(run, monkeypatch):
    monkeypatch.setattr("projeng.importing.reading.MAX_BYTES", 60)
    assert "is larger than" in refused(run, HEADER, ROAD)


def test_a_database_that_refuses_leaves_nothing_behind(run, monkeypatch):
    def failing(*_, **__):
        raise OperationalError("disk is full")

    monkeypatch.setattr("projeng.importing.writing.projects_changed", failing)
    assert "disk is full" in refused(run, HEADER, ROAD)
    assert not ProjectActivity.objects.exists()


# --- many rows --------------------------------------------------------------------------------------------------


def test_ten_thousand_rows_take_few_queries_and_one_event(run, boss):
    rows = [f"G{number},Road {number},Apokon,7.423,125.8276,planned" for number in range(10_000)]
    with CaptureQueriesContext(
        connection,
    ) as first:
        assert run(HEADER, *rows) == "10000 projects: 10000 new, 0 updated, 0 unchanged"
    changed = [row.replace("Road", "Street") for row in rows]
    with CaptureQueriesContext(connection) as second:
        assert run(HEADER, *changed) == "10000 projects: 0 new, 10000 updated, 0 unchanged"
    assert (len(first) < 400, len(second) < 400) == (True, True)  # a twenty-fifth of a query per row
    assert "10,000 rows written" in run.stderr.getvalue()
    assert len(summaries()) == 2
    assert Notification.objects.filter(recipient=boss).count() == 2
