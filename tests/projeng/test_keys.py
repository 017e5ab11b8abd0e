"""Keys in all the spellings in which people type and paste them: each is one project, wherever it comes from."""

import io
from importlib import import_module

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.urls import reverse

from projeng.access import Role
from projeng.demo.office import make_projects
from projeng.demo.people import make_people
from projeng.forms.projects import ProjectForm
from projeng.importing import reading
from projeng.keys import known_spelling, plain, prn_key
from projeng.models import Project, ProjectActivity
from tests.support.people import person

HEADER = "prn,name,barangay,latitude,longitude,status"
# U+200B, U+FEFF, a soft hyphen, blanks that do not break, full-width letters, another case, bold digits, a joiner,
# marks of direction, a variation selector, a filler, Arabic digits, a grapheme joiner.
SPELLINGS = [
    "PRN-060", "PRN-\u200b060", "\ufeffPRN-060", "PR\u00adN-060", "\u00a0PRN-060\u202f", "ＰＲＮ－０６０", "prn-060",
    "Prn-𝟎𝟔𝟎", "PRN\u2060-060", "\u202aPRN-060\u202c", "PRN-060\ufe0f", "PRN-060\u3164", "PRN-٠٦٠", "PRN-060\u034f",
]  # fmt: skip
DASHES = [f"prn{dash}060" for dash in "-‐‑‒–—―−﹣－⁃˗➖"]


@pytest.mark.parametrize("spelling", SPELLINGS + DASHES)
def test_each_spelling_is_one_key(spelling):
    assert prn_key(spelling) == "PRN-060"


@pytest.mark.parametrize(
    "different", ["PRN-06", "PRN-0600", "PRN060", "PRN 060", "PRN-06O", "PRN--060", "PRN-060-2", "Ñ-060"]
)
def test_other_numbers_stay_others(different):
    assert prn_key(different) != "PRN-060"
    assert prn_key(different) == different


def test_a_key_is_its_own_key():
    changed = [
        char
        for char in map(chr, [*range(1, 0xD800), *range(0xE000, 0x20000), *range(0xE0000, 0xE0200)])
        if prn_key(prn_key(f"a{char}B")) != prn_key(f"a{char}B") or plain(plain(char)) != plain(char)
    ]
    assert changed == []


def test_what_is_looked_for_among_known_names_is_found_in_any_spelling():
    assert known_spelling(" san\u00a0isidro\u200b", ["Apokon", "San Isidro"]) == "San Isidro"
    assert known_spelling(" Sanisidro ", ["San Isidro"]) == "Sanisidro"


# --- wherever it comes from -------------------------------------------------------------------------------------


def imported(tmp_path, *rows: str) -> str:
    path, out = tmp_path / "office.csv", io.StringIO()
    path.write_text("\n".join([HEADER, *rows]), encoding="utf-8")
    call_command("import_projects", str(path), stdout=out, stderr=io.StringIO())
    return out.getvalue().strip()


@pytest.mark.django_db
def test_the_import_knows_a_project_in_every_spelling(tmp_path):
    assert imported(tmp_path, "PRN-060,Road,Apokon,,,planned") == "1 project: 1 new, 0 updated, 0 unchanged"
    for spelling in SPELLINGS + DASHES:
        row = f"{spelling},Road,\u200bＡＰＯＫＯＮ ,,,planned\u00ad"
        assert imported(tmp_path, row) == "1 project: 0 new, 0 updated, 1 unchanged", ascii(spelling)
    assert Project.objects.values_list("prn", "barangay", "status").get() == ("PRN-060", "Apokon", "planned")


@pytest.mark.django_db
def test_two_spellings_in_one_file_are_told(tmp_path):
    with pytest.raises(CommandError, match="1 row of"):
        imported(tmp_path, "PRN-060,Road,Apokon,,,planned", "prn‐060\u200b,Road,Apokon,,,planned")
    assert "line 3: PRN 'PRN-060' is already on line 2" in map(
        str, reading.check(f"{HEADER}\nPRN-060,R,Apokon,,,planned\nprn‐060,R,Apokon,,,planned".encode()).problems
    )


def test_the_header_is_read_in_any_spelling():
    header = "\u200bPRN,Name\u00a0, BARANGAY ,Ｌatitude,longi\u00adtude,Status"
    assert reading.check(f"{header}\nP1,Road,Apokon,,,planned".encode()).rows[0].prn == "P1"


def test_a_prn_of_nothing_visible_is_missing():
    problems = reading.check(f"{HEADER}\n\u200b\ufeff,Road,Apokon,,,planned".encode()).problems
    assert [str(one) for one in problems] == ["line 2: PRN is missing"]


