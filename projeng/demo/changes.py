"""Makes plausible changes to the demo's projects, one at a time. They are announced like the changes of real users."""

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
from .projects import CENT, COST_NOTES, COST_WEIGHTS, NOTES, Planner

FEWEST_OPEN = 12  # with fewer open projects, new ones are created
OPEN = Q(status__in=[Status.PLANNED, Status.IN_PROGRESS, Status.DELAYED])
AT_WORK = Q(status__in=[Status.IN_PROGRESS, Status.DELAYED])
MOST_SPENT = Decimal("1.05")  # of the budget: some projects exceed it, but only slightly


class Changes:
    """Makes changes to the projects that the demo's Head Engineer has created, and to no others."""

    def __init__(self, people: Mapping[str, Any], rng: Random) -> None:
        self.rng = rng
        self.head, self.finance = people[HEAD], people[FINANCE]
        self.engineers = [people[name] for name in ENGINEERS]
        self.people = people
        # Weights: mostly reports and costs, as in the office. As many projects are created as are begun.
        self.kinds: dict[Callable[[], str | None], int] = {
            self.report: 46, self.spend: 23, self.reach_milestone: 7, self.assign: 6, self.begin: 2,
            self.fall_behind: 2, self.catch_up: 1, self.move_end: 3, self.enter_project: 2,
        }  # fmt: skip

    def make_one(self) -> str:
        """Make one change and return its summary."""
        # Finished projects are completed first. New ones are created when few are open.
        if summary := self._do(self.complete):
            return summary
        if self._projects(OPEN).count() < FEWEST_OPEN:
            return self._do(self.enter_project) or ""
        kinds = dict(self.kinds)
        while kinds:
            kind = self.rng.choices(list(kinds), list(kinds.values()))[0]
            if summary := self._do(kind):
                return summary
            del kinds[kind]  # no project is in a state for it
        return self._do(self.enter_project) or ""

    def make_each_kind(self) -> None:
        """Make changes of every kind, so that inboxes and timelines are filled."""
        for engineer in self.engineers:
            self._do(partial(self.enter_project, engineer))
        for kind in (self.report, self.spend, self.overspend, *self.kinds, self.report, self.spend, self.report):
            self._do(kind)

    @transaction.atomic
    def _do(self, kind: Callable[[], str | None]) -> str | None:
        return kind()

    # --- kinds of change: each returns its summary, or None if no project is in a state for it ------------------

    def report(self) -> str | None:
        """An engineer reports more progress."""
        project = self._pick(AT_WORK & Q(progress__lt=100) & self._assigned())
        if project is None:
            return None
        share = min(Decimal(100), project.progress + Decimal(self.rng.randint(4, 18)) / 2)
        engineer = self._engineer_of(project)
        with acting(engineer):
            ProjectProgress.objects.create(
                project=project,
                percentage_complete=share,
                description=self.rng.choice(NOTES),
                created_by=engineer,
                date=self._day_of_report(project),
            )
        return self._summary(project)

    def spend(self) -> str | None:
        """The finance manager or an engineer enters a cost."""
        project = self._pick(AT_WORK & Q(project_cost__gt=0) & self._assigned())
        if project is None:
            return None
        share = Decimal(self.rng.randint(8, 45)) / 1000
        amount = (project.project_cost * share).quantize(CENT)
        if not 0 < amount <= project.project_cost * MOST_SPENT - project.spent:
            return None
        kind = self.rng.choices(list(CostType), COST_WEIGHTS)[0]
        person = self.rng.choice([self.finance, self._engineer_of(project)])
        return self._enter_cost(project, kind, amount, person)

    def overspend(self) -> str | None:
        """The finance manager enters a cost that exceeds the budget of the project with the largest spent share."""
        share = Sum("costs__amount", filter=Q(costs__voided_at=None)) / F("project_cost")
        within = self._projects(AT_WORK & Q(project_cost__gt=0)).annotate(share=share).filter(share__lte=1)
        project = within.order_by("-share", "pk").first()
        if project is None:
            return None
        amount = (project.project_cost * Decimal("1.015") - project.spent).quantize(CENT)
        return self._enter_cost(project, CostType.SUPPLY_AND_INSTALL, amount, self.finance)

    def reach_milestone(self) -> str | None:
        """An engineer marks the next milestone as reached if the progress is near it."""
        waiting = ProjectMilestone.objects.not_voided().filter(is_completed=False)
        project = self._pick(
            (AT_WORK | Q(status=Status.COMPLETED)) & self._assigned() & Q(pk__in=waiting.values("project_id"))
        )
        milestone = waiting.filter(project=project).order_by("target_date", "pk").first() if project else None
        if milestone is None:
            return None
        steps = project.milestones.not_voided().count()
        reached = project.milestones.not_voided().filter(is_completed=True).count()
        if project.progress < 100 * (reached + 1) / steps - 5:
            return None
        milestone.is_completed, milestone.completion_date = True, timezone.localdate()
        with acting(self._engineer_of(project)):
            milestone.save()
        return self._summary(project)

    def assign(self) -> str | None:
        """The head assigns an engineer, or unassigns one of several."""
        project = self._pick(OPEN)
        if project is None:
            return None
        assigned = [user for user in self.engineers if project.assigned_engineers.filter(pk=user.pk).exists()]
        with acting(self.head):
            if len(assigned) > 1:
                project.assigned_engineers.remove(self.rng.choice(assigned))
            else:
                others = [user for user in self.engineers if user not in assigned]
                project.assigned_engineers.add(self.rng.choice(others))
        return self._summary(project)

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
        """A project that is far behind its plan becomes delayed."""
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
        """A delayed project gets a later end date and continues."""
        project = self._pick(Q(status=Status.DELAYED))
        if project is None:
            return None
        project.status = Status.IN_PROGRESS
        project.end_date = timezone.localdate() + timedelta(days=self.rng.randint(30, 90))
        return self._saved(project)

    def move_end(self) -> str | None:
        """The end of a project is postponed by a few weeks, within the next two years."""
        last = timezone.localdate() + timedelta(days=700)
        project = self._pick(OPEN & ~Q(status=Status.DELAYED) & Q(end_date__lt=last))
        if project is None:
            return None
        project.end_date += timedelta(days=self.rng.randint(7, 45))
        return self._saved(project)

    def complete(self) -> str | None:
        """A project whose progress is 100 % is completed."""
        project = self._pick(OPEN & Q(progress__gte=100))
        if project is None:
            return None
        project.status = Status.COMPLETED
        return self._saved(project)

    def enter_project(self, engineer: Any = None) -> str:
        """The head creates a project and assigns ``engineer``, or any engineer."""
        draft = Planner(self.people, self.rng, timezone.localdate()).planned()
        prn = f"PRN-{timezone.localdate():%y%m%d}-{self.rng.getrandbits(24):06X}"
        draft.project.prn = "" if Project.objects.filter(prn=prn).exists() else prn  # a blank PRN is generated
        with acting(self.head):
            draft.project.save()
            draft.project.assigned_engineers.add(engineer or draft.engineers[0])
            for milestone in draft.milestones:
                milestone.save()
        created = draft.project.activities.order_by("pk").first()
        return f"{draft.project.display_name}: {created.summary}"

    # --- helpers ------------------------------------------------------------------------------------------------

    def _projects(self, which: Q) -> QuerySet[Project]:
        return Project.objects.filter(which, created_by=self.head)

    def _pick(self, which: Q) -> Project | None:
        """Return a random project that matches, locked and checked again under the lock; ``None`` if there is none."""
        ids = list(self._projects(which).order_by("pk").values_list("pk", flat=True))
        return self._projects(which & Q(pk=self.rng.choice(ids))).select_for_update().first() if ids else None

    def _assigned(self) -> Q:
        # A subquery, since PostgreSQL cannot lock the rows of a DISTINCT query, which a join would need.
        through = Project.assigned_engineers.through.objects.filter(user__in=self.engineers)
        return Q(pk__in=through.values("project_id"))

    def _engineer_of(self, project: Project) -> Any:
        return self.rng.choice([user for user in self.engineers if user in project.assigned_engineers.all()])

    def _day_of_report(self, project: Project) -> Any:
        """Return today or the date of a later report, since a project has the progress of its newest report."""
        newest = project.progress_updates.not_voided().order_by("-date").values_list("date", flat=True).first()
        return max(timezone.localdate(), newest) if newest else timezone.localdate()

    def _enter_cost(self, project: Project, kind: CostType, amount: Decimal, person: Any) -> str:
        description = self.rng.choice(COST_NOTES[kind])
        with acting(person):
            ProjectCost.objects.create(
                project=project, cost_type=kind, description=description, amount=amount, created_by=person
            )
        return self._summary(project)

    def _saved(self, project: Project) -> str:
        lines = project.activities.count()
        with acting(self.head):
            project.save()
        return self._summary(project, project.activities.count() - lines)

    def _summary(self, project: Project, lines: int = 1) -> str:
        """Return the text of the newest lines of the project's timeline."""
        newest = list(project.activities.order_by("-pk").values_list("summary", flat=True)[:lines])
        return f"{project.display_name}: {'; '.join(reversed(newest))}"
