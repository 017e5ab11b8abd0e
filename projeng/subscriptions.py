"""Subscriptions to topics, which SSE views (projeng/sse.py) and WebSocket consumers (projeng/consumers.py) share."""

from dataclasses import replace
from functools import cache, lru_cache

from realtime.delivery.snapshots import State
from realtime.delivery.subscriber import Subscription
from realtime.rollout import grants

from . import states
from .events import DASHBOARD, NOTIFICATIONS, PROJECTS, TOPICS
from .live.states import of_pages

STATES = {
    NOTIFICATIONS: states.UNREAD_COUNT,
    PROJECTS: states.CHANGED_PROJECTS,
    DASHBOARD: states.DASHBOARD_COUNTS,
}


def of_topics(text: str | None) -> Subscription:
    """Return the subscription to the events and states of the topics in ``text``, separated by commas.

    ``None`` means all topics. Raise ValueError, with a message for the client, for an unknown topic or an empty list.
    """
    asked = [name.strip() for name in (",".join(TOPICS) if text is None else text).split(",") if name.strip()]
    unknown = [name for name in asked if name not in TOPICS]
    if unknown or not asked:
        message = f"Unknown topic {unknown[0][:40]!r}; " if unknown else "No topic; "
        raise ValueError(f"{message}topics are {', '.join(TOPICS)}.")
    return _of(frozenset(asked))


@cache  # equal subscriptions are one object, so that their encoded frames are shared
def _of(topics: frozenset[str]) -> Subscription:
    shown = tuple(STATES[topic] for topic in TOPICS if topic in topics)
    # The dashboard's counters change with projects, so their events are examined even when they are not sent.
    examined = topics | {PROJECTS} if DASHBOARD in topics else topics
    return Subscription(examined, shown, wanted=lambda frame: frame.topic in topics)


def of_page(text: str | None, pages: str | None = None) -> Subscription:
    """Return the subscription of ``of_topics`` for a page, which also receives frames about its transport.

    ``pages``: names of live pages, separated by commas, whose regions are sent after each change
    (projeng/live/pages.py). Raise ValueError, with a message for the client, for what cannot be delivered.
    """
    return _of_page(of_topics(text), of_pages(pages))


@lru_cache(maxsize=1_000)
def _of_page(subscription: Subscription, pages: tuple[State, ...]) -> Subscription:
    # The regions change with projects, so their events are examined even when they are not sent.
    return replace(
        subscription,
        topics=subscription.topics | {PROJECTS} if pages else subscription.topics,
        # First what takes longest: the others are read by the time that a connection asks for them, and waits once.
        states=(*pages, *subscription.states),
        viewer_frame=grants.frame_for,
    )
