"""Broadcasting through the channel layer: numbered events go out to groups, and hints of other processes come in.

A message that carries an event of the log is only a hint to read the log. Truth, order and audience stay with the log.
The process that numbers events sends their messages. Before it reads them back from the log, it sends a message without
an id (``wake_others``), and so does a process whose events another one numbers, which may not broadcast.
Any other message, which any code may send to a group, is delivered once to whoever is connected (an
``EphemeralMessage``). Applications say which groups there are and who may see what comes from them (``register``), and
the site whether the layer is used (``switch_on``).
"""

import logging
import os
import socket
from collections.abc import Callable, Collection, Iterable
from functools import partial
from typing import Any

from ..access.user_ids import UserId
from ..delivery.ephemeral import EphemeralMessage
from ..delivery.hub import hub
from ..log.events import to_json
from ..log.models import Event
from ..log.numberer import numberer
from .client import ChannelLayerClient, Message

logger = logging.getLogger(__name__)

WAKE = "wake"  # the type of a message that says no more than: look at the log
WAKE_GROUP = "servers"  # the group of all processes, for such messages

Outgoing = Callable[[Event], Iterable[Message]]
Groups = Callable[[Collection[UserId]], Iterable[str]]
Incoming = Callable[[str, str, dict[str, Any]], EphemeralMessage | None]


class Broadcast:
    """The applications' parts of broadcasting. Nothing goes through the layer until ``switch_on`` is called."""

    def __init__(self) -> None:
        self._outgoing: list[Outgoing] = []
        self._groups: list[Groups] = []
        self._incoming: list[Incoming] = []
        self._wake_group = ""
        self._paused_at = -1  # the tail's cursor at the last hint after which receiving paused
        self.layer = ChannelLayerClient(self._received, self._wanted_groups)

    def register(self, *, groups: Groups, incoming: Incoming, outgoing: Outgoing | None = None) -> None:
        """Add an application's groups. Several applications may have their own.

        ``groups`` returns the groups that a process with connections of these users is in. ``incoming`` is given a
        group, a handler's name and data that are not in the log, and returns what is sent to subscribers (``None``:
        nothing, or the group of another application). It must not block. ``outgoing`` returns the messages that carry
        an event of the log; without it the others are only told to look at the log.
        """
        self._groups.append(groups)
        self._incoming.append(incoming)
        if outgoing is not None:
            self._outgoing.append(outgoing)

    def switch_on(self, wake_group: str = WAKE_GROUP) -> None:
        """Send and receive through the channel layer. ``wake_group`` is a group that every process is in.

        Calling it twice is harmless; the first group counts.
        """
        if self._wake_group:
            return
        self._wake_group = wake_group
        numberer.add_waker(self.wake_others)
        numberer.add_follower(self.send)
        hub.on_first_subscriber.append(self.layer.start)

    def send_ephemeral(self, group: str, handler: str, data: dict[str, Any]) -> None:
        """Send a message that is not in the log: here at once, to the other processes in the background.

        It is shown to whom ``incoming`` of the application allows, in each process. Without the layer, or while Redis
        is away, it reaches the subscribers of this process. Returns at once, whatever Redis does.
        """
        self._show(group, handler, data)
        if self._wake_group:
            self.layer.send(lambda: [Message(group, handler, data, sender=_this_process())])

    def send(self, rows: Iterable[Event]) -> None:
        """Hand numbered events to the layer. Returns at once; does nothing while the switch is off."""
        if self._wake_group and self._outgoing:
            self.layer.send(*(partial(self._messages_of, row) for row in rows))

    def _messages_of(self, row: Event) -> list[Message]:
        return [message for outgoing in self._outgoing for message in outgoing(row)]

    def wake_others(self) -> None:
        """Have the other processes look at the log. Returns at once; does nothing while the switch is off."""
        if self._wake_group:
            self.layer.send(lambda: [Message(self._wake_group, WAKE, {"from": _this_process()}, logged=0)])

    def _wanted_groups(self) -> frozenset[str]:
        users = hub.user_ids()
        return frozenset({self._wake_group}.union(*(groups(users) for groups in self._groups)))

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
            if message.get("sender") != _this_process():  # which has shown it already
                self._show(group, str(message.get("type", "")), data)
        else:
            logger.warning("A message to group %s is no object and is not shown.", group)
        return None

    def _show(self, group: str, handler: str, data: dict[str, Any]) -> None:
        for incoming in self._incoming:
            ephemeral = incoming(group, handler, data)
            if ephemeral is not None:
                hub.send_ephemeral(ephemeral)
                return


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
