"""The WebSocket consumers: the subscription of each path. Their base class is in realtime/transports/websocket.py."""

from realtime.delivery import topics
from realtime.delivery.subscriber import Subscription
from realtime.transports.websocket import SubscriberConsumer

from .events import NOTIFICATIONS, PROJECTS


class NotificationConsumer(SubscriberConsumer):
    """The notifications of the user."""

    def subscription(self, query: dict[str, str]) -> Subscription:
        return topics.of_topics(NOTIFICATIONS)


class ProjectUpdateConsumer(SubscriberConsumer):
    """The events and state of the projects that the user may see."""

    def subscription(self, query: dict[str, str]) -> Subscription:
        return topics.of_topics(PROJECTS)


class EventsConsumer(SubscriberConsumer):
    """The topics named in ``?topics=`` (default: all) and the regions of ``?pages=``, for a whole page."""

    def subscription(self, query: dict[str, str]) -> Subscription:
        return topics.of_page(query.get("topics"), query.get("pages"))
