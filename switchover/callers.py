"""Who is moved: a person, a program, or whatever else asks."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Caller:
    """Somebody who is given the old or the new way.

    ``key``: a stable text that is this caller's alone; it decides the caller's place in the share, and is what a
    demotion names. ``groups``: the names of the groups that the caller is in. ``names``: further names under which an
    operator may put the caller into the cohort (the id of a token, an address).
    """

    key: str
    groups: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()

    @property
    def all_names(self) -> frozenset[str]:
        """The key and the further names."""
        return self.names | {self.key}
