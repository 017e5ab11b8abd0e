"""The dashboards, the list of projects and the page of one: what they show, and how often they ask the database."""

import re
from decimal import Decimal

import pytest
from django.urls import reverse

from projeng.budget import Budget
from projeng.filters import ANY_LEVEL, at_level, with_spent
from projeng.formats import pesos
from projeng.models import Project, ProjectActivity, ProjectCost, ProjectDocument, ProjectMilestone, ProjectProgress

pytestmark = pytest.mark.django_db


def make(count, engineer=None, **fields):
    projects = []
    for number in range(count):
        values = {"name": f"Road {number:03}", "barangay": "Apokon", "project_cost": Decimal(1000), **fields}
        project = Project.objects.create(**values)
        if engineer:
            project.assigned_engineers.add(engineer)
        projects.append(project)
    return projects


def listed(response):
    return [int(pk) for pk in re.findall(r'<tr[^>]*data-project-id="(\d+)"', response.content.decode())]


# --- dashboards ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "name"),
    [("head", "dashboard"), ("finance", "finance_dashboard"), ("engineer", "engineer_dashboard")],
)
def test_counters(who, name, request, browser, engineer):
    for status, count in {"planned": 1, "in_progress": 2, "completed": 3, "delayed": 4, "cancelled": 1}.items():
        make(count, engineer, status=status)
    html = browser(request.getfixturevalue(who)).get(reverse(name)).content.decode()
    shown = dict(re.findall(r'id="(total-projects|status-\w+)"[^>]*>(\d+)<', html))
    assert shown == {
        "total-projects": "11",
        "status-planned": "1",
        "status-in_progress": "2",
        "status-completed": "3",
        "status-delayed": "4",
        "status-cancelled": "1",
    }


def test_an_engineer_is_shown_nothing_of_others(browser, other_engineer, project):
    ProjectProgress.objects.create(project=project, percentage_complete=Decimal(5))
    html = browser(other_engineer).get(reverse("engineer_dashboard")).content.decode()
    assert "Covered court" not in html
    assert "data-activity-id" not in html
    assert re.search(r'id="total-projects"[^>]*>0<', html)


def test_finance_shows_sums_levels_and_latest_costs(browser, finance, project):
    ProjectCost.objects.create(project=project, cost_type="labor", amount=Decimal("960000.50"), created_by=finance)
    unbudgeted = Project.objects.create(name="No budget", barangay="Apokon")
    ProjectCost.objects.create(project=unbudgeted, cost_type="other", amount=Decimal(77))
    html = browser(finance).get(reverse("finance_dashboard")).content.decode()
    assert f'id="total-budget">{pesos(Decimal(1_000_000))}<' in html
    assert f'id="total-spent">{pesos(Decimal("960000.50"))}<' in html
    assert pesos(Decimal(77)) in html
    assert 'data-level="CRITICAL"' in html
    assert "Jose Ramirez" in html


def test_dashboards_of_an_office_that_has_nothing_yet(browser, head):
    for name in ("dashboard", "finance_dashboard", "engineer_dashboard", "project_list"):
        assert browser(head).get(reverse(name)).status_code == 200


@pytest.mark.parametrize(
    ("who", "name"),
    [
        ("head", "dashboard"),
        ("finance", "finance_dashboard"),
        ("engineer", "engineer_dashboard"),
        ("engineer", "project_list"),
    ],
)
def test_the_number_of_queries_does_not_grow_with_the_projects(
    who, name, request, browser, engineer, head, django_assert_max_num_queries
):
    for project in make(30, engineer):
        ProjectCost.objects.create(project=project, cost_type="labor", amount=Decimal(900), created_by=head)
        ProjectMilestone.objects.create(project=project, name="Roof", target_date="2026-12-01")
    client = browser(request.getfixturevalue(who))
    with django_assert_max_num_queries(24):
        client.get(reverse(name))


# --- the list -------------------------------------------------------------------------------------------------------


def test_25_a_page_and_none_twice(browser, head):
    projects = make(60)
    client = browser(head)
    pages = [listed(client.get(reverse("project_list"), {"page": page, "sort": "progress"})) for page in (1, 2, 3)]
    assert [len(page) for page in pages] == [25, 25, 10]
    assert sorted(pk for page in pages for pk in page) == sorted(project.pk for project in projects)


