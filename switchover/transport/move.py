"""The move of transports: the first that the engine moved."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db.models import QuerySet

from realtime.rollout.models import TransportHold

from ..callers import Caller
from ..checklist import values
from ..choosing import CALLER, GROUP, Grants
from ..evidence.verdict import Check
from ..findings import Finding
from ..moves import Move
from . import checklist, grants, phases, transport
from .held import TransportDemotions
from .report import Parity, measure
from .text import as_text
from .watch import WatchedTransport


@dataclass(frozen=True)
class TransportEvidence:
    """What browsers reported, as the engine needs it (switchover/evidence/interface.py)."""

    parity: Parity

    @property
    def checks(self) -> Sequence[Check]:
        """WebSocket's numbers against the limits."""
        return self.parity.checks

    @property
    def verdict(self) -> str:
        """``good``, ``bad`` or ``not enough data``."""
        return self.parity.verdict

    @property
    def remarks(self) -> Sequence[str]:
        """Nothing: browsers report all that they see."""
        return ()

    def outcome(self) -> dict[str, Any]:
        """The report for scripts."""
        return self.parity.outcome()

    def text(self) -> str:
        """The report for people, its verdict last."""
        return as_text(self.parity)


class TransportMove(Move):
    """From Server-Sent Events to WebSocket. Its flags, tables and evidence are older than the engine, and its own."""

    name = "transport"
    title = "How live updates reach browsers"
    old = transport.SSE
    new = transport.WEBSOCKET
    switch = "USE_WEBSOCKETS"
    page = "control_room"
    check_names = WatchedTransport.check_names
    watch_key = WatchedTransport.watch_key
    _watched = WatchedTransport()

    @property
    def flags(self) -> tuple[str, ...]:
        """The names of the settings that make this move's phases."""
        return phases.SWITCHES

    def grants(self) -> Grants:
        """What the environment grants now."""
        return transport.grants(grants.flags())

    def early(self, grants: Grants, caller: Caller) -> str | None:
        """Staff shadow while nobody is told to use WebSocket."""
        return transport.early(caller)

    def subject_of(self, scope: str, name: str) -> str:
        """The id of a user by name, and a group's name. Raise LookupError where there is none."""
        if scope == CALLER:
            user = get_user_model().objects.filter(username=name).first()
            if user is None:
                raise LookupError(f"There is no user {name!r}.")
            return str(user.pk)
        # A group that is gone may still have a demotion to lift.
        if scope == GROUP and not (
            Group.objects.filter(name=name).exists()
            or TransportHold.objects.filter(scope=transport.GROUP, target=name).exists()
        ):
            raise LookupError(f"There is no group {name!r}.")
        return name

    @property
    def demotions(self) -> TransportDemotions:
        """Where the demotions of this move are kept."""
        return TransportDemotions()

    def measure(self, since: datetime, until: datetime) -> TransportEvidence:
        """What browsers reported of [``since``, ``until``), with the verdict."""
        return TransportEvidence(measure(since, until))

    def complete(self, until: datetime) -> datetime:
        """The last moment up to ``until`` before which nothing more is counted."""
        return self._watched.complete(until)

    def judge(self, since: datetime, until: datetime) -> Sequence[Check]:
        """What browsers reported of WebSocket, against the limits."""
        return self._watched.judge(since, until)

    @property
    def subject(self) -> str:
        """What is taken away, in words."""
        return self._watched.subject

    @property
    def strikes(self) -> int:
        """So many broken limits in a row take WebSocket away from everybody."""
        return self._watched.strikes

    @property
    def settle(self) -> timedelta:
        """For so long "good" is provisional."""
        return self._watched.settle

    def watch_states(self) -> QuerySet[Any]:
        """The rows of the watch."""
        return self._watched.watch_states()

    @property
    def phase_names(self) -> Mapping[int, str]:
        """The name of each phase, by its number."""
        return phases.NAMES

    def standing(self, values: Mapping[str, Any]) -> phases.Standing:
        """The phase that these switches make."""
        return phases.standing(values)

    def values(self) -> dict[str, Any]:
        """The value of each switch in this process."""
        return values(settings.SWITCHES)

    def checklist(self, to: int) -> Sequence[Finding]:
        """The safety checklist before phase ``to``."""
        return checklist.findings(to)
