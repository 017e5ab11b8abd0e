"""Two people at the same thing at once: nobody waits in a circle, and who comes second is told so on a page."""

import io
import threading
import time

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import connection, transaction
from django.urls import reverse

from projeng.access import Role
from projeng.forms.projects import ProjectForm
from projeng.importing import writing as import_writing
from projeng.models import Project, ProjectCost, ProjectMilestone, ProjectProgress
from tests.support.log import logged
from tests.support.people import person

ANYWHERE = pytest.mark.parametrize("databases", ["sqlite", "postgres"], indirect=True)
ON_POSTGRESQL = pytest.mark.parametrize("databases", ["postgres"], indirect=True)
FACTS = {"name": "River park", "barangay": "Madaum", "status": "planned"}


@pytest.fixture(scope="module")
def addresses() -> dict[str, str]:
    """The databases of this module, by kind: new ones, but one for all tests."""
    return {}


@pytest.fixture
def databases(request, addresses, new_database, on_database) -> str:
    """The kind of the database that the test works on."""
    kind = request.param
    if kind not in addresses:
        addresses[kind] = new_database(kind)
    on_database(addresses[kind])
    return kind


@pytest.fixture
def office(databases, browser):
    """A head, an engineer, and a project of theirs with a milestone."""

    class Office:
        head = person(Role.HEAD)
        engineer = person(Role.ENGINEER)
        project = Project.objects.create(name="Pier", barangay="Madaum")
        milestone = ProjectMilestone.objects.create(project=project, name="Piles", target_date="2026-12-01")

        @staticmethod
        def sends(who, page, *args, **data):
            """A browser of theirs that is about to send this form."""
            client = browser(who, raise_request_exception=True)
            return lambda: client.post(reverse(page, args=args), data)

    Office.project.assigned_engineers.add(Office.engineer)
    return Office


def wait_for_company() -> None:
    """Until somebody waits for a lock (of this transaction, the only one that there is)."""
    if connection.vendor == "sqlite":
        time.sleep(0.3)  # nothing tells of it there
        return
    until = time.monotonic() + 10
    with connection.cursor() as cursor:
        while time.monotonic() < until:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
            time.sleep(0.01)
    raise AssertionError("Nobody waits.")


def after(begun: threading.Event, then):
    """``then``, once ``begun`` is set."""

    def wait():
        assert begun.wait(10)
        return then()

    return wait


# --- a milestone ------------------------------------------------------------------------------------------------


@ON_POSTGRESQL
def test_reaching_a_milestone_takes_the_project_first(office, together):
    begun = threading.Event()

    @transaction.atomic
    def edits_both():
        project = Project.objects.get(pk=office.project.pk)
        project.name = "Long pier"
        project.save()
        begun.set()
        wait_for_company()
        milestone = ProjectMilestone.objects.get(pk=office.milestone.pk)
        milestone.name = "All piles"
        milestone.save()

    reaches = office.sends(office.engineer, "milestone_reached", office.project.pk, office.milestone.pk)
    edited, reached = together(edits_both, after(begun, reaches))
    assert (edited, getattr(reached, "status_code", reached)) == (None, 302)
    office.milestone.refresh_from_db()
    assert (office.milestone.name, office.milestone.is_completed) == ("All piles", True)


# --- a project that is deleted meanwhile ------------------------------------------------------------------------

FORMS = {
    "progress_add": {"date": "2026-01-01", "percentage_complete": "5"},
    "cost_add": {"date": "2026-01-01", "cost_type": "labor", "amount": "5"},
    "milestone_add": {"name": "Deck", "target_date": "2026-12-24"},
    "document_add": {"name": "Plan"},
    "project_edit": FACTS,
    "project_engineers": {},
    "project_delete": {},
    "milestone_reached": {},
    "milestone_edit": {"name": "Deck", "target_date": "2026-12-24", "reason": "Other words"},
    "milestone_void": {"reason": "Twice"},
    "milestone_restore": {"reason": "Once"},
}
OF_A_MILESTONE = {"milestone_reached", "milestone_edit", "milestone_void", "milestone_restore"}


