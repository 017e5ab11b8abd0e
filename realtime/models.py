"""The models of all packages of realtime, where Django looks for them. Nothing else imports this module."""

from .access.models import StreamTicket
from .log.models import Event, LogMark
from .parity.models import Fallback, Feedback, LinkReport, Receipt
from .rollout.models import ConnectionSample, RolloutWatch, ServerProcess, TransportChange, TransportHold

__all__ = [
    "ConnectionSample",
    "Event",
    "Fallback",
    "Feedback",
    "LinkReport",
    "LogMark",
    "Receipt",
    "RolloutWatch",
    "ServerProcess",
    "StreamTicket",
    "TransportChange",
    "TransportHold",
]
