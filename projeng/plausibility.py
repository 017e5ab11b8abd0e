"""What is possible but unlikely, and asked back before it is stored: dates, amounts and shares that look like slips.

Each function returns doubts about a row that is valid but not stored yet. ``fields`` are what a doubt is about: of a
stored row, only what is changed is asked about.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import chain

from django.db.models import Q
from django.utils import timezone

from .budget import Budget
from .consistency import contradiction
from .formats import day, percent, pesos
from .models import Project, ProjectCost, ProjectDocument, ProjectMilestone, ProjectPart, ProjectProgress, Status

FAR_OVER_BUDGET = 120  # percent of the budget
LARGE_COST = Decimal(100_000_000)  # pesos, of a project without a budget
LARGE_BUDGET = Decimal(1_000_000_000)  # pesos; the whole office has less
LONG_AGO = 2  # years, of what is reported on a project whose start is not set
FAR_AHEAD = 5  # years, of a milestone of a project whose end is not set
CENTURY_SLIP = 10  # years from today, of a project's own dates


@dataclass(frozen=True)
class Doubt:
    """A sentence that is asked back, and the fields that it is about."""

    text: str
    fields: tuple[str, ...]


def doubts_about(row: Project | ProjectPart) -> list[Doubt]:
    """Return the doubts about a project or a part of one."""
    match row:
        case Project():
            found = _about_project(row)
        case ProjectCost():
            found = chain(_about_status(row, "amount", "date"), _about_cost(row), _about_day(row, "date"))
        case ProjectProgress():
            found = chain(_about_progress(row), _about_day(row, "date"))
        case ProjectMilestone():
            found = chain(_about_status(row, "name", "target_date"), _about_milestone(row))
        case ProjectDocument():
            found = _about_document(row)
    return list(found)


def _about_project(project: Project) -> Iterator[Doubt]:
    cost = project.project_cost
    if cost is not None and cost > LARGE_BUDGET:
        yield Doubt(f"The budget is {pesos(cost)}.", ("project_cost",))
    if cost is not None and project.pk and (spent := project.spent) > cost:
        yield Doubt(
            f"The budget of {pesos(cost)} is less than what is spent already, {pesos(spent)}.", ("project_cost",)
        )
    for name, label in (("start_date", "start"), ("end_date", "end")):
        value = getattr(project, name)
        if value and (far := _far(value, CENTURY_SLIP, CENTURY_SLIP)):
            yield Doubt(f"The project's {label}, {day(value)}, is {far}.", (name,))


def _about_status(part: ProjectPart, *fields: str) -> Iterator[Doubt]:
    if part.project.status in {Status.COMPLETED, Status.CANCELLED}:
        yield Doubt(f"The project is {part.project.get_status_display().lower()}.", fields)


def _about_cost(cost: ProjectCost) -> Iterator[Doubt]:
    project = cost.project
    before = ProjectCost.objects.not_voided().filter(pk=cost.pk).first() if cost.pk else None
    counted = before.amount if before else Decimal(0)
    others = (project.spent if project.pk else Decimal(0)) - counted
    budget = Budget(others + cost.amount, project.project_cost)
    if budget.percent is None:
        if cost.amount > LARGE_COST:
            yield Doubt(f"The cost is {pesos(cost.amount)}, and the project has no budget.", ("amount",))
    elif cost.amount > counted and budget.percent > FAR_OVER_BUDGET:
        spent = f"{pesos(budget.spent)} of the budget of {pesos(budget.total)}"
        yield Doubt(f"With this cost of {pesos(cost.amount)}, {spent} is spent.", ("amount",))


def _about_progress(report: ProjectProgress) -> Iterator[Doubt]:
    if report.project.pk is None:  # the first report of a project that is stored with it
        return
    others = report.project.progress_updates.not_voided().exclude(pk=report.pk)
    # Of reports of one day, the one that was entered last is the newest.
    same_day = Q(date=report.date)
    earlier = Q(date__lt=report.date) | (same_day & Q(pk__lt=report.pk) if report.pk else same_day)
    before = others.filter(earlier).order_by("-date", "-pk").first()
    after = others.exclude(earlier).order_by("date", "pk").first()
    share = percent(report.percentage_complete)
    fields = ("percentage_complete", "date")
    if not contradiction(report.project.status, report.percentage_complete) or report.newer:
        yield from _about_status(report, *fields)  # else the form asks about the contradiction
    if before and before.percentage_complete > report.percentage_complete:
        yield Doubt(
            f"The progress falls from {percent(before.percentage_complete)} ({day(before.date)}) to {share}.", fields
        )
    if after and after.percentage_complete < report.percentage_complete:
        yield Doubt(
            f"{share} is more than the {percent(after.percentage_complete)} that was reported later, for "
            f"{day(after.date)}.",
            fields,
        )


def _about_milestone(milestone: ProjectMilestone) -> Iterator[Doubt]:
    end = milestone.project.end_date
    target = milestone.target_date
    yield from _about_day(milestone, "target_date")
    if milestone.completion_date:
        yield from _about_day(milestone, "completion_date")
    if end is not None and target > end:
        yield Doubt(f"{day(target)} is after the project's end, {day(end)}.", ("target_date",))
    elif end is None and (far := _far(target, ahead=FAR_AHEAD)):
        yield Doubt(f"{day(target)} is {far}.", ("target_date",))


def _about_document(document: ProjectDocument) -> Iterator[Doubt]:
    if document.project.status == Status.CANCELLED:
        yield from _about_status(document, "name", "file")


def _about_day(part: ProjectPart, name: str) -> Iterator[Doubt]:
    value, start = getattr(part, name), part.project.start_date
    if start is not None and value < start:
        yield Doubt(f"{day(value)} is before the project's start, {day(start)}.", (name,))
    elif start is None and (far := _far(value, ago=LONG_AGO)):
        yield Doubt(f"{day(value)} is {far}.", (name,))


def _far(value: date, ago: int | None = None, ahead: int | None = None) -> str:
    """Say how far a day is from today if it is further than so many years ago or ahead; else return nothing."""
    years = (value - timezone.localdate()) / timedelta(days=365.25)
    if ago is not None and years < -ago:
        return f"more than {ago} years ago"
    if ahead is not None and years > ahead:
        return f"more than {ahead} years ahead"
    return ""
