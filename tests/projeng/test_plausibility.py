"""What looks like a slip is asked back once, with nothing lost of what was typed; what is usual is not."""

import re
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.forms import FileField
from django.urls import reverse
from django.utils import timezone

from projeng.forms import kept_files
from projeng.models import Project, ProjectCost, ProjectDocument, ProjectMilestone, ProjectProgress
from tests.support.log import logged

pytestmark = pytest.mark.django_db

COST = {"date": "2026-11-19", "cost_type": "labor", "amount": "5,000", "description": "Sand"}
REPORT = {"date": "2026-11-19", "percentage_complete": "50", "description": "Walls"}
MILESTONE = {"name": "Roof", "target_date": "2026-12-24"}
PLANNED = {"start_date": date(2026, 1, 1), "end_date": date(2026, 12, 31)}
MODELS = {"cost": ProjectCost, "progress": ProjectProgress, "milestone": ProjectMilestone, "document": ProjectDocument}
# What is asked back: the project's fields, the kind of part, what is typed, and what the page says.
ASKED = {
    "over the budget by far": ({}, "cost", {"amount": "1,200,000.01"}, "₱1,200,000.01 of the budget of ₱1,000,000.00"),
    "the biggest amount": ({}, "cost", {"amount": "₱9,999,999,999,999"}, "₱9,999,999,999,999.00 of the budget"),
    "large without a budget": ({"project_cost": None}, "cost", {"amount": "100,000,001"}, "the project has no budget"),
    "on a completed project": ({"status": "completed", "progress": 100}, "cost", {}, "The project is completed."),
    "on a cancelled project": ({"status": "cancelled"}, "cost", {}, "The project is cancelled."),
    "of 1900": ({}, "cost", {"date": "1900-01-01"}, "Jan 1, 1900 is more than 2 years ago."),
    "before the start": (
        PLANNED,
        "cost",
        {"date": "2025-12-31"},
        "Dec 31, 2025 is before the project",
    ),
    "progress on a cancelled project": ({"status": "cancelled"}, "progress", {}, "The project is cancelled."),
    "progress on a completed project": ({"status": "completed"}, "progress", {}, "Completed at 50%"),
    "all progress on a completed project": (
        {"status": "completed"},
        "progress",
        {"percentage_complete": "100"},
        "The project is completed.",
    ),
    "progress before the start": (PLANNED, "progress", {"date": "2025-12-31"}, "is before the project&#x27;s start"),
    "progress of 1900": ({}, "progress", {"date": "1900-01-01"}, "is more than 2 years ago"),
    "a milestone before the start": (
        PLANNED,
        "milestone",
        {"target_date": "2025-12-31"},
        "is before the project",
    ),
    "a milestone after the end": (
        PLANNED,
        "milestone",
        {"target_date": "2027-01-01"},
        "is after the project",
    ),
    "a milestone far ahead": ({}, "milestone", {"target_date": "2106-12-24"}, "is more than 5 years ahead"),
    "a milestone of 1900": ({}, "milestone", {"target_date": "1900-12-24"}, "is more than 2 years ago"),
    "a milestone of a completed project": ({"status": "completed"}, "milestone", {}, "The project is completed."),
    "a document of a cancelled project": ({"status": "cancelled"}, "document", {}, "The project is cancelled."),
}
USUAL = {
    "what the budget has": ({}, "cost", {"amount": "1,000,000"}),
    "somewhat over the budget": ({}, "cost", {"amount": "1,200,000"}),
    "without a budget": ({"project_cost": None}, "cost", {"amount": "45,000,000"}),
    "on the first day": (PLANNED, "cost", {"date": "2026-01-01"}),
    "a while ago": ({}, "cost", {"date": "2025-03-01"}),
    "more progress": (PLANNED, "progress", {}),
    "a milestone on the last day": (PLANNED, "milestone", {"target_date": "2026-12-31"}),
    "a milestone in three years": ({}, "milestone", {"target_date": "2029-12-24"}),
    "a document of a completed project": ({"status": "completed", "progress": 100}, "document", {}),
}
DATA = {"cost": COST, "progress": REPORT, "milestone": MILESTONE, "document": {"name": "Plan"}}


def pdf(name="Program of works.pdf"):
    return SimpleUploadedFile(name, b"%PDF-1.4 the plan")


def change(project, **fields):
    Project.objects.filter(pk=project.pk).unannounced().update(**fields)
    project.refresh_from_db()


