"""Counters add up, and a status that contradicts the progress is not taken without a word."""

import re

import pytest
from django.urls import reverse

from projeng.models import Project, ProjectCost, ProjectProgress

pytestmark = pytest.mark.django_db

FACTS = {"name": "River park", "barangay": "Madaum"}


@pytest.mark.parametrize(
    ("status", "progress", "asked"),
    [
        ("completed", 5, "Completed at 5%: sure?"),
        ("completed", 97.5, "Completed at 97.5%: sure?"),
        ("planned", 40, "Planned at 40%: sure?"),
        ("delayed", 100, "Delayed at 100%: sure?"),
    ],
)
def test_a_status_that_contradicts_the_progress_is_asked_back_once(status, progress, asked, browser, head):
    before = "in_progress" if status != "delayed" else "planned"
    project = Project.objects.create(**FACTS, status=before, progress=progress)
    client, url = browser(head), reverse("project_edit", args=[project.pk])
    response = client.post(url, FACTS | {"status": status})
    html = response.content.decode()
    assert response.status_code == 422
    assert asked in html
    [box] = re.findall(r'<input type="checkbox" name="sure" value="(\w+)"', html)
    other = client.post(url, FACTS | {"status": status, "sure": "something else"})
    assert other.status_code == 422
    assert client.post(url, FACTS | {"status": status, "sure": box}).status_code == 302
    project.refresh_from_db()
    assert project.status == status
    # From now on it is as the office wants it: other changes ask nothing.
    assert client.post(url, FACTS | {"status": status, "description": "New"}).status_code == 302


@pytest.mark.parametrize(
    ("status", "progress"),
    [("completed", 98), ("completed", 100), ("planned", 0), ("cancelled", 55), ("in_progress", 0), ("delayed", 99)],
)
def test_a_status_that_goes_with_the_progress_is_taken(status, progress, browser, head):
    before = "planned" if status != "planned" else "delayed"
    project = Project.objects.create(**FACTS, status=before, progress=progress)
    url = reverse("project_edit", args=[project.pk])
    assert browser(head).post(url, FACTS | {"status": status}).status_code == 302


def test_the_rule_is_explained_at_the_field(browser, head, project):
    html = browser(head).get(reverse("project_edit", args=[project.pk])).content.decode()
    assert "Completed: at least 98%" in re.search(r'id="id_status_helptext">([^<]*)<', html).group(1)


def test_a_new_project_that_is_completed_at_once_is_asked_back(browser, head):
    response = browser(head).post(reverse("project_create"), FACTS | {"status": "completed"})
    assert "Completed at 0%: sure?" in response.content.decode()
    assert not Project.objects.exists()


# --- reports ----------------------------------------------------------------------------------------------------------


def report(client, project, share, date="2026-11-20", **more):
    data = {"date": date, "percentage_complete": share, **more}
    return client.post(reverse("progress_add", args=[project.pk]), data, follow=True)


def test_a_backdated_report_says_what_it_does_not_change(browser, engineer, head, project):
    client = browser(engineer)
    ProjectProgress.objects.create(project=project, percentage_complete=60, date="2026-11-20")
    page = client.get(reverse("progress_add", args=[project.pk])).content.decode()
    assert "older than that of Nov 20, 2026 (60%)" in page
    html = report(client, project, "20", "2026-11-01").content.decode()
    assert "progress stays at 60%: there is a newer report, of Nov 20, 2026" in html
    project.refresh_from_db()
    assert project.progress == 60
    told = head.notifications.first().message
    assert told.endswith("updated to 20% by Ana Reyes (report of Nov 1, 2026; the progress stays at 60%)")
    # One of the same day counts, as the later one.
    assert "there is a newer report" not in report(client, project, "70", "2026-11-20").content.decode()
    project.refresh_from_db()
    assert project.progress == 70


def test_a_report_that_contradicts_completed_is_asked_back(browser, engineer, project):
    Project.objects.filter(pk=project.pk).update(status="completed", progress=100)
    response = report(browser(engineer), project, "5")
    html = response.content.decode()
    assert response.status_code == 422
    assert "Completed at 5%: sure?" in html
    [box] = re.findall(r'<input type="checkbox" name="sure" value="(\w+)"', html)
    assert not ProjectProgress.objects.exists()
    assert report(browser(engineer), project, "5", sure=box).status_code == 200
    assert ProjectProgress.objects.count() == 1


@pytest.mark.parametrize(
    ("status", "share", "said"),
    [
        ("planned", "40", "Planned at 40%. A project that is under way is usually “In progress”."),
        ("in_progress", "100", "In progress at 100%. A project that is done is usually “Completed”."),
        ("in_progress", "40", None),
        ("cancelled", "40", None),
    ],
)
def test_a_report_suggests_a_status_that_goes_with_it(status, share, said, browser, engineer, project):
    Project.objects.filter(pk=project.pk).update(status=status)
    html = report(browser(engineer), project, share).content.decode()
    assert (said in html) if said else ("status stays as it is" not in html)


def test_the_counters_are_the_total(browser, head):
    for status in ("planned", "cancelled", "cancelled", "delayed"):
        Project.objects.create(**FACTS, status=status)
    html = browser(head).get(reverse("dashboard")).content.decode()
    shown = dict(re.findall(r'id="(total-projects|status-\w+)"[^>]*>(\d+)<', html))
    assert int(shown.pop("total-projects")) == 4 == sum(map(int, shown.values()))
    assert shown["status-cancelled"] == "2"


# --- the admin and the import -----------------------------------------------------------------------------------------


def test_the_admin_lists_what_contradicts(browser, project, django_user_model):
    client = browser(django_user_model.objects.create_superuser("root", password="x"))
    data = {"name": "Pier", "barangay": "Madaum", "status": "completed"}
    for prefix in ("progress_updates", "costs", "milestones", "documents"):
        data |= {f"{prefix}-TOTAL_FORMS": 0, f"{prefix}-INITIAL_FORMS": 0}
    page = reverse("admin:projeng_project_change", args=[project.pk])
    html = client.post(page, data, follow=True).content.decode()
    assert "is completed at 0%. A project without progress is usually “Planned”." in html
    data = {"project": project.pk, "date": "2026-11-20", "percentage_complete": "5"}
    html = client.post(reverse("admin:projeng_projectprogress_add"), data, follow=True).content.decode()
    assert "is completed at 5%." in html
    html = client.post(
        reverse("admin:projeng_projectprogress_add"), data | {"date": "2026-11-01", "confirmed": "on"}, follow=True
    ).content.decode()
    assert "stays at that of the newer report: 5" in html


def test_the_page_of_a_project_says_what_contradicts(browser, head, project):
    page = reverse("project_detail", args=[project.pk])
    client = browser(head)
    assert "at 0%</span>" not in client.get(page).content.decode()
    Project.objects.filter(pk=project.pk).update(status="completed", progress=5)
    assert '<span class="level" data-level="WARNING">Completed at 5%</span>' in client.get(page).content.decode()


def test_the_levels_of_budgets_are_the_total_together_with_the_rest(browser, finance):
    for spent, budget in ((0, 100), (79, 100), (80, 100), (95, 100), (101, 100), (5, None), (0, 0)):
        project = Project.objects.create(**FACTS, project_cost=budget)
        if spent:
            ProjectCost.objects.create(project=project, cost_type="labor", amount=spent)
    context = browser(finance).get(reverse("finance_dashboard")).context
    assert context["levels"]() == {"WARNING": 1, "CRITICAL": 1, "URGENT": 1}
    assert [context[name]() for name in ("at_no_level", "unbudgeted", "total_projects")] == [2, 2, 7]
