"""What each address carries, for both doors alike (projeng/sse.py, projeng/consumers.py)."""

from dataclasses import replace
from functools import cache

from realtime.delivery.subscriber import Subscription
from realtime.rollout import grants

from . import states
from .events import DASHBOARD, NOTIFICATIONS, PROJECTS, TOPICS

STATES = {
    NOTIFICATIONS: states.UNREAD_COUNT,
    PROJECTS: states.CHANGED_PROJECTS,
    DASHBOARD: states.DASHBOARD_COUNTS,
}


def of_topics(text: str | None) -> Subscription:
    """Everything of the topics named in ``text`` (by comma; ``None``: all of them), events and state.

    Raises ValueError, in words for the client, for a topic that there is not, and for none at all.
    """
    asked = [name.strip() for name in (",".join(TOPICS) if text is None else text).split(",") if name.strip()]
    unknown = [name for name in asked if name not in TOPICS]
    if unknown or not asked:
        message = f"Unknown topic {unknown[0][:40]!r}; " if unknown else "No topic; "
        raise ValueError(f"{message}topics are {', '.join(TOPICS)}.")
    return _of(frozenset(asked))


@cache  # the same for all who ask for the same, so that what is worked out for one serves the others
def _of(topics: frozenset[str]) -> Subscription:
    shown = tuple(STATES[topic] for topic in TOPICS if topic in topics)
    # The dashboard's counters change with projects, so the stream must look at those without sending them.
    looked_at = topics | {PROJECTS} if DASHBOARD in topics else topics
    return Subscription(looked_at, shown, wanted=lambda frame: frame.topic in topics)


def of_page(text: str | None) -> Subscription:
    """The same for a whole page, which is told besides by which transport it is to listen.

    Raises ValueError as ``of_topics`` does.
    """
    return _of_page(of_topics(text))


@cache
def _of_page(subscription: Subscription) -> Subscription:
    return replace(subscription, viewer_frame=grants.frame_for)