@ANYWHERE
@pytest.mark.parametrize("page", FORMS)
def test_a_form_of_a_project_that_is_deleted_meanwhile_is_not_found(page, office, together):
    begun = threading.Event()
    last = logged().latest("id").pk
    pk = office.project.pk
    data = dict(FORMS[page])
    if page == "document_add":
        data["file"] = SimpleUploadedFile("p.pdf", b"%PDF")

    @transaction.atomic
    def deletes():
        Project.objects.get(pk=pk).delete()
        begun.set()
        wait_for_company()

    args = (pk, office.milestone.pk) if page in OF_A_MILESTONE else (pk,)
    deleted, answer = together(deletes, after(begun, office.sends(office.head, page, *args, **data)))
    assert (deleted, getattr(answer, "status_code", answer)) == (None, 404)
    assert logged().filter(pk__gt=last, type="project_deleted").count() == 1


@ANYWHERE
def test_two_who_delete_at_once_delete_once(office, together):
    last = logged().latest("id").pk
    deletes = [office.sends(office.head, "project_delete", office.project.pk) for _ in range(2)]
    assert sorted(answer.status_code for answer in together(*deletes)) == [302, 404]
    assert logged().filter(pk__gt=last, type="project_deleted").count() == 1


@ANYWHERE
@pytest.mark.parametrize("page", ["progress_add", "cost_add", "milestone_reached"])
def test_an_engineer_who_is_taken_off_meanwhile_reports_nothing(page, office, together):
    begun = threading.Event()

    @transaction.atomic
    def takes_off():
        Project.objects.select_for_update().get(pk=office.project.pk).assigned_engineers.clear()
        begun.set()
        wait_for_company()

    args = (office.project.pk, office.milestone.pk) if page == "milestone_reached" else (office.project.pk,)
    taken_off, answer = together(takes_off, after(begun, office.sends(office.engineer, page, *args, **FORMS[page])))
    assert taken_off is None
    assert getattr(answer, "status_code", answer) in {403, 404}
    assert not ProjectProgress.objects.filter(project=office.project).exists()
    office.milestone.refresh_from_db()
    assert not office.milestone.is_completed


# --- the same form ----------------------------------------------------------------------------------------------


@ANYWHERE
@pytest.mark.parametrize("page", ["project_edit", "project_engineers"])
def test_of_two_who_send_the_same_form_at_once_the_second_is_asked(page, office, together, browser):
    others = [person(Role.ENGINEER), person(Role.ENGINEER)]
    form = browser(office.head).get(reverse(page, args=[office.project.pk])).context["form"]
    opened = {name: form[name].value() for name in ("version", "opened")}
    sent = [
        {**FACTS, "name": f"Pier {number}", "assigned_engineers": [other.pk]} for number, other in enumerate(others)
    ]
    sends = [office.sends(office.head, page, office.project.pk, **opened, **data) for data in sent]
    answers = [getattr(answer, "status_code", answer) for answer in together(*sends)]
    assert sorted(answers) == [302, 409]
    office.project.refresh_from_db()
    first = answers.index(302)
    if page == "project_edit":
        assert office.project.name == f"Pier {first}"
    else:
        assert list(office.project.assigned_engineers.all()) == [others[first]]


@ANYWHERE
def test_of_two_who_send_the_same_form_of_the_admin_at_once_the_second_is_told(office, together, browser):
    root = person(Role.HEAD, is_staff=True, is_superuser=True)
    page = reverse("admin:projeng_projectmilestone_change", args=[office.milestone.pk])
    form = browser(root).get(page).context["adminform"].form
    opened = {name: form[name].value() for name in ("version", "opened")}

    def sends(number):
        client = browser(root, raise_request_exception=True)
        data = {**opened, "name": f"Piles {number}", "target_date": "2026-12-01", "confirmed": "on", "reason": "So"}
        return lambda: client.post(page, data)

    answers = [getattr(answer, "status_code", answer) for answer in together(sends(0), sends(1))]
    assert sorted(answers) == [302, 409]
    office.milestone.refresh_from_db()
    assert office.milestone.name == f"Piles {answers.index(302)}"


@ANYWHERE
def test_of_two_who_correct_the_same_at_once_one_is_told(office, together, browser):
    """An edit and a voiding that were opened before either was sent; and sums are right whatever came first."""
    for amount in (7, 8, 9):
        cost = ProjectCost.objects.create(project=office.project, cost_type="labor", amount=5)
        args = (office.project.pk, cost.pk)
        form = browser(office.head).get(reverse("cost_edit", args=args)).context["form"]
        opened = {name: form[name].value() for name in ("version", "opened")}
        data = {"date": cost.date, "cost_type": "labor", "amount": amount, "reason": "A slip"}
        edits = office.sends(office.head, "cost_edit", *args, **opened, **data)
        voids = office.sends(office.head, "cost_void", *args, version=cost.version, reason="Twice")
        edited, voided = (getattr(answer, "status_code", answer) for answer in together(edits, voids))
        cost.refresh_from_db()
        assert (edited, voided) in {(302, 409), (422, 302)}
        assert cost.is_void == (voided == 302)
        assert cost.amount == (5 if cost.is_void else amount)
        assert logged().filter(type="cost_updated").latest("id").fields["spent"] == str(office.project.spent)
        cost.delete()