@pytest.mark.parametrize("page", ["0", "-1", "x", "999999", ""])
def test_a_page_that_is_not_there_shows_one_that_is(page, browser, head):
    make(30)
    assert listed(browser(head).get(reverse("project_list"), {"page": page}))


def test_paging_keeps_the_filter(browser, head):
    make(30, status="delayed")
    html = browser(head).get(reverse("project_list"), {"status": "delayed", "q": "road"}).content.decode()
    assert 'href="?status=delayed&amp;q=road&amp;page=2"' in html


@pytest.mark.parametrize("words", ["covered", "COURT covered", "prn-ab", "apok", "court apokon"])
def test_search_finds_name_prn_and_barangay(words, browser, head):
    make(3, barangay="Madaum")
    wanted = Project.objects.create(name="Covered court", prn="PRN-AB", barangay="Apokon")
    assert listed(browser(head).get(reverse("project_list"), {"q": words})) == [wanted.pk]


@pytest.mark.parametrize(
    "narrow", [{"status": "delayed"}, {"barangay": "Madaum"}, {"source_of_funds": "Tourism"}, {"level": "URGENT"}]
)
def test_filters(narrow, browser, head):
    make(2)
    wanted = Project.objects.create(
        name="Pier", barangay="Madaum", status="delayed", source_of_funds="Tourism", project_cost=Decimal(100)
    )
    ProjectCost.objects.create(project=wanted, cost_type="labor", amount=Decimal(101))
    assert listed(browser(head).get(reverse("project_list"), narrow)) == [wanted.pk]


def test_a_filter_that_makes_no_sense_is_ignored_and_said(browser, head):
    make(2)
    response = browser(head).get(reverse("project_list"), {"status": "burning", "sort": "nothing"})
    assert len(listed(response)) == 2
    assert 'id="id_status_error"' in response.content.decode()


def test_sources_of_funds_of_others_are_not_offered(browser, other_engineer, project):
    project.source_of_funds = "Secret fund"
    project.save()
    assert "Secret fund" not in browser(other_engineer).get(reverse("project_list")).content.decode()


@pytest.mark.parametrize("sort", ["updated", "name", "progress", "cost", "spent", "end"])
def test_sorting(sort, browser, head):
    low = Project.objects.create(name="B", barangay="Apokon", project_cost=None)
    high = Project.objects.create(
        name="A", barangay="Apokon", project_cost=Decimal(100), end_date="2026-12-01", progress=50
    )
    ProjectCost.objects.create(project=high, cost_type="labor", amount=Decimal(1))
    assert listed(browser(head).get(reverse("project_list"), {"sort": sort})) == [high.pk, low.pk]


@pytest.mark.parametrize("cost", ["100", "1000000.10", "33333.33", "7", "45000000"])
@pytest.mark.parametrize("share", ["79.99", "80", "94.99", "95", "100", "100.01", "0"])
def test_the_level_filter_agrees_with_the_budget_check(cost, share):
    cost = Decimal(cost)
    amount = (cost * Decimal(share) / 100).quantize(Decimal("0.01"))
    project = Project.objects.create(name="Road", barangay="Apokon", project_cost=cost)
    if amount:
        half = (amount / 2).quantize(Decimal("0.01"))
        for part in (half, amount - half):
            ProjectCost.objects.create(project=project, cost_type="labor", amount=part)
    level = Budget(amount, cost).level
    for name in ("WARNING", "CRITICAL", "URGENT"):
        assert at_level(with_spent(Project.objects.all()), name).exists() == (name == level)
    assert at_level(with_spent(Project.objects.all()), ANY_LEVEL).exists() == bool(level)
    assert with_spent(Project.objects.all()).get().spent_total == amount


def test_sums_are_not_multiplied_for_projects_with_several_engineers(engineer, other_engineer, project):
    project.assigned_engineers.add(other_engineer)
    for amount in (100, 200):
        ProjectCost.objects.create(project=project, cost_type="labor", amount=Decimal(amount))
    shown = with_spent(Project.objects.filter(assigned_engineers__in=[engineer, other_engineer]))
    assert {row.spent_total for row in shown} == {Decimal(300)}


