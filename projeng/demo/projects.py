"""Generates plausible projects with reports, costs, milestones and a timeline, without storing them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any, NamedTuple

from django.utils import timezone

from ..actor import person_name
from ..barangays import BARANGAYS
from ..formats import percent, pesos
from ..models import CostType, Project, ProjectActivity, ProjectCost, ProjectMilestone, ProjectProgress, Status
from .people import ENGINEERS, FINANCE, HEAD

CENT = Decimal("0.01")


class Kind(NamedTuple):
    """A kind of project: its name, its range of costs (millions of pesos), its funds and the steps of its work."""

    name: str
    least: float
    most: float
    funds: tuple[str, ...]
    steps: tuple[str, ...]


_CIVIL = ("Site clearing and survey", "Sub-base and forms in place", "Half of the concrete poured", "Final inspection")
_BUILDING = ("Ground breaking", "Foundation and columns", "Roof in place", "Finishing works", "Turnover")
_LIGHTS = ("Delivery of poles and panels", "Poles erected", "Energized and tested")
KINDS = (
    Kind("Concreting of Barangay Road", 1.0, 6.5, ("20% Development Fund", "Local Development"), _CIVIL),
    Kind("Construction of Drainage Canal", 1.5, 8.0, ("20% Development Fund", "Local Government"), _CIVIL),
    Kind("Installation of Solar Street Lights", 1.0, 4.0, ("20% Development Fund", "Local Development"), _LIGHTS),
    Kind("Construction of Covered Court", 3.5, 9.0, ("Sports Development", "Local Government"), _BUILDING),
    Kind("Farm-to-Market Road", 5.0, 18.0, ("National Road", "Local Development"), _CIVIL),
    Kind("Construction of Day-Care Centre", 1.5, 4.5, ("Education", "Local Government"), _BUILDING),
)
KIND_WEIGHTS = (30, 22, 18, 12, 10, 8)  # percent, in the order of KINDS
UNIQUE_PROJECTS = (
    (Kind("Tagum City Public Market Modernization", 28, 40, ("Local Government",), _BUILDING), "Magugpo Poblacion"),
    (Kind("City Hall Renovation", 12, 22, ("Local Government",), _BUILDING), "Apokon"),
    (Kind("Tagum River Park", 9, 20, ("Tourism",), _CIVIL), "San Miguel"),
    (Kind("City Library", 10, 18, ("Education",), _BUILDING), "Magugpo West"),
    (Kind("Tagum City Sports Complex", 40, 45, ("Sports Development",), _BUILDING), "Mankilam"),
)
PLACES = ("Purok Sampaguita", "Purok Mangga", "Purok Durian", "Purok 3", "Purok 7", "Purok Pag-asa", "Sitio Centro",
          "Purok Narra", "Purok Bayanihan", "Purok 12", "Purok Kalachuchi", "Purok Maligaya")  # fmt: skip
STATUSES = (
    (Status.IN_PROGRESS,) * 31
    + (Status.PLANNED,) * 14
    + (Status.COMPLETED,) * 8
    + (Status.DELAYED,) * 4
    + (Status.CANCELLED,)
)  # the proportions of the real office, with some delayed projects
# The spent shares of the first ongoing projects, so that each level of the budget check occurs.
NEAR_BUDGET = (Decimal("0.83"), Decimal("0.96"), Decimal("1"), Decimal("1.04"), Decimal("0.89"))
NOTES = ("Works on schedule.", "Slowed by rain, crew added.", "Materials delivered, crew complete.",
         "Inspected with the barangay captain.", "Contractor reminded of signs.", "Traffic rerouted.")  # fmt: skip
COST_NOTES = {
    CostType.MATERIAL: ("Portland cement and aggregates", "Reinforcing steel bars", "Lumber and formworks"),
    CostType.LABOR: ("Payroll of the crew", "Skilled workers, second half of the month"),
    CostType.EQUIPMENT: ("Rental of backhoe", "Rental of transit mixer", "Fuel of heavy equipment"),
    CostType.OCM: ("Overhead, contingencies, miscellaneous",),
    CostType.CONTINGENCY: ("Additional dewatering",),
    CostType.SUPPLY_AND_INSTALL: ("Supply and installation of fixtures",),
    CostType.PERMIT_AND_LICENSES: ("Building permit", "Environmental clearance"),
    CostType.OTHER: ("Project billboard",),
}
COST_WEIGHTS = (32, 25, 16, 8, 4, 8, 4, 3)


@dataclass
class Draft:
    """An unsaved project and its parts."""

    project: Project
    engineers: list[Any] = field(default_factory=list)
    reports: list[ProjectProgress] = field(default_factory=list)
    costs: list[ProjectCost] = field(default_factory=list)
    milestones: list[ProjectMilestone] = field(default_factory=list)
    timeline: list[ProjectActivity] = field(default_factory=list)


class Planner:
    """Drafts projects. Equal random states and days give equal drafts."""

    def __init__(self, people: Mapping[str, Any], rng: Random, today: date) -> None:
        self.people, self.rng, self.today = people, rng, today
        self.engineers = [people[name] for name in ENGINEERS]
        self.alarming = list(NEAR_BUDGET)

    def office(self) -> list[Draft]:
        """Return nearly sixty projects, in the proportions of the real office."""
        statuses = list(STATUSES)
        self.rng.shuffle(statuses)
        drafts = []
        for number, status in enumerate(statuses, 1):
            unique = number <= len(UNIQUE_PROJECTS)
            kind, barangay = UNIQUE_PROJECTS[number - 1] if unique else self._kind_and_barangay()
            name = kind.name if unique else self._name(kind, barangay)
            known = {"prn": f"DEMO-{number:03}", "name": name, "barangay": barangay, "status": status}
            drafts.append(self.with_past(known, kind))
        return drafts

    def with_past(self, known: Mapping[str, Any], kind: Kind = KINDS[0]) -> Draft:
        """Return a project with the fields ``known`` (by name, including the status) and its past until today."""
        draft = Draft(self._project(known, kind))
        started = draft.project.status != Status.PLANNED
        if started or self.rng.random() < 0.75:
            draft.engineers = self.rng.sample(self.engineers, 1 if self.rng.random() < 0.75 else 2)
        draft.milestones = self.milestones(draft.project, kind)
        if started and draft.engineers:
            self._report(draft)
            self._spend(draft)
        self._write_timeline(draft)
        return draft

    def planned(self) -> Draft:
        """Return a planned project, without a past."""
        kind, barangay = self._kind_and_barangay()
        known = {"name": self._name(kind, barangay), "barangay": barangay, "status": Status.PLANNED}
        project = self._project(known, kind)
        return Draft(project, [self.rng.choice(self.engineers)], milestones=self.milestones(project, kind))

    def milestones(self, project: Project, kind: Kind) -> list[ProjectMilestone]:
        """Return the steps of the kind, spread over the project's duration. The progress decides which are reached."""
        days = (project.end_date - project.start_date).days
        made = []
        for number, step in enumerate(kind.steps, 1):
            share = number / len(kind.steps)
            target = project.start_date + timedelta(days=int(days * share))
            reached = project.status != Status.PLANNED and project.progress >= 100 * share
            done_on = min(target + timedelta(days=self.rng.randint(-6, 9)), self.today) if reached else None
            made.append(
                ProjectMilestone(
                    project=project, name=step, target_date=target, is_completed=reached, completion_date=done_on
                )
            )
        return made

    # --- the parts of a draft -----------------------------------------------------------------------------------

    def _kind_and_barangay(self) -> tuple[Kind, str]:
        return self.rng.choices(KINDS, KIND_WEIGHTS)[0], self.rng.choice(list(BARANGAYS))

    def _name(self, kind: Kind, barangay: str) -> str:
        return f"{kind.name}, {self.rng.choice(PLACES)}, {barangay}"

    def _project(self, known: Mapping[str, Any], kind: Kind) -> Project:
        middle = BARANGAYS[known["barangay"]]
        start, end = self._dates(known["status"])
        start = known.get("start_date") or min(start, known.get("end_date") or start)
        end = known.get("end_date") or max(start, end)
        cost = Decimal(self.rng.randint(int(kind.least * 200), int(kind.most * 200))) * 5000
        made: dict[str, Any] = {
            "project_cost": cost.quantize(CENT),
            "source_of_funds": self.rng.choice(kind.funds),
            "latitude": middle.latitude + Decimal(self.rng.randint(-3500, 3500)).scaleb(-6),
            "longitude": middle.longitude + Decimal(self.rng.randint(-3500, 3500)).scaleb(-6),
            "start_date": start,
            "end_date": end,
            "progress": self._progress(known["status"], start, end),
            "description": f"{kind.name} for the residents of {known['barangay']}.",
            "created_by": self.people[HEAD],
        }
        return Project(**made | {name: value for name, value in known.items() if value is not None})

    def _dates(self, status: str) -> tuple[date, date]:
        between = self.rng.randint
        first, last = {
            Status.PLANNED: (between(10, 110), between(150, 390)),
            Status.IN_PROGRESS: (-between(20, 250), between(20, 330)),
            Status.COMPLETED: (-between(230, 320), -between(10, 90)),
            Status.DELAYED: (-between(200, 300), -between(5, 60)),
            Status.CANCELLED: (-between(120, 200), between(30, 90)),
        }[Status(status)]
        return self.today + timedelta(days=first), self.today + timedelta(days=last)

    def _progress(self, status: str, start: date, end: date) -> Decimal:
        if status == Status.PLANNED:
            return Decimal(0)
        if status == Status.COMPLETED:
            return Decimal(100)
        passed = (self.today - start) / (end - start) * self.rng.uniform(0.7, 1.1)
        most = {Status.DELAYED: 0.9, Status.CANCELLED: 0.2}.get(Status(status), 0.96)
        return Decimal(str(round(min(max(passed, 0.03), most) * 100, 0)))

    def _past_days(self, project: Project, count: int) -> list[date]:
        """Return ``count`` days of the project up to today, in order."""
        first = min(project.start_date, self.today)
        last = max(first, min(project.end_date, self.today))
        return [first + (last - first) * number // count for number in range(1, count + 1)]

    def _report(self, draft: Draft) -> None:
        count = self.rng.randint(2, 6)
        for number, day in enumerate(self._past_days(draft.project, count), 1):
            share = draft.project.progress * number / count
            draft.reports.append(
                ProjectProgress(
                    project=draft.project,
                    date=day,
                    percentage_complete=share if number == count else share.quantize(Decimal(1)),
                    description=self.rng.choice(NOTES),
                    created_by=self.rng.choice(draft.engineers),
                )
            )

    def _spend(self, draft: Draft) -> None:
        project = draft.project
        if not project.project_cost:
            return
        share = project.progress / 100 * Decimal(str(round(self.rng.uniform(0.6, 0.79), 3)))
        if project.status == Status.IN_PROGRESS and self.alarming and project.progress >= 50:
            share = self.alarming.pop(0)
        days = self._past_days(project, self.rng.randint(3, 8))
        weights = [self.rng.uniform(0.5, 1.5) for _ in days]
        left = (project.project_cost * share).quantize(CENT)
        for number, day in enumerate(days):
            part = Decimal(str(round(weights[number] / sum(weights[number:]), 4)))
            amount = left if day is days[-1] else (left * part).quantize(CENT)
            left -= amount
            if amount > 0:
                kind = self.rng.choices(list(CostType), COST_WEIGHTS)[0]
                draft.costs.append(
                    ProjectCost(
                        project=project,
                        date=day,
                        cost_type=kind,
                        description=self.rng.choice(COST_NOTES[kind]),
                        amount=amount,
                        created_by=self.rng.choice([self.people[FINANCE], *draft.engineers]),
                    )
                )

    def _write_timeline(self, draft: Draft) -> None:
        """Set the timeline and the creation times, as if each row had been created on its day."""
        project = draft.project
        head = person_name(self.people[HEAD])
        project.created_at = self._at(min(project.start_date - timedelta(days=30), self.today - timedelta(days=20)))
        lines = [(project.created_at, head, f"Project created by {head}")]
        for report in draft.reports:
            report.created_at, who = self._at(report.date), person_name(report.created_by)
            share = percent(report.percentage_complete)
            lines.append((report.created_at, who, f"Progress updated to {share} by {who}"))
        for cost in draft.costs:
            cost.created_at, who = self._at(cost.date), person_name(cost.created_by)
            kind = cost.get_cost_type_display().lower()
            lines.append((cost.created_at, who, f"Cost of {pesos(cost.amount)} ({kind}) added by {who}"))
        lines.sort()
        project.updated_at = lines[-1][0]
        draft.timeline = [ProjectActivity(project=project, at=at, actor=who, summary=text) for at, who, text in lines]

    def _at(self, day: date) -> datetime:
        """Return a random time in office hours of ``day``, or of yesterday if ``day`` is not past."""
        moment = time(self.rng.randint(8, 16), self.rng.randint(0, 59), self.rng.randint(0, 59))
        day = min(day, self.today - timedelta(days=1))
        return timezone.make_aware(datetime.combine(day, moment))
