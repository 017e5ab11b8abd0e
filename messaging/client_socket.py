"""What the sockets of all of messaging's APIs share: how a client's message is carried out."""

import json
import logging
from collections.abc import Iterable
from functools import partial
from typing import Any

from django.db import DatabaseError

from realtime.delivery.reader import Reader, result_of
from realtime.transports.websocket import SubscriberConsumer

from .errors import MessagingError
from .people import active_person

logger = logging.getLogger(__name__)

writers = Reader()  # what clients send is carried out here, so that readers of the log need not wait for it

Said = dict[str, Any]
Frames = Iterable[dict[str, Any]]


class ClientSocket(SubscriberConsumer):
    """A socket whose clients send JSON objects. Subclasses carry these out, and say how refusals look."""

    def carry_out(self, person: Any, said: Said) -> Frames:
        """Carry out a message of this person's, in a thread. Return the answer. Raises MessagingError."""
        raise NotImplementedError

    def invalid_json(self) -> dict[str, Any]:
        """The frame that answers what is no JSON object."""
        raise NotImplementedError

    def refused(self, refusal: MessagingError) -> dict[str, Any]:
        """The frame that answers what a service refuses."""
        raise NotImplementedError

    def failed(self) -> dict[str, Any]:
        """The frame that answers a message while the database does not."""
        raise NotImplementedError

    async def respond(self, text: str) -> Frames:
        try:
            said = json.loads(text)
        except (ValueError, RecursionError):
            return [self.invalid_json()]
        if not isinstance(said, dict):
            return [self.invalid_json()]
        try:
            return await result_of(writers.submit(None, partial(self._carried_out, said)))
        except (DatabaseError, TimeoutError) as fault:
            logger.warning("A client's message was not carried out: %s: %s", type(fault).__name__, fault)
            return [self.failed()]

    def _carried_out(self, said: Said) -> Frames:
        person = active_person(self.user_id)
        if person is None:  # disabled a moment ago: the socket is about to be closed
            return ()
        try:
            return list(self.carry_out(person, said))
        except MessagingError as refusal:
            return [self.refused(refusal)]
