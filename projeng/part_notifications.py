"""The announcements of a project's parts: reports, costs, milestones and documents, and their corrections.

Like those of projects (projeng/notifications.py): each function announces one change, in the change's transaction.
"""

from dataclasses import dataclass, field
from typing import Any

from realtime.log.events import iso

from . import events, inbox
from .access import heads, visible_projects
from .actor import acting_user, actor_name, person_name
from .budget import Budget
from .change_texts import PART_FIELDS, Changes, describe_changes, json_changes
from .formats import day, percent, pesos, shortened
from .models import Project, ProjectCost, ProjectDocument, ProjectMilestone, ProjectPart, ProjectProgress
from .notifications import announce


@dataclass(frozen=True)
class PartChange:
    """What happened to a part: ``action`` as in events.PartEvent, the changed fields, and why."""

    action: str
    changes: Changes = field(default_factory=dict)
    reason: str = ""

    def done_by(self, actor: str, verb: str = "") -> str:
        """Return ``changed by Ana Reyes: amount changed from ₱5.00 to ₱6.00 (a slip)``, or with that verb."""
        why = shortened(self.reason)
        details = why
        if self.action == "changed" and not verb:
            details = describe_changes(self.changes, PART_FIELDS, capitalize=False) + (f" ({why})" if why else "")
        return f"{verb or self.action} by {actor}{': ' if details else ''}{details}"


def progress_reported(report: ProjectProgress, change: PartChange) -> None:
    """Announce a progress report. A new one notifies the Head Engineers, and so does one that no longer counts."""
    project = report.project
    actor = _actor(report, change)
    share = percent(report.percentage_complete)
    is_new = change.action == "added"
    stays = ""
    if is_new and project.progress != report.percentage_complete:
        stays = f" (report of {day(report.date)}; the progress stays at {percent(project.progress)})"
    _announce_part(
        report,
        change,
        events.ProgressUpdated,
        actor,
        f"Progress updated to {share} by {actor}{stays}" if is_new else f"{report.title} {change.done_by(actor)}",
        progress_id=report.pk,
        progress=float(project.progress),
        progress_data={
            "percentage_complete": float(report.percentage_complete),
            "date": report.date.isoformat(),
            "created_by": person_name(report.created_by) if report.created_by else actor,
        },
    )
    if is_new:
        message = f"Progress for project '{project.display_name}' updated to {share} by {actor}{stays}"
        inbox.send(heads(), message, project)
    else:
        _notify_of_correction(report, change, actor)


def cost_entered(cost: ProjectCost, change: PartChange) -> None:
    """Announce a cost. A new one notifies the Head Engineers, and so does one that no longer counts.

    If there is a new amount to count, they are also notified when the budget is nearly or fully spent.
    """
    project = cost.project
    actor = _actor(cost, change)
    budget = Budget(project.spent, project.project_cost)
    amount = pesos(cost.amount)
    _announce_part(
        cost,
        change,
        events.CostUpdated,
        actor,
        f"{cost.title} {change.done_by(actor)}",
        cost_id=cost.pk,
        cost_data={
            "amount": f"{cost.amount:.2f}",
            "formatted_amount": amount,
            "cost_type": cost.cost_type,
            "date": cost.date.isoformat(),
            "created_by": person_name(cost.created_by) if cost.created_by else actor,
        },
        spent=str(budget.spent),
        formatted_spent=pesos(budget.spent),
        spent_percent=budget.shown_percent,
    )
    if change.action == "added":
        inbox.send(heads(), f"{cost.title} added to project '{project.display_name}' by {actor}", project)
    else:
        _notify_of_correction(cost, change, actor)
    counts_anew = change.action in {"added", "restored"} or (change.action == "changed" and "amount" in change.changes)
    if counts_anew and not cost.is_void and budget.level:
        inbox.send(heads(), _budget_message(project, budget), project)


def milestone_set(milestone: ProjectMilestone, change: PartChange) -> None:
    """Announce a milestone's change with an event. Only one that is void or restored notifies the Head Engineers."""
    reached = milestone.is_completed and not (milestone.before and milestone.before.is_completed)
    actor = actor_name()
    _announce_part(
        milestone,
        change,
        events.MilestoneUpdated,
        actor,
        f"{milestone.title} {change.done_by(actor, 'reached' if reached and change.action == 'changed' else '')}",
        milestone_id=milestone.pk,
        milestone_data={
            "name": milestone.name,
            "target_date": milestone.target_date.isoformat(),
            "is_completed": milestone.is_completed,
            "completion_date": milestone.completion_date.isoformat() if milestone.completion_date else None,
        },
    )
    if change.reason:  # not of one that was marked as reached
        _notify_of_correction(milestone, change, actor)


def document_filed(document: ProjectDocument, change: PartChange) -> None:
    """Announce a document's change. A new document notifies the Head Engineers, and so does one that is void."""
    project = document.project
    actor = _actor(document, change)
    _announce_part(
        document,
        change,
        events.DocumentUpdated,
        actor,
        f"{document.title} {change.done_by(actor)}",
        document_id=document.pk,
        document_data={
            "name": document.name,
            "uploaded_by": person_name(document.uploaded_by) if document.uploaded_by else actor,
            "uploaded_at": iso(document.uploaded_at),
        },
    )
    if change.action == "added":
        message = f"Document '{document.name}' was added to project '{project.display_name}' by {actor}"
        inbox.send(heads(), message, project)
    else:
        _notify_of_correction(document, change, actor)


def _notify_of_correction(part: ProjectPart, change: PartChange, actor: str) -> None:
    """Notify the Head Engineers of a part that counts no more or again, and its author of what others corrected."""
    told = list(heads()) if change.action in {"voided", "restored"} else []
    if change.action != "deleted":
        told += _author_to_notify(part)
    message = f"{part.title} of project '{part.project.display_name}' was {change.done_by(actor)}"
    inbox.send(told, shortened(message, 2000), part.project)


def _author_to_notify(part: ProjectPart) -> list[Any]:
    author = getattr(part, part.author_field)
    if author is None or author == acting_user():
        return []
    return [author] if visible_projects(author).filter(pk=part.project_id).exists() else []


def _actor(part: ProjectPart, change: PartChange) -> str:
    """Return who did it. A new part that nobody is known to enter was entered by its author."""
    return actor_name(getattr(part, part.author_field) if change.action == "added" else None)


def _announce_part(
    part: ProjectPart, change: PartChange, event: type[events.PartEvent], actor: str, summary: str, **fields: Any
) -> None:
    announce(
        part.project,
        event,
        actor,
        summary,
        project_name=part.project.name,
        action=change.action,
        changes=json_changes(change.changes) if change.action == "changed" else {},
        reason=change.reason,
        **fields,
    )


def _budget_message(project: Project, budget: Budget) -> str:
    spent = f"{pesos(budget.spent)} of {pesos(budget.total)}"
    if budget.level == "URGENT":
        used = f"has exceeded its budget: {budget.shown_percent}% used ({spent})"
    else:
        used = f"has used {budget.shown_percent}% of its budget ({spent})"
    return f"{budget.level}: Project '{project.display_name}' {used}"
