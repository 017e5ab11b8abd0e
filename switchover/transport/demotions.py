"""Demotions: taking WebSocket away at run time, and restoring what the flags grant. Every change is recorded."""

from django.db import transaction

from realtime.log.publish import Announcement, publish
from realtime.rollout.models import TransportChange, TransportHold

from . import transport
from .events import TransportChanged


def demote(scope: str, target: str, *, reason: str, by: str) -> bool:
    """Take WebSocket away from everybody, a group (``target``: its name) or a user (their id).

    ``by`` names who did it. The log tells the servers, and these tell connected browsers. Return whether anything
    changed: an existing demotion stays as it is, with its first reason.
    """
    with transaction.atomic():
        _, created = TransportHold.objects.get_or_create(
            scope=scope, target=target, defaults={"reason": reason, "by": by}
        )
        if created:
            _record(TransportChange.Action.TAKE, scope, target, reason, by)
    return created


def restore(scope: str, target: str, *, reason: str, by: str) -> bool:
    """Lift the demotion of this scope, or with ``ALL`` every demotion. Return whether there was any."""
    with transaction.atomic():
        found = TransportHold.objects.all()
        if scope != transport.ALL:
            found = found.filter(scope=scope, target=target)
        lifted, _ = found.delete()
        if lifted:
            _record(TransportChange.Action.GIVE_BACK, scope, target, reason, by)
    return bool(lifted)


def _record(action: str, scope: str, target: str, reason: str, by: str) -> None:
    TransportChange.objects.create(action=action, scope=scope, target=target, reason=reason, by=by)
    publish(Announcement(TransportChanged(), ()))
