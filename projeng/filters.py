"""Search, filters and sorting of the project list."""

from decimal import Decimal
from typing import Any

import django_filters as filters
from django import forms
from django.db.models import DecimalField, F, FloatField, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Cast, Coalesce, NullIf, Round

from .barangays import BARANGAYS
from .budget import LEVELS, URGENT_ABOVE
from .keys import plain, prn_key
from .models import Project, ProjectCost, Status

PESOS = DecimalField(max_digits=20, decimal_places=2)

SORTS = {
    "updated": ("Recently updated", F("updated_at").desc()),
    "name": ("Name", F("name").asc()),
    "progress": ("Most progress", F("progress").desc()),
    "cost": ("Largest budget", F("project_cost").desc(nulls_last=True)),
    "spent": ("Largest share spent", F("spent_share").desc(nulls_last=True)),
    "end": ("Earliest end", F("end_date").asc(nulls_last=True)),
}
ANY_LEVEL = "any"
LEVEL_CHOICES = (
    (ANY_LEVEL, "80% or more spent"),
    ("WARNING", "Warning: 80% or more"),
    ("CRITICAL", "Critical: 95% or more"),
    ("URGENT", "Urgent: over 100%"),
)


def with_spent_total(projects: QuerySet[Project]) -> QuerySet[Project]:
    """Annotate projects with ``spent_total`` (pesos)."""
    sums = (
        ProjectCost.objects.not_voided()
        .filter(project=OuterRef("pk"))
        .order_by()
        .values("project")
        .annotate(sum=Sum("amount"))
    )
    return projects.annotate(spent_total=Coalesce(Subquery(sums.values("sum")), Decimal(0), output_field=PESOS))


def with_spent(projects: QuerySet[Project]) -> QuerySet[Project]:
    """Annotate projects with ``spent_total`` (pesos) and ``spent_share`` (of the budget; for sorting only)."""
    share = Cast(F("spent_total"), FloatField()) / NullIf(Cast(F("project_cost"), FloatField()), 0.0)
    return with_spent_total(projects).annotate(spent_share=share)


def at_level(projects: QuerySet[Project], level: str) -> QuerySet[Project]:
    """Return the projects (annotated by ``with_spent``) at a level of ``budget.Budget.level``, or at any level."""
    # Products are compared, not shares: they are exact, and rounded on a database that uses floating point.
    projects = projects.alias(spent_x100=Round(F("spent_total") * 100, 2, output_field=PESOS))
    exceeded = Q(spent_x100__gt=_budget_times(URGENT_ABOVE))
    budgeted = projects.filter(project_cost__gt=0)
    if level == ANY_LEVEL:
        return budgeted.filter(spent_x100__gte=_budget_times(min(least for least, _ in LEVELS)))
    if level == "URGENT":
        return budgeted.filter(exceeded)
    above = ~exceeded
    for least, name in LEVELS:
        reached = Q(spent_x100__gte=_budget_times(least))
        if name == level:
            return budgeted.filter(above & reached)
        above &= ~reached
    return projects.none()


def _budget_times(percent: Decimal) -> Round:
    return Round(F("project_cost") * int(percent), 2, output_field=PESOS)


class ProjectFilter(filters.FilterSet):
    """The filters of the project list. ``queryset``: the visible projects, annotated by ``with_spent``."""

    q = filters.CharFilter(
        label="Search",
        method="search",
        max_length=200,
        widget=forms.SearchInput(attrs={"placeholder": "Name, PRN or barangay"}),
    )
    status = filters.ChoiceFilter(choices=Status.choices, empty_label="Any")
    barangay = filters.ChoiceFilter(choices=[(name, name) for name in BARANGAYS], empty_label="Any")
    source_of_funds = filters.ChoiceFilter(label="Source of funds", empty_label="Any")
    level = filters.ChoiceFilter(label="Budget", method="filter_level", choices=LEVEL_CHOICES, empty_label="Any")
    sort = filters.ChoiceFilter(
        label="Sort by",
        method="order",
        choices=[(key, label) for key, (label, _) in SORTS.items()],
        empty_label=None,
        initial="updated",
    )

    class Meta:
        model = Project
        fields = ("q", "status", "barangay", "source_of_funds", "level", "sort")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        funds = self.queryset.order_by("source_of_funds").values_list("source_of_funds", flat=True).distinct()
        self.filters["source_of_funds"].extra["choices"] = [(name, name) for name in funds if name]

    def search(self, projects: QuerySet[Project], name: str, value: str) -> QuerySet[Project]:
        """Return projects with every word of ``value`` in the name, the PRN or the barangay."""
        for word in [word for word in value.split() if plain(word)][:10]:
            in_key = Q(prn__icontains=prn_key(word)) | Q(barangay__icontains=plain(word))
            projects = projects.filter(Q(name__icontains=word) | Q(name__icontains=plain(word)) | in_key)
        return projects

    def filter_level(self, projects: QuerySet[Project], name: str, value: str) -> QuerySet[Project]:
        """Return projects at a level of the budget check."""
        return at_level(projects, value)

    def order(self, projects: QuerySet[Project], name: str, value: str) -> QuerySet[Project]:
        """Sort projects, and those of equal value by id, newest first, so that pages never overlap."""
        return projects.order_by(SORTS[value][1], "-pk")
