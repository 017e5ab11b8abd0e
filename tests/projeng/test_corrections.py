"""What was reported can be corrected, voided and restored: by whom, for how long, what counts, and what is kept."""

import re
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from projeng.access import Role
from projeng.corrections import Correction
from projeng.filters import with_spent
from projeng.models import Project, ProjectCost, ProjectDocument, ProjectMilestone, ProjectProgress
from tests.support.log import logged
from tests.support.people import person

pytestmark = pytest.mark.django_db

DAY = timedelta(hours=24)
MODELS = {"cost": ProjectCost, "progress": ProjectProgress, "milestone": ProjectMilestone, "document": ProjectDocument}
KINDS = pytest.mark.parametrize("kind", MODELS)
WHY = {"reason": "A slip of the keys"}
# What each edit form is sent, what it changes, and how people read that.
EDITS = {
    "cost": (
        {"date": "2026-11-19", "cost_type": "labor", "amount": "6,000", "description": ""},
        {"amount": {"old": "60000.00", "new": "6000.00"}},
        ("Amount", "₱60,000.00", "₱6,000.00"),
    ),
    "progress": (
        {"date": "2026-11-19", "percentage_complete": "4", "description": ""},
        {"percentage_complete": {"old": "40.00", "new": "4.00"}},
        ("Percentage complete", "40%", "4%"),
    ),
    "milestone": (
        {"name": "Roof", "target_date": "2026-12-24"},
        {"target_date": {"old": "2026-12-01", "new": "2026-12-24"}},
        ("Target date", "Dec 1, 2026", "Dec 24, 2026"),
    ),
    "document": ({"name": "Plan B"}, {"name": {"old": "Plan", "new": "Plan B"}}, ("Name", "Plan", "Plan B")),
}


def enter(kind, project, author):
    """A part as it was just entered by this person."""
    if kind == "cost":
        return ProjectCost.objects.create(
            project=project, date="2026-11-19", cost_type="labor", amount=60_000, created_by=author
        )
    if kind == "progress":
        return ProjectProgress.objects.create(
            project=project, date="2026-11-19", percentage_complete=40, created_by=author
        )
    if kind == "milestone":
        return ProjectMilestone.objects.create(
            project=project, name="Roof", target_date="2026-12-01", created_by=author
        )
    document = ProjectDocument(project=project, name="Plan", uploaded_by=author)
    document.file.save("plan.pdf", ContentFile(b"%PDF-1.4"))
    return document


def url(part, page):
    return reverse(f"{part.kind}_{page}", args=[part.project_id, part.pk])


def age(part, entered):
    """Let the part have been entered at another time: the row's, which nothing else may decide."""
    type(part).objects.filter(pk=part.pk).unannounced().update(**{part.entered_field: entered})


def last(kind):
    return logged().filter(type=f"{kind}_updated").latest("id").fields


def home(part):
    return reverse("project_detail", args=[part.project_id])


# --- by whom, and for how long ------------------------------------------------------------------------------------


@KINDS
def test_who_entered_a_part_corrects_it_and_the_history_has_both_values_and_the_reason(
    kind, browser, engineer, project
):
    part = enter(kind, project, engineer)
    data, changes, (label, old, new) = EDITS[kind]
    assert browser(engineer).post(url(part, "edit"), data | WHY).url == home(part)
    [kept] = Correction.objects.all()
    assert (kept.kind, kept.part_id, kept.action, kept.reason) == (kind, part.pk, "changed", WHY["reason"])
    assert (kept.actor, kept.changes) == ("Ana Reyes", changes)
    event = last(kind)
    assert (event["action"], event["changes"], event["reason"]) == ("changed", changes, WHY["reason"])
    assert f"from {old}" in event["summary"] or kind in {"milestone", "document"}
    for page in (home(part), url(part, "history"), reverse("project_history", args=[project.pk])):
        html = browser(engineer).get(page).content.decode()
        assert f"{label}: <del>{old}</del>" in html
        assert f"<ins>{new}</ins>" in html
        assert WHY["reason"] in html


