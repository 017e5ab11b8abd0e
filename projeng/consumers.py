"""The WebSocket door: which address carries what. How a socket works is in realtime/transports/websocket.py."""

from realtime.delivery.subscriber import Subscription
from realtime.transports.websocket import SubscriberConsumer

from . import subscriptions
from .events import NOTIFICATIONS, PROJECTS


class NotificationConsumer(SubscriberConsumer):
    """One person's notifications."""

    def subscription(self, query: dict[str, str]) -> Subscription:
        return subscriptions.of_topics(NOTIFICATIONS)


class ProjectUpdateConsumer(SubscriberConsumer):
    """The projects that the person may see."""

    def subscription(self, query: dict[str, str]) -> Subscription:
        return subscriptions.of_topics(PROJECTS)


class EventsConsumer(SubscriberConsumer):
    """Everything that a page needs: ``?topics=`` names what (default: all)."""

    def subscription(self, query: dict[str, str]) -> Subscription:
        return subscriptions.of_page(query.get("topics"))
