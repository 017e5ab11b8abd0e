"""Believable changes of the demo office, one at a time, made by its people and announced like anybody's."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from functools import partial
from random import Random
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet, Sum
from django.utils import timezone

from ..actor import acting
from ..models import CostType, Project, ProjectCost, ProjectMilestone, ProjectProgress, Status
from .people import ENGINEERS, FINANCE, HEAD
from .projects import CENT, COST_NOTES, COST_OFTEN, NOTES, Planner

FEWEST_OPEN = 12  # with fewer projects to work on than this, new ones are started
OPEN = Q(status__in=[Status.PLANNED, Status.IN_PROGRESS, Status.DELAYED])
AT_WORK = Q(status__in=[Status.IN_PROGRESS, Status.DELAYED])
MOST_SPENT = Decimal("1.05")  # of the budget: some projects exceed it, none without end


class Changes:
    """Makes changes to the projects that the demo's head has entered; nobody else's are touched."""

    def __init__(self, people: Mapping[str, Any], chance: Random) -> None:
        self.chance = chance
        self.head, self.finance = people[HEAD], people[FINANCE]
        self.engineers = [people[name] for name in ENGINEERS]
        self.people = people
        # Weights: mostly reports and costs, as in the office; as many projects are entered as are begun.
        self.kinds: dict[Callable[[], str | None], int] = {
            self.report: 46, self.spend: 23, self.reach_milestone: 7, self.assign: 6, self.begin: 2,
            self.fall_behind: 2, self.catch_up: 1, self.move_end: 3, self.enter_project: 2,
        }  # fmt: skip

    def make_one(self) -> str:
        """Make one change and say in a line what it was."""
        # What is done is completed before anything else, and work never runs out.
        if told := self._do(self.complete):
            return told
        if self._projects(OPEN).count() < FEWEST_OPEN:
            return self._do(self.enter_project) or ""
        kinds = dict(self.kinds)
        while kinds:
            kind = self.chance.choices(list(kinds), list(kinds.values()))[0]
            if told := self._do(kind):
                return told
            del kinds[kind]  # there is no project for it just now
        return self._do(self.enter_project) or ""

    def make_each_kind(self) -> None:
        """Make changes of every kind, so that inboxes and timelines have something to show."""
        for engineer in self.engineers:
            self._do(partial(self.enter_project, engineer))
        for kind in (self.report, self.spend, self.overspend, *self.kinds, self.report, self.spend, self.report):
            self._do(kind)

    @transaction.atomic
    def _do(self, kind: Callable[[], str | None]) -> str | None:
        return kind()

    # --- kinds of change: each returns its line, or None where there is nothing to change -----------------------

    def report(self) -> str | None:
        """An engineer reports more progress than there was."""
        project = self._pick(AT_WORK & Q(progress__lt=100) & self._assigned())
        if project is None:
            return None
        share = min(Decimal(100), project.progress + Decimal(self.chance.randint(4, 18)) / 2)
        engineer = self._engineer_of(project)
        with acting(engineer):
            ProjectProgress.objects.create(
                project=project,
                percentage_complete=share,
                description=self.chance.choice(NOTES),
                created_by=engineer,
                date=self._day_of_report(project),
            )
        return self._told(project)

    def spend(self) -> str | None:
        """The finance manager or an engineer enters a cost."""
        project = self._pick(AT_WORK & Q(project_cost__gt=0) & self._assigned())
        if project is None:
            return None
        share = Decimal(self.chance.randint(8, 45)) / 1000
        amount = (project.project_cost * share).quantize(CENT)
        if not 0 < amount <= project.project_cost * MOST_SPENT - project.spent:
            return None
        kind = self.chance.choices(list(CostType), COST_OFTEN)[0]
        person = self.chance.choice([self.finance, self._engineer_of(project)])
        return self._enter_cost(project, kind, amount, person)

    def overspend(self) -> str | None:
        """The finance manager enters the cost that takes the project nearest to its budget over it."""
        share = Sum("costs__amount") / F("project_cost")
        within = self._projects(AT_WORK & Q(project_cost__gt=0)).annotate(share=share).filter(share__lte=1)
        project = within.order_by("-share", "pk").first()
        if project is None:
            return None
        amount = (project.project_cost * Decimal("1.015") - project.spent).quantize(CENT)
        return self._enter_cost(project, CostType.SUPPLY_AND_INSTALL, amount, self.finance)

    def reach_milestone(self) -> str | None:
        """An engineer marks the next milestone as reached, when the progress is about as far."""
        waiting = ProjectMilestone.objects.filter(is_completed=False)
        project = self._pick(
            (AT_WORK | Q(status=Status.COMPLETED)) & self._assigned() & Q(pk__in=waiting.values("project_id"))
        )
        milestone = waiting.filter(project=project).order_by("target_date", "pk").first() if project else None
        if milestone is None:
            return None
        steps = project.milestones.count()
        reached = project.milestones.filter(is_completed=True).count()
        if project.progress < 100 * (reached + 1) / steps - 5:
            return None
        milestone.is_completed, milestone.completion_date = True, timezone.localdate()
        with acting(self._engineer_of(project)):
            milestone.save()
        return self._told(project)

    def assign(self) -> str | None:
        """The head assigns an engineer, or takes one of several off."""
        project = self._pick(OPEN)
        if project is None:
            return None
        assigned = [user for user in self.engineers if project.assigned_engineers.filter(pk=user.pk).exists()]
        with acting(self.head):
            if len(assigned) > 1:
                project.assigned_engineers.remove(self.chance.choice(assigned))
            else:
                others = [user for user in self.engineers if user not in assigned]
                project.assigned_engineers.add(self.chance.choice(others))
        return self._told(project)

    def begin(self) -> str | None:
        """Work on a planned project begins."""
        project = self._pick(Q(status=Status.PLANNED) & self._assigned())
        if project is None:
            return None
        today = timezone.localdate()
        project.status, project.start_date = Status.IN_PROGRESS, min(project.start_date or today, today)
        project.end_date = max(project.end_date or today, today + timedelta(days=60))
        return self._saved(project)

    def fall_behind(self) -> str | None:
        """A project is found to be far behind its plan."""
        today = timezone.localdate()
        behind = []
        for project in self._projects(Q(status=Status.IN_PROGRESS, start_date__lt=today, end_date__isnull=False)):
            planned = 100 * (today - project.start_date).days / max((project.end_date - project.start_date).days, 1)
            if project.progress < min(planned, 98) - 12:
                behind.append(project.pk)
        project = self._pick(Q(status=Status.IN_PROGRESS, pk__in=behind[:500]))
        if project is None:
            return None
        project.status = Status.DELAYED
        return self._saved(project)

    def catch_up(self) -> str | None:
        """A delayed project gets more time and goes on."""
        project = self._pick(Q(status=Status.DELAYED))
        if project is None:
            return None
        project.status = Status.IN_PROGRESS
        project.end_date = timezone.localdate() + timedelta(days=self.chance.randint(30, 90))
        return self._saved(project)

    def move_end(self) -> str | None:
        """The end of a project is moved a few weeks, within the next two years."""
        last = timezone.localdate() + timedelta(days=700)
        project = self._pick(OPEN & ~Q(status=Status.DELAYED) & Q(end_date__lt=last))
        if project is None:
            return None
        project.end_date += timedelta(days=self.chance.randint(7, 45))
        return self._saved(project)

    def complete(self) -> str | None:
        """A project whose progress is 100 % is completed."""
        project = self._pick(OPEN & Q(progress__gte=100))
        if project is None:
            return None
        project.status = Status.COMPLETED
        return self._saved(project)

    def enter_project(self, engineer: Any = None) -> str:
        """The head enters a new project and gives it to an engineer: this one, or any."""
        draft = Planner(self.people, self.chance, timezone.localdate()).fresh()
        prn = f"PRN-{timezone.localdate():%y%m%d}-{self.chance.getrandbits(24):06X}"
        draft.project.prn = "" if Project.objects.filter(prn=prn).exists() else prn  # blank: the office makes one
        with acting(self.head):
            draft.project.save()
            draft.project.assigned_engineers.add(engineer or draft.engineers[0])
            for milestone in draft.milestones:
                milestone.save()
        created = draft.project.activities.order_by("pk").first()
        return f"{draft.project.display_name}: {created.summary}"

    # --- what they share ----------------------------------------------------------------------------------------

    def _projects(self, which: Q) -> QuerySet[Project]:
        return Project.objects.filter(which, created_by=self.head)

    def _pick(self, which: Q) -> Project | None:
        """One such project, locked, and still such a one then."""
        ids = list(self._projects(which).order_by("pk").values_list("pk", flat=True))
        return self._projects(which & Q(pk=self.chance.choice(ids))).select_for_update().first() if ids else None

    def _assigned(self) -> Q:
        # A subquery, since a joined row could not be locked on PostgreSQL once it is DISTINCT.
        through = Project.assigned_engineers.through.objects.filter(user__in=self.engineers)
        return Q(pk__in=through.values("project_id"))

    def _engineer_of(self, project: Project) -> Any:
        return self.chance.choice([user for user in self.engineers if user in project.assigned_engineers.all()])

    def _day_of_report(self, project: Project) -> Any:
        """Today, or the day of a report from later than that: a project shows the progress of its newest report."""
        newest = project.progress_updates.order_by("-date").values_list("date", flat=True).first()
        return max(timezone.localdate(), newest) if newest else timezone.localdate()

    def _enter_cost(self, project: Project, kind: CostType, amount: Decimal, person: Any) -> str:
        description = self.chance.choice(COST_NOTES[kind])
        with acting(person):
            ProjectCost.objects.create(
                project=project, cost_type=kind, description=description, amount=amount, created_by=person
            )
        return self._told(project)

    def _saved(self, project: Project) -> str:
        lines = project.activities.count()
        with acting(self.head):
            project.save()
        return self._told(project, project.activities.count() - lines)

    def _told(self, project: Project, lines: int = 1) -> str:
        """What the newest lines of its timeline say."""
        newest = list(project.activities.order_by("-pk").values_list("summary", flat=True)[:lines])
        return f"{project.display_name}: {'; '.join(reversed(newest))}"
