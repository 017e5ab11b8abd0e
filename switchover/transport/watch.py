"""The watch of the rollout: what every move's watch does (switchover/evidence/watch.py), by what browsers reported."""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from realtime.rollout.models import RolloutWatch

from ..evidence import watch
from ..evidence.verdict import Check
from ..evidence.watch import Look
from . import transport, verdict
from .held import TransportDemotions
from .report import measure

__all__ = ["REPORTED_WITHIN", "look", "timezone"]

logger = logging.getLogger(__name__)

# An idle browser reports its cursor every seven minutes at the latest (IDLE_DELAY in
# realtime/static/realtime/js/reports/receipts.js), and one whose socket falls silent notices after a while. Until then
# "good" is provisional.
REPORTED_WITHIN = timedelta(minutes=10)


class WatchedTransport:
    """The part of the transport's move that is watched."""

    subject = "WebSocket"
    check_names = verdict.LIMITS
    watch_key: Mapping[str, Any] = {}
    demotions = TransportDemotions()

    @property
    def strikes(self) -> int:
        """So many broken limits in a row demote everybody."""
        strikes: int = settings.ROLLOUT_STRIKES
        return strikes

    @property
    def settle(self) -> timedelta:
        """Some browsers report that late, and the worst cases report last."""
        return REPORTED_WITHIN

    def watch_states(self) -> QuerySet[Any]:
        """The rows of the watch."""
        return RolloutWatch.objects.all()

    def complete(self, until: datetime) -> datetime:
        """What browsers report has the moment at which it happened, so each moment can be judged."""
        return until

    def judge(self, since: datetime, until: datetime) -> Sequence[Check]:
        """What browsers reported of WebSocket, against the limits."""
        return measure(since, until, [transport.WEBSOCKET]).checks


def look(settle: timedelta) -> Look:
    """Judge what happened since the last judgement, except for the last ``settle``, which is not reported yet."""
    found = watch.look(WatchedTransport(), settle)
    if found.demoted:
        logger.warning("WebSocket is taken away from everybody: %s", found.demoted)
    return found