@pytest.mark.django_db
@pytest.mark.parametrize("spelling", [" BOSS\u200b", "ｂｏｓｓ", "\u00a0Boss"])
def test_whoever_imports_is_found_in_any_spelling(tmp_path, django_user_model, spelling):
    boss = django_user_model.objects.create_user("boss")
    path = tmp_path / "office.csv"
    path.write_text(f"{HEADER}\nP1,Road,Apokon,,,planned")
    call_command("import_projects", str(path), by=spelling, stdout=io.StringIO())
    assert Project.objects.get().created_by == boss
    for name in ("Boss", "bOSS"):
        django_user_model.objects.create_user(name)
    call_command("import_projects", str(path), by="boss", stdout=io.StringIO())  # exactly this one
    with pytest.raises(CommandError, match="may be any of Boss, bOSS, boss") as fault:
        call_command("import_projects", str(path), by="BOSS")
    assert fault.value.returncode == 2


@pytest.mark.django_db
@pytest.mark.parametrize("spelling", ["prn‑060", "PRN-\u200b060", "ＰＲＮ－０６０"])
def test_pages_the_admin_and_code_know_it_too(spelling, browser):
    road = Project.objects.create(prn="PRN-060", name="Road", barangay="Apokon")
    head = browser(person(Role.HEAD))
    data = {"prn": spelling, "name": "Other", "barangay": " apokon\u200b", "status": "planned"}
    response = head.post(reverse("project_create"), data)
    assert (response.status_code, 'id="id_prn_error"' in response.content.decode()) == (422, True)
    root = browser(person(None, is_superuser=True, is_staff=True))
    response = root.post(reverse("admin:projeng_project_add"), data)
    assert "already exists" in response.content.decode()
    assert ProjectForm(data, instance=road).is_valid()
    assert head.post(reverse("project_edit", args=[road.pk]), data).status_code == 302
    road.refresh_from_db()
    assert (road.prn, road.name, road.barangay) == ("PRN-060", "Other", "Apokon")
    for found in (Project.objects.get(prn=spelling), Project.objects.get(prn__in=[spelling])):
        assert found == road
    assert Project.objects.get_or_create(prn=spelling)[0] == road
    for page, of in ((head, "project_list"), (root, "admin:projeng_project_changelist")):
        assert f"/{road.pk}/" in page.get(reverse(of), {"q": spelling}).content.decode()


@pytest.mark.django_db
def test_an_object_has_the_key_that_is_stored():
    made = Project.objects.create(prn=" prn‐1", name="Road", barangay="MADAUM")
    several = Project.objects.bulk_create([Project(prn="prn‐2", name="Road", barangay="MADAUM")])
    for project in (made, *several):
        stored = Project.objects.get(pk=project.pk)
        assert (project.prn, project.barangay) == (stored.prn, stored.barangay)
    Project.objects.filter(prn="PRN-1").update(prn="prn–3\u200b")
    assert set(Project.objects.values_list("prn", "barangay")) == {("PRN-2", "Madaum"), ("PRN-3", "Madaum")}


@pytest.mark.django_db
def test_the_demo_knows_a_project_of_a_file_in_another_spelling():
    from random import Random

    people = make_people("x")
    Project.objects.create(prn="PRN-060", name="Road", barangay="Apokon")
    rows = reading.check(f"{HEADER}\nprn‐060\u200b,Road,Apokon,,,planned\nP2,Road,Apokon,,,planned".encode()).rows
    make_projects(people, Random(1), rows)
    assert Project.objects.filter(name="Road").count() == 2


# --- what was stored before -------------------------------------------------------------------------------------


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_stored_keys_are_normalised_and_those_that_are_the_same_are_named(database, new_database, on_database, caplog):
    on_database(new_database(database))
    stored = ["prn-060", "PRN-060", "prn‐061\u200b", "PRN-\u00ad061", "\ufeff", "PRN-062", "PRN-060-2", "x" * 39 + "ﬃ"]
    projects = [Project.objects.create(name="Road", barangay="Apokon") for _ in stored]
    call_command("migrate", *import_module("projeng.migrations.0005_keys").Migration.dependencies[0], verbosity=0)
    with connection.cursor() as cursor:
        for project, prn in zip(projects, stored, strict=True):
            cursor.execute("UPDATE projeng_project SET prn = %s, barangay = 'apokon ' WHERE id = %s", [prn, project.pk])
    call_command("migrate", verbosity=0)
    ids = [project.pk for project in projects]
    found = dict(Project.objects.values_list("pk", "prn"))
    assert [found[pk] for pk in ids] == [
        "PRN-060-3", "PRN-060", "PRN-061", "PRN-061-2", f"PRN-{ids[4]}", "PRN-062", "PRN-060-2", "X" * 39 + "F"
    ]  # fmt: skip
    assert set(Project.objects.values_list("barangay", flat=True)) == {"Apokon"}
    said = caplog.text
    assert f"Project {ids[0]}: PRN changed from 'prn-060' to PRN-060-3: project {ids[1]} has PRN-060" in said
    assert f"Project {ids[3]}: PRN changed from 'PRN-\\xad061' to PRN-061-2: project {ids[2]} has PRN-061" in said
    assert said.count("Are they the same project?") == 2
    timeline = ProjectActivity.objects.filter(summary__startswith="PRN changed").values_list("project_id", flat=True)
    assert set(timeline) == {ids[0], ids[3]}
    for project in Project.objects.all():
        project.save()
