"""Taking WebSocket away at run time, and giving back what the flags grant. Every change is recorded."""

from django.db import transaction

from ..log.publish import Announcement, publish
from . import transport
from .events import TransportChanged
from .models import TransportChange, TransportHold


def take(scope: str, target: str, *, reason: str, by: str) -> bool:
    """Take WebSocket away from everybody, a group (``target``: its name) or a user (their id).

    ``by`` says who did it. Browsers that are connected are told through the log. Returns whether anything changed: what
    is taken already stays as it is, with its first reason.
    """
    with transaction.atomic():
        _, created = TransportHold.objects.get_or_create(
            scope=scope, target=target, defaults={"reason": reason, "by": by}
        )
        if created:
            _record(TransportChange.Action.TAKE, scope, target, reason, by)
    return created


def give_back(scope: str, target: str, *, reason: str, by: str) -> bool:
    """Give back what the flags grant: lift this scope's hold, or every hold for everybody. Whether any was there."""
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
