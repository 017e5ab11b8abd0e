"""The cohort: who of all callers is moved. A stable share, groups, and callers by name. Pure."""

import hashlib
from dataclasses import dataclass

from .callers import Caller

SHARES = 10_000  # a caller's place in the share is known to a hundredth of a percent


def share(salt: str, key: str) -> float:
    """A caller's fixed place, 0 to 100: the caller is in the cohort once the percentage exceeds it.

    It is a hash and not the key itself, so that the first accounts are not always the first in the cohort. ``salt``
    is the move's own, so that the same callers are not the first in every move.
    """
    digest = hashlib.sha256(f"{salt} {key}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % SHARES * 100 / SHARES


@dataclass(frozen=True)
class Cohort:
    """The callers that are moved: ``percent`` of all (0 to 100), and besides them these groups and these callers."""

    salt: str
    percent: int
    groups: frozenset[str] = frozenset()
    callers: frozenset[str] = frozenset()

    def includes(self, caller: Caller) -> tuple[bool, str]:
        """Whether a caller is in the cohort, and why. Raising the percentage only ever adds callers."""
        for name in sorted(self.callers & caller.all_names):
            return True, f"named as {name}"
        for name in sorted(self.groups & caller.groups):
            return True, f"member of {name}"
        place = share(self.salt, caller.key)
        relation = "within" if place < self.percent else "beyond"
        return place < self.percent, f"share {place:.2f} is {relation} {self.percent} %"
