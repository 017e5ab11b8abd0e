"""Events by way of the channel layer: out to its groups after the commit, and back in to whoever listens here.

A message that carries an event of the log is only a hint to read on: truth, order and audience stay with the log. Any
other, which any code may send to a group, is shown as it passes (a ``Flash``). The app says which groups there are and
who may see what comes from them (``register``).
"""

import logging
from collections.abc import Callable, Collection, Iterable
from functools import partial
from typing import Any

from ..delivery.hub import Flash, hub
from ..log.events import to_json
from ..log.models import Event
from .client import Layer, Message

logger = logging.getLogger(__name__)

Outgoing = Callable[[Event], Iterable[Message]]
Groups = Callable[[Collection[int]], Iterable[str]]
Incoming = Callable[[str, str, dict[str, Any]], Flash | None]


class Broadcast:
    """What an app has to say about its groups: filled in by ``register``, used when the switch is on."""

    def __init__(self) -> None:
        self._outgoing: Outgoing | None = None
        self._groups: Groups = lambda user_ids: ()
        self._incoming: Incoming = lambda group, handler, data: None
        self._rested_at = -1  # the tail's cursor at the last hint that was rested after
        self.layer = Layer(self._received, self._followed)

    def register(self, outgoing: Outgoing, groups: Groups, incoming: Incoming) -> None:
        """Switch broadcasting on.

        ``outgoing`` gives the messages of an event, ``groups`` the groups of the users who listen here, ``incoming``
        what is shown of a message from elsewhere (``None``: nothing).
        """
        self._outgoing, self._groups, self._incoming = outgoing, groups, incoming
        hub.on_listening = self.layer.start

    def send(self, rows: Iterable[Event]) -> None:
        """Hand committed events to the layer. Returns at once; does nothing while the switch is off."""
        if self._outgoing is not None:
            self.layer.send(*(partial(self._outgoing, row) for row in rows))

    def _followed(self) -> frozenset[str]:
        return frozenset(self._groups(hub.user_ids()))

    def _received(self, group: str, message: dict[str, Any]) -> float | None:
        logged, data = message.get("logged"), message.get("data")
        if isinstance(logged, int):
            if logged > hub.cursor:
                hub.wake()
                if hub.cursor != self._rested_at:
                    # Further hints change nothing before the tail's next look. Dozens that came together, each unpacked
                    # while listeners are being told of it all, would only be in their way.
                    self._rested_at = hub.cursor
                    return hub.pace()
        elif isinstance(data, dict):
            flash = self._incoming(group, str(message.get("type", "")), data)
            if flash is not None:
                hub.flash(flash)
        else:
            logger.warning("A message to group %s is no object and is not shown.", group)
        return None


def flash(topic: str, audience: Iterable[str], fields: dict[str, Any]) -> Flash | None:
    """A passing message for those who hold a key of the audience and asked for the topic.

    An ``id`` in it is left out: to a client that is a place in the log. ``None`` for a message that is no frame:
    without a type, or with something in it that JSON cannot say.
    """
    try:
        if isinstance(fields.get("type"), str):
            shown = {name: value for name, value in fields.items() if name != "id"}
            return Flash(topic, frozenset(audience), to_json(shown))
    except (TypeError, ValueError):
        pass
    logger.warning("A message for topic %s is no frame and is not shown.", topic)
    return None


broadcast = Broadcast()
