"""Broadcasting through the channel layer: numbered events go out to groups, and hints of other processes come in.

A message that carries an event of the log is only a hint to read the log. Truth, order and audience stay with the log.
The process that numbers events sends their messages. Before it reads them back from the log, it sends a message without
an id (``wake_others``), and so does a process whose events another one numbers, which may not broadcast.
Any other message, which any code may send to a group, is delivered once to whoever is connected (an
``EphemeralMessage``). The application says which groups there are and who may see what comes from them (``register``).
"""

import logging
import os
import socket
from collections.abc import Callable, Collection, Iterable
from functools import partial
from typing import Any

from ..delivery.ephemeral import EphemeralMessage
from ..delivery.hub import hub
from ..log.events import to_json
from ..log.models import Event
from ..log.numberer import numberer
from .client import ChannelLayerClient, Message

logger = logging.getLogger(__name__)

WAKE = "wake"  # the type of a message that says no more than: look at the log

Outgoing = Callable[[Event], Iterable[Message]]
Groups = Callable[[Collection[int]], Iterable[str]]
Incoming = Callable[[str, str, dict[str, Any]], EphemeralMessage | None]


class Broadcast:
    """The application's part of broadcasting. Does nothing until ``register`` is called."""

    def __init__(self) -> None:
        self._outgoing: Outgoing | None = None
        self._groups: Groups = lambda user_ids: ()
        self._incoming: Incoming = lambda group, handler, data: None
        self._wake_group = ""
        self._paused_at = -1  # the tail's cursor at the last hint after which receiving paused
        self.layer = ChannelLayerClient(self._received, self._wanted_groups)

    def register(self, outgoing: Outgoing, groups: Groups, incoming: Incoming, wake_group: str) -> None:
        """Switch broadcasting on.

        ``outgoing`` returns the messages that carry an event. ``groups`` returns the groups of the users who are
        connected to this process. ``incoming`` returns what is sent to subscribers of a message that is not in the log
        (``None``: nothing). ``wake_group`` is a group that every process is in.
        """
        self._outgoing, self._groups, self._incoming = outgoing, groups, incoming
        self._wake_group = wake_group
        numberer.add_waker(self.wake_others)
        numberer.add_follower(self.send)
        hub.on_first_subscriber = self.layer.start

    def send(self, rows: Iterable[Event]) -> None:
        """Hand numbered events to the layer. Returns at once; does nothing while the switch is off."""
        if self._outgoing is not None:
            self.layer.send(*(partial(self._outgoing, row) for row in rows))

    def wake_others(self) -> None:
        """Have the other processes look at the log. Returns at once; does nothing while the switch is off."""
        if self._wake_group:
            self.layer.send(lambda: [Message(self._wake_group, WAKE, {"from": _this_process()}, logged=0)])

    def _wanted_groups(self) -> frozenset[str]:
        return frozenset(self._groups(hub.user_ids()))

    def _received(self, group: str, message: dict[str, Any]) -> float | None:
        logged, data = message.get("logged"), message.get("data")
        if isinstance(logged, int):
            if logged > hub.cursor or _wakes(message):
                hub.wake()
                if hub.cursor != self._paused_at:
                    # Further hints change nothing before the tail's next look. Deserializing dozens of them now would
                    # only delay the writes to subscribers.
                    self._paused_at = hub.cursor
                    return hub.pace()
        elif isinstance(data, dict):
            ephemeral = self._incoming(group, str(message.get("type", "")), data)
            if ephemeral is not None:
                hub.send_ephemeral(ephemeral)
        else:
            logger.warning("A message to group %s is no object and is not shown.", group)
        return None


def _this_process() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


def _wakes(message: dict[str, Any]) -> bool:
    """Whether this is the message of another process that there is something new in the log."""
    data = message.get("data")
    return message.get("type") == WAKE and isinstance(data, dict) and data.get("from") != _this_process()


def ephemeral_message(topic: str, audience: Iterable[str], fields: dict[str, Any]) -> EphemeralMessage | None:
    """An ephemeral message for subscribers of the topic who hold a key of the audience.

    Its ``id`` is left out, since to a client that is a position in the log. ``None`` for a message that is no frame:
    without a type, or with a value that JSON cannot represent.
    """
    try:
        if isinstance(fields.get("type"), str):
            frame = {name: value for name, value in fields.items() if name != "id"}
            return EphemeralMessage(topic, frozenset(audience), to_json(frame))
    except (TypeError, ValueError):
        pass
    logger.warning("A message for topic %s is no frame and is not shown.", topic)
    return None


broadcast = Broadcast()
