"""What is spent of many budgets at once: one pass over the costs, where a sum for each project would cost much more."""

from decimal import Decimal
from typing import NamedTuple

from django.db.models import BigIntegerField, Count, F, FloatField, Q, QuerySet, Sum
from django.db.models.functions import Cast, Coalesce, Round

from .budget import LEVELS, URGENT_ABOVE, Budget
from .filters import ANY_LEVEL, PESOS, at_level, with_spent
from .models import Project, ProjectCost

URGENT = "URGENT"


class Spending(NamedTuple):
    """The budgets of all projects together, what was spent on projects without one, and the projects at each level.

    ``budgeted``: how many projects have a budget.
    """

    budget: Budget
    unbudgeted_spent: Decimal | None
    levels: dict[str, int]
    budgeted: int


def most_spent(projects: QuerySet[Project], most: int) -> QuerySet[Project]:
    """Return the projects with the largest shares of their budgets spent, annotated by ``with_spent``."""
    share = Cast(F("spent_total"), FloatField()) / Cast(F("project_cost"), FloatField())
    summed = _summed(projects).annotate(share=share).order_by(F("share").desc(), "-pk")
    found = [pk for pk, *_ in summed.values_list("pk", "share")[:most]]
    return with_spent(Project.objects.filter(pk__in=found)).order_by(F("spent_share").desc(), "-pk")


def alarming(projects: QuerySet[Project], most: int) -> QuerySet[Project]:
    """Return the same of those projects that are at a level of the budget check."""
    return at_level(most_spent(projects, most), ANY_LEVEL)


def spending(projects: QuerySet[Project]) -> Spending:
    """Sum up the budgets and the costs of these projects."""
    # Whole centavos and their products are exact on every database.
    cents = {name: Cast(Round(F(of) * 100), BigIntegerField()) for name, of in
             (("spent_cents", "spent_total"), ("budget_cents", "project_cost"))}  # fmt: skip
    steps = {name: Q(spent_x100__gte=F("budget_cents") * int(least)) for least, name in LEVELS}
    steps[URGENT] = Q(spent_x100__gt=F("budget_cents") * int(URGENT_ABOVE))
    reached = {name: Count("pk", filter=condition) for name, condition in steps.items()}
    summed = _summed(projects).annotate(**cents).annotate(spent_x100=F("spent_cents") * 100)
    found = summed.aggregate(spent=Sum("spent_total"), total=Sum("project_cost"), budgeted=Count("pk"), **reached)
    unbudgeted = projects.exclude(project_cost__gt=0).order_by().values("pk")
    return Spending(
        Budget(spent=found["spent"] or Decimal(0), total=found["total"]),
        ProjectCost.objects.not_voided().filter(project__in=unbudgeted).aggregate(sum=Sum("amount"))["sum"],
        {
            "WARNING": found["WARNING"] - found["CRITICAL"],
            "CRITICAL": found["CRITICAL"] - found[URGENT],
            URGENT: found[URGENT],
        },
        found["budgeted"],
    )


def _summed(projects: QuerySet[Project]) -> QuerySet:
    """The projects with a budget, each with ``spent_total``, summed up by one join."""
    spent = Coalesce(Sum("costs__amount", filter=Q(costs__voided_at=None)), Decimal(0), output_field=PESOS)
    return projects.filter(project_cost__gt=0).order_by().values("pk", "project_cost").annotate(spent_total=spent)
