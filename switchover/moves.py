"""The registry of moves, and the class from which each is made. docs/switchover.md shows how to register one."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, ClassVar, TypeVar

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.views import View

from realtime.log.events import iso

from . import checklist, phases
from .callers import Caller
from .choosing import Grants
from .cohort import Cohort
from .demotions.interface import DemotionStore
from .demotions.stored import StoredDemotions
from .evidence import counting, verdict
from .evidence.interface import Judged
from .evidence.limits import Limits
from .evidence.models import WatchState
from .evidence.report import CHECKS, measure
from .evidence.verdict import Check
from .findings import Finding
from .shadow.comparison import Rules
from .shadow.json_text import Paths

NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
LONGEST_NAME = 30
LONGEST_WAY = 20
METHODS = frozenset(name.upper() for name in View.http_method_names)
IDS = re.compile(
    r"(?<=/)(?:[0-9]+|[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12})(?=[/.]|$)"
)  # what differs from one thing to the next in an address


def method_of(request: HttpRequest) -> str:
    """The method of a request; ``other`` for one that its caller made up, since each is counted apart."""
    return request.method if request.method in METHODS else counting.OTHER


class Move:
    """A move from an old way to a new one. Subclass it, and register an instance in your application's ``ready``.

    The class attributes without a value must be given. ``settings`` has the flags: ``{switch}`` names the way that the
    cohort is given (``old`` or ``new``); ``{switch}_PERCENT``, ``{switch}_GROUPS`` and ``{switch}_CALLERS`` make the
    cohort; ``{switch}_SHADOW`` has the cohort answered by the old way, and the new one compared with it. A flag that
    the settings do not have counts as not given. ``env/{name}-phase-N.env`` has the flags of each phase.
    """

    name: ClassVar[str]  # of the move: lower-case words with hyphens, as in env/NAME-phase-N.env
    title: ClassVar[str]  # for people
    old: ClassVar[str]  # the old way's name, also the switch's value
    new: ClassVar[str]  # the new way's
    switch: ClassVar[str]  # the setting that names the way
    limits: Limits = Limits()
    evidence_from: ClassVar[int] = 2  # from this phase on, the evidence must speak for a step up,
    evidence_span: ClassVar[timedelta] = timedelta(days=1)  # that of so long
    page: ClassVar[str] = ""  # the name of an address, where the move has a page of its own in the control room

    # Headers whose values must be the same, in lower case. Others are not compared.
    compared_headers: ClassVar[tuple[str, ...]] = ("content-type", "allow", "location", "vary")
    # Fields of a JSON body that differ by nature: "id", "[].created_at", "rows[].at"; "*" stands for any one key.
    differing_fields: ClassVar[tuple[str, ...]] = ()
    # Fields whose values hold nothing personal, such as the text of an error: a difference shows them as they are, and
    # all others masked.
    public_fields: ClassVar[tuple[str, ...]] = ()
    # Fields in which callers use keys of their own: they are compared, and a difference names no key inside them.
    free_fields: ClassVar[tuple[str, ...]] = ()

    # --- flags and cohort ---

    @property
    def flags(self) -> tuple[str, ...]:
        """The names of the settings that make this move's phases."""
        return (self.switch, *(f"{self.switch}_{end}" for end in ("PERCENT", "GROUPS", "CALLERS", "SHADOW")))

    def grants(self) -> Grants:
        """What the environment grants now."""
        groups, callers = (frozenset(getattr(settings, f"{self.switch}_{end}", ())) for end in ("GROUPS", "CALLERS"))
        named = getattr(settings, self.switch, self.old)
        percent = getattr(settings, f"{self.switch}_PERCENT", 0 if groups or callers else 100)
        return Grants(
            new=named == self.new,
            shadow=bool(getattr(settings, f"{self.switch}_SHADOW", False)),
            cohort=Cohort(self.salt, percent, groups, callers),
            why_old=f"{self.switch} is {named}",
            why_shadow=f"{self.switch}_SHADOW is true",
        )

    @property
    def salt(self) -> str:
        """What makes this move's share another than that of other moves. Never change it while a move is going on."""
        return f"gistagum {self.name}"

    def early(self, grants: Grants, caller: Caller) -> str | None:
        """Why a caller takes part in the shadow while the switch still names the old way; ``None`` where it does not.

        The text follows the name of the shadow's setting ("COMM_API_SHADOW is true and …").
        """
        inside, why = grants.cohort.includes(caller)
        return f" and {why}" if inside else None

    # --- demotions ---

    @property
    def demotions(self) -> DemotionStore:
        """Where the demotions of this move are kept."""
        return StoredDemotions(self.name)

    # --- shadow ---

    def endpoint(self, request: HttpRequest) -> str:
        """What a request is counted under: its method, and its path without ids. It must not hold personal content.

        What is longer than the tables have room for is cut off.
        """
        return f"{method_of(request)} {IDS.sub('{id}', request.path_info)}"

    @cached_property
    def rules(self) -> Rules:
        """What is compared, by the attributes above."""
        return Rules(
            self.compared_headers, Paths(self.differing_fields), Paths(self.public_fields), Paths(self.free_fields)
        )

    def remember(self, request: HttpRequest) -> Any:
        """What a writing request is about to change, read before the old way changes it; ``None`` where nothing is.

        It is called in the caller's time, so one quick query at the most. Without it the new way is asked to
        change what the old one has changed already.
        """
        return None

    def put_back(self, remembered: Any) -> None:
        """Make it so again, inside the transaction in which the new way is asked and which is rolled back."""

    # --- evidence and watch ---

    def measure(self, since: datetime, until: datetime) -> Judged:
        """What both ways did in [``since``, ``until``), with the verdict."""
        return measure(self.name, (self.old, self.new), self.limits, since, until)

    check_names: ClassVar[tuple[str, ...]] = CHECKS  # of the limits that the watch judges

    @property
    def settle(self) -> timedelta:
        """For so long "good" is provisional, since what is slow is counted late."""
        return timedelta(minutes=2)

    def complete(self, until: datetime) -> datetime:
        """The last moment up to ``until`` before which nothing more is counted: answers are counted by the minute."""
        return (until - timedelta(seconds=counting.FLUSH_SECONDS)).replace(second=0, microsecond=0)

    def judge(self, since: datetime, until: datetime) -> Sequence[Check]:
        """The checks of ``check_names`` for [``since``, ``until``), as the watch needs them."""
        return self.measure(since, until).checks

    @property
    def strikes(self) -> int:
        """So many broken limits in a row take the new way away from everybody."""
        return self.limits.strikes

    @property
    def watch_key(self) -> Mapping[str, Any]:
        """The fields, besides the limit's name, by which a row of the watch is found and made."""
        return {"move": self.name}

    def watch_states(self) -> QuerySet[Any]:
        """The rows of the watch: ``name``, ``judged_to``, ``strikes``, ``looked_at``, ``line`` (evidence/models.py)."""
        return WatchState.objects.filter(move=self.name)

    @property
    def subject(self) -> str:
        """What is taken away, in words: "The way ninja of comm-api"."""
        return f"The way {self.new} of {self.name}"

    # --- phases, checklist ---

    @property
    def phase_names(self) -> Mapping[int, str]:
        """The name of each phase, by its number."""
        return {number: phase.name for number, phase in phases.phases(settings.BASE_DIR / "env", self.name).items()}

    def standing(self, values: Mapping[str, Any]) -> Any:
        """The phase that these values of the flags make: ``number`` (``None`` between two), ``why``, and its text."""
        return phases.standing(phases.phases(settings.BASE_DIR / "env", self.name).values(), values)

    def values(self) -> dict[str, Any]:
        """The value of each flag in this process, as it counts."""
        granted = self.grants()
        return {
            self.switch: getattr(settings, self.switch, self.old),
            f"{self.switch}_PERCENT": granted.cohort.percent,
            f"{self.switch}_GROUPS": sorted(granted.cohort.groups),
            f"{self.switch}_CALLERS": sorted(granted.cohort.callers),
            f"{self.switch}_SHADOW": granted.shadow,
        }

    def checklist(self, to: int) -> Sequence[Finding]:
        """What must hold before phase ``to``, in the order in which an operator would fix it."""
        found = [checklist.serving(self.standing), checklist.migrations()]
        if to >= self.evidence_from:
            now = timezone.now()
            since = now - self.evidence_span
            found.append(checklist.evidence(self.measure(since, now), verdict.GOOD, iso(since)))
        return [*found, *self.findings(to)]

    def findings(self, to: int) -> Sequence[Finding]:
        """Further lines of the checklist before phase ``to``, besides those of every move."""
        return ()


M = TypeVar("M", bound=Move)
_moves: dict[str, Move] = {}


def register(move: M) -> M:
    """Enter a move, which is returned. Called once, when the application starts.

    Raise ImproperlyConfigured for a name that cannot be one, or that another class has already.
    """
    if len(move.name) > LONGEST_NAME or not NAME.fullmatch(move.name):
        raise ImproperlyConfigured(f"A move is named {move.name!r}; it may be lower-case words with hyphens.")
    if move.old == move.new or not all(0 < len(way) <= LONGEST_WAY for way in (move.old, move.new)):
        raise ImproperlyConfigured(
            f"The ways of {move.name} are {move.old!r} and {move.new!r}; they must be two names."
        )
    if move.name in _moves and type(_moves[move.name]) is not type(move):
        raise ImproperlyConfigured(f"There are two moves of the name {move.name}.")
    _moves[move.name] = move
    return move


def unregister(name: str) -> None:
    """Remove a move again, as a test does that has registered one."""
    _moves.pop(name, None)


def get(name: str) -> Move:
    """The move of this name. Raise KeyError where there is none."""
    return _moves[name]


def all_moves() -> list[Move]:
    """All moves, in the order of their registration."""
    return list(_moves.values())