@KINDS
def test_the_author_has_a_day(kind, browser, engineer, project):
    part = enter(kind, project, engineer)
    client = browser(engineer)
    for hours in (24, 1000):
        age(part, timezone.now() - timedelta(hours=hours))
        for page in ("edit", "void", "restore"):
            response = client.post(url(part, page), EDITS[kind][0] | WHY)
            assert response.status_code == 403
            assert "a Head Engineer can correct this" in response.content.decode()
    age(part, timezone.now() - timedelta(hours=23.99))
    for page in ("edit", "void", "restore"):
        assert client.post(url(part, page), EDITS[kind][0] | WHY).status_code == 302
    assert [kept.action for kept in Correction.objects.order_by("pk")] == ["changed", "voided", "restored"]


@KINDS
def test_a_head_corrects_at_any_time_and_the_author_is_told(kind, browser, head, engineer, project):
    part = enter(kind, project, engineer)
    age(part, timezone.now() - timedelta(days=1000))
    before = engineer.notifications.count()
    for page, verb in (("edit", "changed"), ("void", "voided"), ("restore", "restored")):
        assert browser(head).post(url(part, page), EDITS[kind][0] | WHY).url == home(part)
        assert f"{verb} by Maria Santos" in engineer.notifications.first().message
        assert WHY["reason"] in engineer.notifications.first().message
    assert engineer.notifications.count() == before + 3


@KINDS
@pytest.mark.parametrize(("who", "status"), [("finance", 403), ("other_engineer", 404), ("nobody", 404)])
def test_others_cannot(kind, who, status, request, browser, engineer, project):
    part = enter(kind, project, engineer)
    client = browser(request.getfixturevalue(who))
    for page in ("edit", "void", "restore"):
        assert client.get(url(part, page)).status_code == status
        assert client.post(url(part, page), EDITS[kind][0] | WHY).status_code == status
    assert not Correction.objects.exists()


def test_an_author_who_may_no_longer_enter_costs_may_not_correct_them(browser, finance, engineer, project):
    cost = enter("cost", project, finance)
    assert browser(finance).get(url(cost, "edit")).status_code == 200
    finance.groups.clear()
    assert browser(finance).get(url(cost, "edit")).status_code == 404
    finance.groups.set(engineer.groups.all())
    assert browser(finance).get(url(cost, "void")).status_code == 404


def test_a_milestone_of_nobody_knows_whom_is_for_heads(browser, engineer, head, project):
    milestone = enter("milestone", project, None)
    assert browser(engineer).get(url(milestone, "edit")).status_code == 403
    assert browser(head).get(url(milestone, "edit")).status_code == 200


@KINDS
def test_a_part_of_another_project_is_not_found(kind, browser, head, project):
    part = enter(kind, project, head)
    other = Project.objects.create(name="Other", barangay="Apokon")
    for page in ("edit", "void", "restore", "history"):
        assert browser(head).get(reverse(f"{kind}_{page}", args=[other.pk, part.pk])).status_code == 404
        assert browser(head).get(reverse(f"{kind}_{page}", args=[project.pk, 10**30])).status_code == 404


# --- what is void does not count ------------------------------------------------------------------------------------


