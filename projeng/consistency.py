"""The rule by which a project's status and its progress go together. Forms, admin, import and pages all ask it."""

from decimal import Decimal

from .formats import percent
from .models import Status

DONE_ENOUGH = Decimal(98)  # percent; the rest is paperwork, not a delay
RULE = (
    f"Planned: no progress yet. Completed: at least {DONE_ENOUGH}%. In progress and delayed: below 100%. "
    "The progress is that of the newest report."
)


def contradiction(status: str, progress: Decimal) -> str:
    """Return how a status contradicts the progress, such as "Completed at 5%"; empty if it does not."""
    contradicts = {
        Status.PLANNED: progress > 0,
        Status.IN_PROGRESS: progress >= 100,
        Status.DELAYED: progress >= 100,
        Status.COMPLETED: progress < DONE_ENOUGH,
    }
    return f"{Status(status).label} at {percent(progress)}" if contradicts.get(status) else ""


def suggestion(status: str, progress: Decimal) -> str:
    """Return the status that would go with the progress, in words; empty if this one does."""
    if not contradiction(status, progress):
        return ""
    if progress >= DONE_ENOUGH:
        return f"A project that is done is usually “{Status.COMPLETED.label}”."
    if progress > 0:
        return f"A project that is under way is usually “{Status.IN_PROGRESS.label}”."
    return f"A project without progress is usually “{Status.PLANNED.label}”."


def question(status: str, progress: Decimal) -> str:
    """Return the question that a form asks back: "Completed at 5%: sure? …"; empty if there is none."""
    found = contradiction(status, progress)
    return f"{found}: sure? {suggestion(status, progress)}" if found else ""
