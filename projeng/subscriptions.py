"""The topics and live pages of the office, registered for subscriptions (realtime/delivery/topics.py)."""

from realtime.delivery.topics import register_pages, register_topic

from . import states
from .events import DASHBOARD, NOTIFICATIONS, PROJECTS
from .live.states import of_pages


def register() -> None:
    """Register them, in the order in which their states are sent."""
    register_topic(NOTIFICATIONS, states=[states.UNREAD_COUNT])
    register_topic(PROJECTS, states=[states.CHANGED_PROJECTS])
    register_topic(DASHBOARD, states=[states.DASHBOARD_COUNTS], examines=[PROJECTS])
    register_pages(of_pages, examines=[PROJECTS])
