"""Registers with realtime what is true only now: the topic with its state, the channel layer's group, the observers."""

from django.conf import settings

from realtime.channel_layer.broadcast import broadcast
from realtime.delivery.hub import hub
from realtime.delivery.topics import register_topic
from realtime.transports import client_messages, poll

from ..events import MESSAGES
from . import presence, typing
from .deliveries import deliveries
from .keeper import keeper
from .unread_state import UNREAD, totals


def register() -> None:
    """Called once, when the app is ready."""
    # Not among the default topics: clients from before there were messages get what they always got.
    register_topic(MESSAGES, states=[UNREAD], default=False)
    broadcast.register(groups=lambda user_ids: [typing.GROUP], incoming=typing.incoming)
    hub.observers += [typing.observe, presence.observe, totals.observe]
    client_messages.acknowledged.append(deliveries.acknowledge)
    if settings.WEBSOCKET_BROADCAST:
        broadcast.switch_on()


def keep_presence() -> None:
    """Called by a server process (not by commands): it tells the others who is connected to it."""
    hub.on_arrival.append(keeper.start)
    poll.polled.append(keeper.polled)