@KINDS
def test_a_void_part_stays_on_the_page_with_its_reason_and_can_be_restored(kind, browser, engineer, project):
    part = enter(kind, project, engineer)
    client = browser(engineer)
    assert client.post(url(part, "void"), {}).status_code == 422  # why?
    assert client.post(url(part, "void"), WHY).url == home(part)
    html = client.get(home(part)).content.decode()
    row = html[html.index(f'data-{kind}-id="{part.pk}"') - 100 :]
    assert re.search(r'class="[^"]*\bvoid\b', row[:200])
    assert "by Ana Reyes: A slip of the keys" in row
    assert url(part, "restore") in html
    assert url(part, "edit") not in html
    assert client.get(url(part, "edit")).url == home(part)  # restore it first
    late = client.post(url(part, "edit"), EDITS[kind][0] | {"reason": "Typed before it was void"})
    assert late.status_code == 422
    assert "is void. Restore it before you edit it." in late.content.decode()
    assert "Typed before it was void" in late.content.decode()
    assert last(kind)["action"] == "voided"
    assert client.post(url(part, "restore"), {"reason": "It was right"}).url == home(part)
    html = client.get(home(part)).content.decode()
    assert 'class="void"' not in html
    assert 'class="void-note"' not in html
    assert (last(kind)["action"], last(kind)["reason"]) == ("restored", "It was right")
    assert [kept.action for kept in Correction.objects.order_by("pk")] == ["voided", "restored"]


def test_void_costs_are_in_no_sum_and_no_alarm(browser, head, finance, project):
    good = ProjectCost.objects.create(project=project, cost_type="labor", amount=500_000, created_by=finance)
    bad = ProjectCost.objects.create(project=project, cost_type="labor", amount=700_000, created_by=finance)
    assert head.notifications.filter(message__startswith="URGENT").count() == 1
    browser(finance).post(url(bad, "void"), WHY)
    assert project.spent == good.amount
    assert with_spent(Project.objects.all()).get(pk=project.pk).spent_total == good.amount
    event = last("cost")
    assert (event["spent"], event["spent_percent"]) == ("500000.00", 50.0)
    for page, text in (
        ("finance_dashboard", 'id="total-spent">₱500,000.00<'),
        ("finance_dashboard", "No project has"),
        ("dashboard", "No project has spent 80% of its budget."),
        ("project_list", "₱500,000.00"),
    ):
        html = browser(head).get(reverse(page)).content.decode()
        assert text in html or text == "No project has"
        assert "₱1,200,000.00" not in html
        assert 'class="level" data-level="URGENT">Urgent</span> <strong>1<' not in html
    assert "₱700,000.00" not in browser(head).get(reverse("finance_dashboard")).content.decode().split("timeline")[0]
    assert head.notifications.filter(message__startswith=("URGENT")).count() == 1
    assert browser(head).get(reverse("project_list"), {"level": "any"}).content.decode().count("data-project-id") == 0
    browser(person(Role.HEAD)).post(url(bad, "restore"), WHY)
    assert head.notifications.filter(message__startswith="URGENT").count() == 2  # it counts again
    assert last("cost")["spent"] == "1200000.00"


def test_the_progress_is_that_of_the_newest_report_that_is_not_void(browser, engineer, project):
    reports = [
        ProjectProgress.objects.create(project=project, date=day, percentage_complete=share, created_by=engineer)
        for day, share in (("2026-11-01", 20), ("2026-11-02", 95))
    ]
    client = browser(engineer)
    for number, progress in ((1, 20), (0, 0)):
        client.post(url(reports[number], "void"), WHY)
        project.refresh_from_db()
        assert project.progress == progress
        assert last("progress")["progress"] == progress
    client.post(url(reports[1], "restore"), WHY)
    project.refresh_from_db()
    assert project.progress == 95


def test_a_void_milestone_is_not_open_and_cannot_be_reached(browser, engineer, project):
    milestone = enter("milestone", project, engineer)
    milestone.void("Not in the contract")
    client = browser(engineer)
    html = client.get(reverse("engineer_dashboard")).content.decode()
    assert "No milestone is open." in html
    reached = reverse("milestone_reached", args=[project.pk, milestone.pk])
    assert reached not in client.get(home(milestone)).content.decode()
    assert client.post(reached).status_code == 404


