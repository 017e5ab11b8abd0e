"""The whole path of a change: a project is saved, its event written to the log, committed, read and sent."""

from ..size import Size
from ..stage import Stage
from .steady import measure as steady


def measure(stage: Stage, size: Size) -> dict[str, float]:
    """Return the milliseconds from the beginning of ``project.save()`` to each client, at two changes per second."""
    return steady(stage, size, 2, 6, order="change")