def as_shown(response):
    """What a browser sends from the page that asks back, with every box ticked."""
    html = response.content.decode()
    keys = re.findall(r'name="sure" value="(\w+)"', html)
    kept = re.findall(r'name="(kept_\w+)" value="([^"]+)" checked', html)
    form = response.context["form"]
    typed = [bound for bound in form if not isinstance(bound.field, FileField) and bound.value() is not None]
    return {bound.html_name: bound.value() for bound in typed} | dict(kept) | {"sure": keys}


@pytest.mark.parametrize(("fields", "kind", "typed", "text"), ASKED.values(), ids=ASKED)
def test_what_is_unlikely_is_asked_back_once(fields, kind, typed, text, browser, engineer, project):
    change(project, **fields)
    url = reverse(f"{kind}_add", args=[project.pk])
    data = DATA[kind] | typed | ({"file": pdf()} if kind == "document" else {})
    before = logged().count()
    response = browser(engineer).post(url, data)
    assert (response.status_code, MODELS[kind].objects.count(), logged().count()) == (422, 0, before)
    html = response.content.decode()
    assert text in html
    for value in data.values():
        assert isinstance(value, SimpleUploadedFile) or str(value) in html
    assert browser(engineer).post(url, data).status_code == 422 or kind == "document"  # nothing was confirmed
    again = browser(engineer).post(url, as_shown(response))
    assert again.url == reverse("project_detail", args=[project.pk])
    assert MODELS[kind].objects.count() == 1


@pytest.mark.parametrize(("fields", "kind", "typed"), USUAL.values(), ids=USUAL)
def test_what_is_usual_is_not_asked_back(fields, kind, typed, browser, engineer, project):
    change(project, **fields)
    data = DATA[kind] | typed | ({"file": pdf()} if kind == "document" else {})
    assert browser(engineer).post(reverse(f"{kind}_add", args=[project.pk]), data).status_code == 302


def test_what_is_confirmed_is_what_was_asked(browser, engineer, project):
    """Another amount is another question."""
    url = reverse("cost_add", args=[project.pk])
    response = browser(engineer).post(url, COST | {"amount": "5,000,000"})
    assert browser(engineer).post(url, as_shown(response) | {"amount": "50,000,000"}).status_code == 422
    assert browser(engineer).post(url, as_shown(response) | {"amount": "50,000"}).status_code == 302


def test_progress_that_falls_or_passes_a_later_report_is_asked_back(browser, engineer, project):
    for day, share in (("2026-11-10", 40), ("2026-11-20", 60)):
        ProjectProgress.objects.create(project=project, date=day, percentage_complete=share)
    url = reverse("progress_add", args=[project.pk])
    for day, share, text in (
        ("2026-11-21", "55", "The progress falls from 60% (Nov 20, 2026) to 55%."),
        ("2026-11-20", "55", "The progress falls from 60% (Nov 20, 2026) to 55%."),
        ("2026-11-15", "30", "The progress falls from 40% (Nov 10, 2026) to 30%."),
        ("2026-11-15", "70", "70% is more than the 60% that was reported later, for Nov 20, 2026."),
        ("2026-11-15", "50", ""),
        ("2026-11-21", "60", ""),
    ):
        response = browser(engineer).post(url, REPORT | {"date": day, "percentage_complete": share})
        assert response.status_code == (422 if text else 302)
        assert text in response.content.decode()


def test_a_correction_is_asked_back_about_what_it_changes_only(browser, head, project):
    cost = ProjectCost.objects.create(project=project, date="1990-01-01", cost_type="labor", amount=5_000_000)
    url = reverse("cost_edit", args=[project.pk, cost.pk])
    stored = {"date": "1990-01-01", "cost_type": "labor", "amount": "5000000", "reason": "Other words"}
    assert browser(head).post(url, stored | {"description": "Sand"}).status_code == 302
    assert browser(head).post(url, stored | {"description": "Sand", "amount": "4000000"}).status_code == 302  # less
    response = browser(head).post(url, stored | {"amount": "6000000"})
    assert "₱6,000,000.00 of the budget of ₱1,000,000.00" in response.content.decode()
    assert "years ago" not in response.content.decode()
    assert "Other words" in response.content.decode()
    assert browser(head).post(url, as_shown(response)).status_code == 302