@ANYWHERE
@pytest.mark.parametrize("page", ["milestone_void", "milestone_restore"])
def test_two_who_void_or_restore_at_once_do_so_once(page, office, together):
    if page == "milestone_restore":
        office.milestone.void("Twice")
    before = office.project.corrections.count()
    sends = [office.sends(office.head, page, office.project.pk, office.milestone.pk, reason="So") for _ in range(2)]
    assert [getattr(answer, "status_code", answer) for answer in together(*sends)] == [302, 302]
    assert office.project.corrections.count() == before + 1


# --- the same PRN -----------------------------------------------------------------------------------------------


@pytest.fixture
def both_find_it_free(monkeypatch):
    """Two forms look for faults before either of them is saved."""
    both = threading.Barrier(2, timeout=10)
    is_valid = ProjectForm.is_valid

    def checked(form):
        valid = is_valid(form)
        both.wait()
        return valid

    monkeypatch.setattr(ProjectForm, "is_valid", checked)


def assert_one_is_told(answers):
    assert [getattr(answer, "status_code", answer) for answer in answers] in ([302, 422], [422, 302])
    told = next(answer for answer in answers if answer.status_code == 422).content.decode()
    assert 'id="id_prn_error"' in told
    assert "Project with this PRN already exists." in told
    assert 'value="River park"' in told


@ANYWHERE
def test_two_new_projects_with_one_prn(office, together, both_find_it_free):
    new = [office.sends(office.head, "project_create", **FACTS, prn="NEW-1") for _ in range(2)]
    assert_one_is_told(together(*new))
    assert Project.objects.filter(prn="NEW-1").count() == 1


@ON_POSTGRESQL  # on SQLite one waits for the other before it looks
def test_two_projects_that_are_given_one_prn(office, together, both_find_it_free):
    projects = [office.project, Project.objects.create(name="Quay", barangay="Madaum")]
    assert_one_is_told(
        together(*(office.sends(office.head, "project_edit", row.pk, **FACTS, prn="GIVEN-1") for row in projects))
    )
    assert Project.objects.filter(prn="GIVEN-1").count() == 1


# --- imports ----------------------------------------------------------------------------------------------------

ROWS = 60


@pytest.fixture
def imports(databases, tmp_path, monkeypatch):
    """Imports of the same projects under new names, forwards and backwards, each locked and written by itself."""
    monkeypatch.setattr(import_writing, "CHUNK", 1)

    def prepare(prefix: str, first: str, second: str):
        def start(name: str, numbers) -> str:
            lines = [f"{prefix}{number},{name},Apokon,,,planned\n" for number in numbers]
            path = tmp_path / f"{name}.csv"
            path.write_text("prn,name,barangay,latitude,longitude,status\n" + "".join(lines))
            ready.wait()
            out = io.StringIO()
            call_command("import_projects", str(path), stdout=out, stderr=io.StringIO())
            return out.getvalue().strip()

        ready = threading.Barrier(2, timeout=10)
        forwards = range(100, 100 + ROWS)
        return lambda: start(first, forwards), lambda: start(second, reversed(forwards))

    return prepare


@ANYWHERE
def test_two_imports_of_stored_projects_wait_for_each_other_in_turn(imports, together):
    for number in range(100, 100 + ROWS):
        Project.objects.unannounced().create(prn=f"OLD{number}", name="Road", barangay="Apokon")
    updated = f"{ROWS} projects: 0 new, {ROWS} updated, 0 unchanged"
    assert together(*imports("OLD", "Street", "Avenue")) == [updated, updated]


@ANYWHERE
def test_two_imports_of_the_same_new_projects(imports, together):
    assert sorted(map(str, together(*imports("TWICE", "Street", "Avenue")))) == [
        f"{ROWS} projects: 0 new, {ROWS} updated, 0 unchanged",
        f"{ROWS} projects: {ROWS} new, 0 updated, 0 unchanged",
    ]
