"""Believable projects for the demo, with a past: reports, costs, milestones and a timeline. Nothing is stored here."""

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
    """What the office builds: its name, what it costs (millions of pesos), who pays, and what it passes through."""

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
HOW_OFTEN = (30, 22, 18, 12, 10, 8)  # of 100, in the order of KINDS
ONLY_ONCE = (
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
)  # as the office's own projects are, with some that are late
# How much of the budget the first ongoing projects have used, so that each level of the budget check is seen.
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
COST_OFTEN = (32, 25, 16, 8, 4, 8, 4, 3)


@dataclass
class Draft:
    """A project that is not stored yet, and all that belongs to it."""

    project: Project
    engineers: list[Any] = field(default_factory=list)
    reports: list[ProjectProgress] = field(default_factory=list)
    costs: list[ProjectCost] = field(default_factory=list)
    milestones: list[ProjectMilestone] = field(default_factory=list)
    timeline: list[ProjectActivity] = field(default_factory=list)


class Planner:
    """Drafts projects; the same for the same ``chance`` and the same day."""

    def __init__(self, people: Mapping[str, Any], chance: Random, today: date) -> None:
        self.people, self.chance, self.today = people, chance, today
        self.engineers = [people[name] for name in ENGINEERS]
        self.alarming = list(NEAR_BUDGET)

    def office(self) -> list[Draft]:
        """Nearly sixty projects, in the proportions of the real office."""
        statuses = list(STATUSES)
        self.chance.shuffle(statuses)
        drafts = []
        for number, status in enumerate(statuses, 1):
            kind, barangay = ONLY_ONCE[number - 1] if number <= len(ONLY_ONCE) else self._kind_and_barangay()
            name = kind.name if number <= len(ONLY_ONCE) else self._name(kind, barangay)
            known = {"prn": f"DEMO-{number:03}", "name": name, "barangay": barangay, "status": status}
            drafts.append(self.with_past(known, kind))
        return drafts

    def with_past(self, known: Mapping[str, Any], kind: Kind = KINDS[0]) -> Draft:
        """A project of which ``known`` (fields by name, status among them) is given, and everything it had so far."""
        draft = Draft(self._project(known, kind))
        started = draft.project.status != Status.PLANNED
        if started or self.chance.random() < 0.75:
            draft.engineers = self.chance.sample(self.engineers, 1 if self.chance.random() < 0.75 else 2)
        draft.milestones = self.milestones(draft.project, kind)
        if started and draft.engineers:
            self._report(draft)
            self._spend(draft)
        self._remember(draft)
        return draft

    def fresh(self) -> Draft:
        """A project that is only planned."""
        kind, barangay = self._kind_and_barangay()
        known = {"name": self._name(kind, barangay), "barangay": barangay, "status": Status.PLANNED}
        project = self._project(known, kind)
        return Draft(project, [self.chance.choice(self.engineers)], milestones=self.milestones(project, kind))

    def milestones(self, project: Project, kind: Kind) -> list[ProjectMilestone]:
        """The steps of its kind, spread over its time; those that its progress implies are reached."""
        days = (project.end_date - project.start_date).days
        made = []
        for number, step in enumerate(kind.steps, 1):
            share = number / len(kind.steps)
            target = project.start_date + timedelta(days=int(days * share))
            reached = project.status != Status.PLANNED and project.progress >= 100 * share
            done_on = min(target + timedelta(days=self.chance.randint(-6, 9)), self.today) if reached else None
            made.append(
                ProjectMilestone(
                    project=project, name=step, target_date=target, is_completed=reached, completion_date=done_on
                )
            )
        return made

    # --- the parts of a draft -----------------------------------------------------------------------------------

    def _kind_and_barangay(self) -> tuple[Kind, str]:
        return self.chance.choices(KINDS, HOW_OFTEN)[0], self.chance.choice(list(BARANGAYS))

    def _name(self, kind: Kind, barangay: str) -> str:
        return f"{kind.name}, {self.chance.choice(PLACES)}, {barangay}"

    def _project(self, known: Mapping[str, Any], kind: Kind) -> Project:
        middle = BARANGAYS[known["barangay"]]
        start, end = self._dates(known["status"])
        start = known.get("start_date") or min(start, known.get("end_date") or start)
        end = known.get("end_date") or max(start, end)
        cost = Decimal(self.chance.randint(int(kind.least * 200), int(kind.most * 200))) * 5000
        made: dict[str, Any] = {
            "project_cost": cost.quantize(CENT),
            "source_of_funds": self.chance.choice(kind.funds),
            "latitude": middle.latitude + Decimal(self.chance.randint(-3500, 3500)).scaleb(-6),
            "longitude": middle.longitude + Decimal(self.chance.randint(-3500, 3500)).scaleb(-6),
            "start_date": start,
            "end_date": end,
            "progress": self._progress(known["status"], start, end),
            "description": f"{kind.name} for the residents of {known['barangay']}.",
            "created_by": self.people[HEAD],
        }
        return Project(**made | {name: value for name, value in known.items() if value is not None})

    def _dates(self, status: str) -> tuple[date, date]:
        between = self.chance.randint
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
        passed = (self.today - start) / (end - start) * self.chance.uniform(0.7, 1.1)
        most = {Status.DELAYED: 0.9, Status.CANCELLED: 0.2}.get(Status(status), 0.96)
        return Decimal(str(round(min(max(passed, 0.03), most) * 100, 0)))

    def _past_days(self, project: Project, count: int) -> list[date]:
        """So many days of the project until now, in order."""
        first = min(project.start_date, self.today)
        last = max(first, min(project.end_date, self.today))
        return [first + (last - first) * number // count for number in range(1, count + 1)]

    def _report(self, draft: Draft) -> None:
        count = self.chance.randint(2, 6)
        for number, day in enumerate(self._past_days(draft.project, count), 1):
            share = draft.project.progress * number / count
            draft.reports.append(
                ProjectProgress(
                    project=draft.project,
                    date=day,
                    percentage_complete=share if number == count else share.quantize(Decimal(1)),
                    description=self.chance.choice(NOTES),
                    created_by=self.chance.choice(draft.engineers),
                )
            )

    def _spend(self, draft: Draft) -> None:
        project = draft.project
        if not project.project_cost:
            return
        share = project.progress / 100 * Decimal(str(round(self.chance.uniform(0.6, 0.79), 3)))
        if project.status == Status.IN_PROGRESS and self.alarming and project.progress >= 50:
            share = self.alarming.pop(0)
        days = self._past_days(project, self.chance.randint(3, 8))
        weights = [self.chance.uniform(0.5, 1.5) for _ in days]
        left = (project.project_cost * share).quantize(CENT)
        for number, day in enumerate(days):
            part = Decimal(str(round(weights[number] / sum(weights[number:]), 4)))
            amount = left if day is days[-1] else (left * part).quantize(CENT)
            left -= amount
            if amount > 0:
                kind = self.chance.choices(list(CostType), COST_OFTEN)[0]
                draft.costs.append(
                    ProjectCost(
                        project=project,
                        date=day,
                        cost_type=kind,
                        description=self.chance.choice(COST_NOTES[kind]),
                        amount=amount,
                        created_by=self.chance.choice([self.people[FINANCE], *draft.engineers]),
                    )
                )

    def _remember(self, draft: Draft) -> None:
        """The timeline, and when each row was made: as if it had been entered on its day."""
        project = draft.project
        head = person_name(self.people[HEAD])
        project.created_at = self._at(min(project.start_date - timedelta(days=30), self.today - timedelta(days=20)))
        told = [(project.created_at, head, f"Project created by {head}")]
        for report in draft.reports:
            report.created_at, who = self._at(report.date), person_name(report.created_by)
            share = percent(report.percentage_complete)
            told.append((report.created_at, who, f"Progress updated to {share} by {who}"))
        for cost in draft.costs:
            cost.created_at, who = self._at(cost.date), person_name(cost.created_by)
            kind = cost.get_cost_type_display().lower()
            told.append((cost.created_at, who, f"Cost of {pesos(cost.amount)} ({kind}) added by {who}"))
        told.sort()
        project.updated_at = told[-1][0]
        draft.timeline = [ProjectActivity(project=project, at=at, actor=who, summary=text) for at, who, text in told]

    def _at(self, day: date) -> datetime:
        """Some moment of office hours; of today only what has passed: the day before instead."""
        moment = time(self.chance.randint(8, 16), self.chance.randint(0, 59), self.chance.randint(0, 59))
        day = min(day, self.today - timedelta(days=1))
        return timezone.make_aware(datetime.combine(day, moment))
