"""What is spent of many budgets at once is what the budget check says of each."""

from collections import Counter
from decimal import Decimal

import pytest

from projeng.budget import Budget
from projeng.models import Project, ProjectCost
from projeng.spending import alarming, most_spent, spending

pytestmark = pytest.mark.django_db
BUDGET = Decimal("1000.30")
COSTS = {
    "nothing": [],
    "little": ["0.10", "0.20"],
    "just below": ["800.23"],
    "exactly 80 %": ["500.24", "300.00"],
    "exactly 95 %": ["950.28", "0.005"],
    "exactly all": ["1000.00", "0.10", "0.20"],
    "a centavo more": ["1000.31"],
    "much more": ["5000"],
}


@pytest.fixture
def projects():
    rows = [Project.objects.create(name=name, barangay="Apokon", project_cost=BUDGET) for name in COSTS]
    unbudgeted = Project.objects.create(name="No budget", barangay="Apokon", project_cost=None)
    zero = Project.objects.create(name="Zero", barangay="Apokon", project_cost=0)
    for row in rows:
        for amount in COSTS[row.name]:
            ProjectCost.objects.create(project=row, cost_type="labor", amount=Decimal(amount).quantize(Decimal("0.01")))
    for row in (unbudgeted, zero):
        ProjectCost.objects.create(project=row, cost_type="labor", amount=3)
    return rows


def test_the_levels_and_sums_are_those_of_each_project(projects):
    found = spending(Project.objects.all())
    each = [Budget(project.spent, project.project_cost) for project in projects]
    levels = Counter(one.level for one in each)
    assert found.levels == {name: levels[name] for name in ("WARNING", "CRITICAL", "URGENT")}
    assert all(found.levels.values())
    assert found.budget == Budget(sum(one.spent for one in each), BUDGET * len(projects))
    assert found.unbudgeted_spent == 6


def test_the_most_spent_come_first_and_the_alarming_are_those_at_a_level(projects):
    share = {project: Budget(project.spent, project.project_cost).percent for project in projects}
    ordered = sorted(projects, key=lambda project: (-share[project], -project.pk))
    assert list(most_spent(Project.objects.all(), 3)) == ordered[:3]
    assert list(most_spent(Project.objects.all(), 99)) == ordered
    assert list(alarming(Project.objects.all(), 99)) == [
        project for project in ordered if Budget(project.spent, project.project_cost).level
    ]
    assert len(alarming(Project.objects.all(), 2)) == 2


def test_only_these_projects_count(projects):
    some = Project.objects.filter(name="much more")
    assert spending(some).budget == Budget(Decimal(5000), BUDGET)
    assert spending(some).unbudgeted_spent is None
    assert spending(Project.objects.none()).levels == {"WARNING": 0, "CRITICAL": 0, "URGENT": 0}
    assert [project.name for project in most_spent(some, 5)] == ["much more"]
