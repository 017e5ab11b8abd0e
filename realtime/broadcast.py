"""Events by way of the channel layer: out to its groups after the commit, and back in to whoever listens here.

An event that comes back with the id of the log is only a hint to read on: truth, order and audience stay with the log.
A message without an id, which any code may send to a group, is shown as it passes (a ``Flash``). The app says which
groups there are and who may see what comes from them (``register``).
"""

import logging
from collections.abc import Callable, Collection, Iterable
from typing import Any

from .events import to_json
from .hub import Flash, hub
from .layer import Layer, Message
from .models import Event

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
            self.layer.send([message for row in rows for message in self._outgoing(row)])

    def _followed(self) -> frozenset[str]:
        return frozenset(self._groups(hub.user_ids()))

    def _received(self, group: str, handler: str, data: Any) -> None:
        if not isinstance(data, dict):
            logger.warning("A message to group %s is no object and is not shown.", group)
            return
        if isinstance(data.get("id"), int):
            if data["id"] > hub.cursor:
                hub.wake()
            return
        flash = self._incoming(group, handler, data)
        if flash is not None:
            hub.flash(flash)


def flash(topic: str, audience: Iterable[str], fields: dict[str, Any]) -> Flash | None:
    """A passing message for those who hold a key of the audience and asked for the topic.

    ``None`` for one that is no frame: without a type, or with something in it that JSON cannot say.
    """
    try:
        if isinstance(fields.get("type"), str):
            return Flash(topic, frozenset(audience), to_json(fields))
    except (TypeError, ValueError):
        pass
    logger.warning("A message for topic %s is no frame and is not shown.", topic)
    return None


broadcast = Broadcast()