def test_a_milestone_that_was_not_reached_after_all(browser, head, project):
    milestone = enter("milestone", project, head)
    browser(head).post(reverse("milestone_reached", args=[project.pk, milestone.pk]))
    data = {"name": "Roof", "target_date": "2026-12-01", "completion_date": timezone.localdate()}
    assert browser(head).post(url(milestone, "edit"), data | WHY).status_code == 302
    milestone.refresh_from_db()
    assert (milestone.is_completed, milestone.completion_date) == (False, None)
    data = {"name": "Roof", "target_date": "2026-12-01", "is_completed": "on"}
    late = browser(head).post(url(milestone, "edit"), data | WHY | {"completion_date": timezone.localdate() + DAY})
    assert "in the future" in late.content.decode()
    browser(head).post(url(milestone, "edit"), data | WHY)
    milestone.refresh_from_db()
    assert milestone.completion_date == timezone.localdate()


# --- two at once --------------------------------------------------------------------------------------------------


def test_an_edit_that_is_based_on_what_was_changed_meanwhile_is_a_conflict(browser, head, finance, project):
    cost = enter("cost", project, finance)
    form = browser(finance).get(url(cost, "edit")).context["form"]
    hidden = {field.html_name: field.value() for field in form.hidden_fields()}
    data = EDITS["cost"][0] | WHY
    assert browser(head).post(url(cost, "edit"), data | {"amount": "7000"}).status_code == 302
    response = browser(finance).post(url(cost, "edit"), hidden | data)
    assert response.status_code == 409
    html = response.content.decode()
    assert "₱7,000.00" in html
    assert 'value="6,000"' in html
    cost.refresh_from_db()
    assert cost.amount == 7000


@pytest.mark.parametrize("page", ["void", "restore"])
def test_what_was_changed_meanwhile_is_shown_before_it_is_voided(page, browser, head, finance, project):
    cost = enter("cost", project, finance)
    if page == "restore":
        cost.void("Twice")
    version = cost.version
    cost.description = "Five loads of sand"
    cost.save()
    response = browser(finance).post(url(cost, page), WHY | {"version": version})
    assert response.status_code == 409
    assert "It was changed while this page was open" in response.content.decode()
    assert WHY["reason"] in response.content.decode()
    again = response.context["form"]["version"].value()
    assert browser(finance).post(url(cost, page), WHY | {"version": again}).status_code == 302


def test_what_is_void_already_is_said_and_kept(browser, head, finance, project):
    cost = enter("cost", project, finance)
    cost.void("Mine")
    assert browser(head).post(url(cost, "void"), WHY).url == home(cost)
    cost.refresh_from_db()
    assert cost.void_reason == "Mine"
    assert Correction.objects.count() == 1


# --- the history --------------------------------------------------------------------------------------------------


def test_an_edit_that_changes_nothing_leaves_no_trace(browser, finance, project):
    cost = enter("cost", project, finance)
    before = logged().count()
    browser(finance).post(url(cost, "edit"), EDITS["cost"][0] | WHY | {"amount": "60000"})
    assert (Correction.objects.count(), logged().count()) == (0, before)


def test_a_history_is_only_added_to(browser, head, project):
    cost = enter("cost", project, head)
    cost.void("Twice")
    kept = Correction.objects.get()
    kept.reason = "Other"
    for spoil in (
        kept.save,
        kept.delete,
        Correction.objects.all().delete,
        lambda: Correction.objects.update(reason="Other"),
        lambda: project.corrections.all().update(reason="Other"),
    ):
        with pytest.raises(TypeError):
            spoil()
    project.delete()
    assert not Correction.objects.exists()


def test_the_history_outlasts_what_is_deleted_and_who_did_it(browser, head, finance, project):
    cost = enter("cost", project, finance)
    browser(finance).post(url(cost, "edit"), EDITS["cost"][0] | WHY)
    page = url(cost, "history")
    ProjectCost.objects.all().delete()
    finance.delete()
    html = browser(head).get(page).content.decode()
    assert "Cost of ₱6,000.00 (labor)" in html
    assert "(deleted)" in html
    assert "by Jose Ramirez" in html
    assert "Deleted" in browser(head).get(reverse("project_history", args=[project.pk])).content.decode()


