"""The way that a caller is given, and why. Pure: it reads neither the database nor the environment.

The environment's flags grant the new way. Demotions can only narrow that. A switch that names the old way is the kill
switch: whatever else is set, nothing of the new way is then shown to anybody.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from .callers import Caller
from .cohort import Cohort

ALL, GROUP, CALLER = SCOPES = ("all", "group", "caller")  # from whom the new way can be taken away


class Way(NamedTuple):
    """The way that a caller is given. ``shadow``: the other way is asked as well, and only compared.

    ``reason``: why, in words for operators.
    """

    name: str
    shadow: bool
    reason: str


@dataclass(frozen=True)
class Grants:
    """What the environment grants.

    ``new``: whether the switch names the new way. ``shadow``: whether both are asked, and the old one shown.
    ``why_old`` and ``why_shadow`` name the setting behind each.
    """

    new: bool
    shadow: bool
    cohort: Cohort
    why_old: str
    why_shadow: str

    @property
    def any(self) -> bool:
        """Whether a demotion could make a difference."""
        return self.new or self.shadow


@dataclass(frozen=True)
class Taken:
    """The demotions in force: of everybody (the reason, or ``None``), by group name, and by a caller's key.

    ``one``: what a single caller is called in the reason.
    """

    everybody: str | None = None
    groups: Mapping[str, str] = field(default_factory=dict)
    callers: Mapping[str, str] = field(default_factory=dict)
    one: str = "caller"

    def reason(self, caller: Caller) -> str | None:
        """Why this caller is demoted; ``None`` when it is not."""
        if self.everybody is not None:
            return f"taken away from everybody: {self.everybody}"
        if caller.key in self.callers:
            return f"taken away from this {self.one}: {self.callers[caller.key]}"
        for name in sorted(caller.groups & self.groups.keys()):
            return f"taken away from group {name}: {self.groups[name]}"
        return None


def choose(old: str, new: str, grants: Grants, caller: Caller, taken: Taken, early: str | None = None) -> Way:
    """The way for this caller now, of the two with these names.

    ``early``: why this caller takes part in the shadow although the switch still names the old way; ``None`` where the
    caller does not.
    """
    why_taken = taken.reason(caller)
    if not grants.new:
        if grants.shadow and early is not None and why_taken is None:
            return Way(old, True, f"{grants.why_shadow}{early}; {grants.why_old}")
        return Way(old, False, grants.why_old)
    if why_taken is not None:
        return Way(old, False, why_taken)
    inside, why = grants.cohort.includes(caller)
    if not inside:
        return Way(old, False, why)
    return Way(old, True, f"{why}; {grants.why_shadow}") if grants.shadow else Way(new, False, why)