def test_a_row_has_what_live_scripts_change(browser, head, project):
    project.progress = Decimal("45.50")
    project.save()
    html = browser(head).get(reverse("project_list")).content.decode()
    row = html[html.index(f'data-project-id="{project.pk}"') :]
    row = row[: row.index("</tr>")]
    assert f'class="project-name" href="{reverse("project_detail", args=[project.pk])}"' in row
    assert 'class="status-badge" data-status="planned"' in row
    assert re.search(r'<progress class="progress-bar" max="100" value="45.5"', row)
    assert '<span class="progress-text">45.5%</span>' in row
    assert '<span class="project-barangay">Apokon</span>' in row


# --- one project ----------------------------------------------------------------------------------------------------


def test_the_project_page_shows_everything_of_it(browser, engineer, project):
    ProjectProgress.objects.create(project=project, percentage_complete="12.5", description="Posts set")
    ProjectCost.objects.create(project=project, cost_type="permit&licenses", amount="850000", description="Permit no 9")
    ProjectMilestone.objects.create(project=project, name="Roof is on", target_date="2027-01-31")
    ProjectDocument.objects.create(project=project, name="Plan <1>", file="projectdocument/x.pdf")
    html = browser(engineer).get(reverse("project_detail", args=[project.pk])).content.decode()
    for text in ("12.5%", "Posts set", "₱850,000.00", "Permit &amp; licenses", "Permit no 9", "Roof is on",
                 "Jan 31, 2027", "Plan &lt;1&gt;", "₱150,000.00 remains", "Ana Reyes", "Warning"):  # fmt: skip
        assert text in html
    for region in ("header", "actions", "facts", "budget", "costs", "progress-reports", "milestones", "documents",
                   "engineers", "timeline"):  # fmt: skip
        assert f'data-region="{region}"' in html
    header = html[html.index('<header class="project-header"') : html.index("</header>", html.index("project-header"))]
    assert f'data-project-id="{project.pk}"' in header
    for name in ("project-name", "status-badge", "progress-bar", "progress-text", "project-barangay", "project-spent",
                 "project-spent-percent"):  # fmt: skip
        assert name in header


def test_an_overspent_project_says_by_how_much(browser, head, project):
    ProjectCost.objects.create(project=project, cost_type="labor", amount="1000000.25")
    html = browser(head).get(reverse("project_detail", args=[project.pk])).content.decode()
    assert "too much by ₱0.25" in html


def test_the_timeline_shows_the_newest_fifty(browser, head, project):
    ProjectActivity.objects.bulk_create(
        ProjectActivity(project=project, actor="x", summary=f"change {number}") for number in range(60)
    )
    html = browser(head).get(reverse("project_detail", args=[project.pk])).content.decode()
    timeline = html[html.index('<ol id="timeline"') :]
    assert re.findall(r"change (\d+)<", timeline) == [str(number) for number in range(59, 9, -1)]


def test_long_lists_are_cut_and_can_be_seen_in_full(browser, head, project):
    for number in range(53):
        ProjectCost.objects.create(project=project, cost_type="labor", amount=Decimal(1 + number))
    client, url = browser(head), reverse("project_detail", args=[project.pk])
    html = client.get(url).content.decode()
    assert html.count("data-cost-id") == 50
    assert "The first 50 of 53" in html
    html = client.get(url, {"show": "all"}).content.decode()
    assert html.count("data-cost-id") == 53
    assert "The first" not in html


def test_the_project_page_asks_the_database_a_bounded_number_of_times(
    browser, engineer, head, project, django_assert_max_num_queries
):
    for _ in range(12):
        ProjectCost.objects.create(project=project, cost_type="labor", amount=Decimal(1), created_by=head)
        ProjectProgress.objects.create(project=project, percentage_complete=Decimal(1), created_by=engineer)
        ProjectMilestone.objects.create(project=project, name="Roof", target_date="2026-12-01")
        ProjectDocument.objects.create(project=project, name="Plan", file="x.pdf", uploaded_by=engineer)
    client = browser(engineer)
    with django_assert_max_num_queries(24):
        client.get(reverse("project_detail", args=[project.pk]))