def test_whatever_changes_a_part_is_in_the_history(project):
    """Programs, commands and the shell, too; a description in full."""
    cost = enter("cost", project, None)
    cost.description = "Sand. " * 100
    cost.save()
    [kept] = Correction.objects.all()
    assert kept.changes == {"description": {"old": "", "new": "Sand. " * 100}}
    assert (kept.actor, kept.reason) == ("the system", "")
    assert last("cost")["changes"]["description"]["new"].endswith("…")


def test_a_replaced_receipt_is_told_by_its_kind_only(browser, finance, project):
    cost = enter("cost", project, finance)
    data = EDITS["cost"][0] | WHY | {"amount": "60000", "receipt": ContentFile(b"%PDF-1.4", "r.pdf")}
    browser(finance).post(url(cost, "edit"), data)
    cost.refresh_from_db()
    html = browser(finance).get(url(cost, "history")).content.decode()
    assert "Receipt: <del>not set</del>" in html
    assert "<ins>a .pdf file</ins>" in html
    assert cost.receipt.name not in html


# --- the page -----------------------------------------------------------------------------------------------------


@KINDS
def test_the_page_offers_what_the_person_may_do(kind, browser, head, finance, engineer, project):
    part = enter(kind, project, engineer)
    for somebody, offered in ((head, True), (engineer, True), (finance, False)):
        html = browser(somebody).get(home(part)).content.decode()
        assert (url(part, "edit") in html, url(part, "void") in html) == (offered, offered)
        assert url(part, "history") not in html  # there is none yet
    age(part, timezone.now() - DAY)
    assert url(part, "edit") not in browser(engineer).get(home(part)).content.decode()
    part.refresh_from_db()
    part.void("Twice")
    assert url(part, "history") in browser(finance).get(home(part)).content.decode()


def test_the_number_of_queries_does_not_grow_with_what_was_corrected(
    browser, engineer, project, django_assert_max_num_queries
):
    parts = [enter(kind, project, engineer) for kind in ("cost", "progress", "milestone") for _ in range(12)]
    for part in parts[::2]:
        part.void("Twice")
    client = browser(engineer)
    with django_assert_max_num_queries(25):
        client.get(home(parts[0]))
    with django_assert_max_num_queries(14):
        client.get(reverse("project_history", args=[project.pk]))


def test_entering_a_part_takes_no_more_statements_than_before_and_correcting_it_one(finance, project):
    def statements(work):
        with CaptureQueriesContext(connection) as queries:
            work()
        return [query["sql"].split()[0] for query in queries if "projeng_correction" in query["sql"]]

    cost = ProjectCost(project=project, cost_type="labor", amount=5, created_by=finance)
    assert statements(cost.save) == []
    cost.description = "Sand"
    assert statements(cost.save) == ["INSERT"]
    assert statements(cost.save) == []
    assert statements(lambda: cost.void("Twice")) == ["INSERT"]


def test_a_reason_is_that_of_one_save_only(project):
    cost = enter("cost", project, None)
    cost.reason = "Not for this"
    cost.save()  # changes nothing
    cost.description = "Sand"
    cost.save()
    assert [kept.reason for kept in Correction.objects.all()] == [""]


def test_a_release_from_before_corrections_can_still_enter_parts(project):
    """It names only the columns that it knows, after a step back to it."""
    known = ("project_id", "date", "cost_type", "description", "amount", "receipt", "created_at")
    values = (project.pk, "2026-11-19", "labor", "", "5", "", timezone.now())
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO projeng_projectcost ({', '.join(known)}) VALUES ({', '.join(['%s'] * len(known))})",
            values,
        )
    assert not ProjectCost.objects.get().is_void
    assert project.spent == 5
