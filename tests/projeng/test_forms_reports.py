"""Reporting on a project through the forms: progress, costs, milestones, documents."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from projeng.models import Notification, ProjectCost, ProjectDocument, ProjectMilestone, ProjectProgress

pytestmark = pytest.mark.django_db


def pdf(name="receipt.pdf"):
    return SimpleUploadedFile(name, b"%PDF-1.4 test")


def test_reporting_progress(browser, engineer, head, project):
    data = {"date": "2026-11-19", "percentage_complete": "45.5", "description": "Posts set"}
    response = browser(engineer).post(reverse("progress_add", args=[project.pk]), data)
    assert response.url == reverse("project_detail", args=[project.pk])
    report = ProjectProgress.objects.get()
    assert (report.created_by, report.project) == (engineer, project)
    project.refresh_from_db()
    assert project.progress == Decimal("45.5")
    assert "updated to 45.5% by Ana Reyes" in Notification.objects.filter(recipient=head).first().message


def test_a_report_starts_from_the_progress_so_far(browser, engineer, project):
    ProjectProgress.objects.create(project=project, percentage_complete=Decimal(40))
    html = browser(engineer).get(reverse("progress_add", args=[project.pk])).content.decode()
    assert 'value="40.00"' in html
    assert f'value="{timezone.localdate()}"' in html


@pytest.mark.parametrize("share", ["-1", "100.01", "", "half", "NaN", "Infinity"])
def test_progress_that_cannot_be(share, browser, engineer, project):
    data = {"date": "2026-11-19", "percentage_complete": share, "description": "Kept text"}
    response = browser(engineer).post(reverse("progress_add", args=[project.pk]), data)
    assert response.status_code == 422
    html = response.content.decode()
    assert 'id="id_percentage_complete_error"' in html
    assert "Kept text" in html
    assert not ProjectProgress.objects.exists()


@pytest.mark.parametrize("name", ["progress_add", "cost_add"])
def test_what_is_reported_is_not_in_the_future(name, browser, engineer, project):
    data = {
        "date": timezone.localdate() + timedelta(1),
        "percentage_complete": "5",
        "cost_type": "labor",
        "amount": "5",
    }
    response = browser(engineer).post(reverse(name, args=[project.pk]), data)
    assert response.status_code == 422
    assert "in the future" in response.content.decode()
    assert browser(engineer).post(reverse(name, args=[project.pk]), data | {"date": timezone.localdate()}).url


@pytest.mark.parametrize("who", ["head", "finance", "engineer"])
def test_adding_a_cost_with_its_receipt(who, request, browser, project):
    person = request.getfixturevalue(who)
    data = {"date": "2026-11-19", "cost_type": "material", "amount": "1,000.50", "receipt": pdf()}
    response = browser(person).post(reverse("cost_add", args=[project.pk]), data)
    assert response.url == reverse("project_detail", args=[project.pk])
    cost = ProjectCost.objects.get()
    assert (cost.created_by, cost.amount) == (person, Decimal("1000.50"))
    assert cost.receipt.name.endswith(".pdf")


@pytest.mark.parametrize("amount", ["0", "-5", "", "1.234", "NaN", "99999999999999"])
def test_an_amount_that_cannot_be(amount, browser, finance, project):
    data = {"date": "2026-11-19", "cost_type": "material", "amount": amount}
    response = browser(finance).post(reverse("cost_add", args=[project.pk]), data)
    assert response.status_code == 422
    assert 'id="id_amount_error"' in response.content.decode()
    assert not ProjectCost.objects.exists()


@pytest.mark.parametrize("name", ["page.html", "run.exe", "picture.svg", "noending"])
@pytest.mark.parametrize(("page", "field"), [("cost_add", "receipt"), ("document_add", "file")])
def test_files_of_other_kinds_are_refused(name, page, field, browser, engineer, project):
    data = {"date": "2026-11-19", "cost_type": "material", "amount": "5", "name": "Plan", field: pdf(name)}
    response = browser(engineer).post(reverse(page, args=[project.pk]), data)
    assert response.status_code == 422
    assert f'id="id_{field}_error"' in response.content.decode()


@pytest.mark.parametrize(("page", "field"), [("cost_add", "receipt"), ("document_add", "file")])
def test_files_with_long_names_are_accepted(page, field, browser, engineer, project):
    data = {"date": "2026-11-19", "cost_type": "material", "amount": "5", field: pdf("é" * 240 + ".pdf")}
    assert browser(engineer).post(reverse(page, args=[project.pk]), data).status_code == 302


def test_a_file_that_is_too_large_is_refused(browser, engineer, project, settings):
    settings.UPLOAD_MAX_MB = 1
    big = SimpleUploadedFile("plan.pdf", b"x" * (2**20 + 1))
    response = browser(engineer).post(reverse("document_add", args=[project.pk]), {"name": "Plan", "file": big})
    assert response.status_code == 422
    assert "larger than 1 MB" in response.content.decode()


def test_adding_a_milestone_and_reaching_it(browser, engineer, project):
    client = browser(engineer)
    client.post(reverse("milestone_add", args=[project.pk]), {"name": "Roof", "target_date": "2026-12-24"})
    milestone = ProjectMilestone.objects.get()
    assert not milestone.is_completed
    url = reverse("milestone_reached", args=[project.pk, milestone.pk])
    assert client.post(url).url == reverse("project_detail", args=[project.pk])
    milestone.refresh_from_db()
    assert milestone.is_completed
    assert milestone.completion_date == timezone.localdate()


def test_reaching_a_milestone_again_keeps_the_first_day(browser, engineer, project):
    milestone = ProjectMilestone.objects.create(
        project=project, name="Roof", target_date="2026-01-01", is_completed=True, completion_date=date(2026, 1, 2)
    )
    browser(engineer).post(reverse("milestone_reached", args=[project.pk, milestone.pk]))
    milestone.refresh_from_db()
    assert milestone.completion_date == date(2026, 1, 2)


@pytest.mark.parametrize(("who", "status"), [("finance", 403), ("other_engineer", 404), ("nobody", 404)])
def test_who_may_not_report_cannot_reach_a_milestone(who, status, request, browser, project):
    milestone = ProjectMilestone.objects.create(project=project, name="Roof", target_date="2026-01-01")
    url = reverse("milestone_reached", args=[project.pk, milestone.pk])
    assert browser(request.getfixturevalue(who)).post(url).status_code == status
    milestone.refresh_from_db()
    assert not milestone.is_completed


def test_a_milestone_of_another_project_is_not_found(browser, head, engineer, project):
    own = type(project).objects.create(name="Own", barangay="Apokon")
    own.assigned_engineers.add(engineer)
    milestone = ProjectMilestone.objects.create(project=project, name="Roof", target_date="2026-01-01")
    assert browser(engineer).post(reverse("milestone_reached", args=[own.pk, milestone.pk])).status_code == 404


def test_adding_a_document(browser, engineer, project):
    browser(engineer).post(reverse("document_add", args=[project.pk]), {"name": "Plan", "file": pdf("p.PDF")})
    document = ProjectDocument.objects.get()
    assert (document.name, document.uploaded_by) == ("Plan", engineer)
    assert document.file.name.endswith(".pdf")


def test_a_document_without_a_name_takes_that_of_its_file(browser, engineer, project):
    browser(engineer).post(
        reverse("document_add", args=[project.pk]), {"name": " ", "file": pdf("Program of works.pdf")}
    )
    assert ProjectDocument.objects.get().name == "Program of works.pdf"