def test_void_reports_are_not_compared_with(browser, engineer, project):
    ProjectProgress.objects.create(project=project, date="2026-11-18", percentage_complete=90).void("Another project's")
    ProjectCost.objects.create(project=project, cost_type="labor", amount=1_200_000).void("Twice")
    assert browser(engineer).post(reverse("progress_add", args=[project.pk]), REPORT).status_code == 302
    assert browser(engineer).post(reverse("cost_add", args=[project.pk]), COST).status_code == 302


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ({"project_cost": "9,999,999,999,999"}, "The budget is ₱9,999,999,999,999.00."),
        ({"project_cost": "5"}, "less than what is spent already, ₱700.00"),
        ({"start_date": "1900-01-01"}, "The project&#x27;s start, Jan 1, 1900, is more than 10 years ago."),
        ({"end_date": "2226-01-01"}, "The project&#x27;s end, Jan 1, 2226, is more than 10 years ahead."),
    ],
)
def test_a_project_is_asked_back_about_too(typed, text, browser, head, project):
    ProjectCost.objects.create(project=project, cost_type="labor", amount=700)
    url = reverse("project_edit", args=[project.pk])
    data = {"name": "Pier", "barangay": "Apokon", "status": "planned", "project_cost": "1000000"} | typed
    response = browser(head).post(url, data)
    assert response.status_code == 422
    assert text in response.content.decode()
    assert browser(head).post(url, as_shown(response)).status_code == 302
    assert browser(head).post(url, data).status_code == 302  # it is stored like that


# --- the chosen file ------------------------------------------------------------------------------------------------


def kept():
    return default_storage.listdir(kept_files.FOLDER)[1] if default_storage.exists(kept_files.FOLDER) else []


def test_the_chosen_file_is_kept_and_its_name_with_it(browser, engineer, project):
    change(project, status="cancelled")
    url = reverse("document_add", args=[project.pk])
    before = set(kept())
    response = browser(engineer).post(url, {"name": "", "file": pdf()})
    assert "Keep Program of works.pdf, which was chosen already" in response.content.decode()
    assert len(set(kept()) - before) == 1
    assert browser(engineer).post(url, as_shown(response) | {"name": ""}).status_code == 302
    document = ProjectDocument.objects.get()
    assert document.name == "Program of works.pdf"
    with document.file.open("rb") as file:
        assert file.read() == b"%PDF-1.4 the plan"
    assert set(kept()) == before  # moved, not copied


def test_a_kept_file_can_be_left_out_or_replaced(browser, engineer, project):
    url = reverse("cost_add", args=[project.pk])
    typed = COST | {"amount": "", "receipt": pdf()}
    shown = as_shown(browser(engineer).post(url, typed))
    files = set(kept())
    response = browser(engineer).post(url, shown)  # wrong again: it is kept all the same, and once
    assert set(kept()) == files
    again = as_shown(response)["kept_receipt"]  # a token also says when it was signed
    assert (
        kept_files.kept_file(again).name == kept_files.kept_file(shown["kept_receipt"]).name == "Program of works.pdf"
    )
    data = shown | {"amount": "5"}
    del data["kept_receipt"]
    assert browser(engineer).post(url, data).status_code == 302
    assert not ProjectCost.objects.get().receipt
    data = shown | {"amount": "6", "receipt": SimpleUploadedFile("other.txt", b"Another")}
    assert browser(engineer).post(url, data).status_code == 302
    assert ProjectCost.objects.get(amount=6).receipt.name.endswith(".txt")


def test_a_file_that_is_refused_is_not_kept(browser, engineer, project):
    before = set(kept())
    for file in (SimpleUploadedFile("page.html", b"<p>"), SimpleUploadedFile("plan.pdf", b"no pdf")):
        browser(engineer).post(reverse("document_add", args=[project.pk]), {"name": "", "file": file})
    assert set(kept()) == before


@pytest.mark.parametrize("token", ["", "x", "eyJ:1:x", "../../etc/passwd"])
def test_only_what_was_kept_is_taken(token, browser, engineer, project):
    data = {"name": "Plan", "kept_file": token}
    assert browser(engineer).post(reverse("document_add", args=[project.pk]), data).status_code == 422


def test_what_nobody_came_back_for_is_removed_after_a_day(browser, engineer, project, monkeypatch):
    url = reverse("cost_add", args=[project.pk])
    typed = COST | {"amount": ""}
    token = as_shown(browser(engineer).post(url, typed | {"receipt": pdf()}))["kept_receipt"]
    later = timezone.now() + timedelta(hours=25)
    monkeypatch.setattr(kept_files.timezone, "now", lambda: later)
    browser(engineer).post(url, typed | {"receipt": pdf()})
    assert kept_files.kept_file(token) is None
    assert len(kept()) == 1


def test_the_amounts_that_are_asked_back_are_exact(browser, engineer, project):
    ProjectCost.objects.create(project=project, cost_type="labor", amount=Decimal("1199999.99"))
    url = reverse("cost_add", args=[project.pk])
    assert browser(engineer).post(url, COST | {"amount": "0.01"}).status_code == 302
    assert browser(engineer).post(url, COST | {"amount": "0.01"}).status_code == 422
