"""The topics that streams and sockets can subscribe to. Applications register them at start-up.

A topic has events, state frames, or both. ``of_topics`` and ``of_page`` return the subscription that every transport
delivers for a list of names. Equal lists return the same object, so that what is encoded for one connection serves all.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache, lru_cache
from typing import NamedTuple

from ..access.authority import Viewer
from .snapshots import State
from .subscriber import Subscription

Pages = Callable[[str | None], tuple[State, ...]]
ViewerFrame = Callable[[Viewer], str]


class Topic(NamedTuple):
    """A topic: its state frames, the topics whose events change them, and whether it is among the default ones."""

    states: tuple[State, ...]
    examines: frozenset[str]
    default: bool


class _LivePages(NamedTuple):
    pages: Pages
    examines: frozenset[str]


_topics: dict[str, Topic] = {}
_live_pages: list[_LivePages] = []
_viewer_frames: list[ViewerFrame] = []


def register_topic(
    name: str, *, states: Iterable[State] = (), examines: Iterable[str] = (), default: bool = True
) -> None:
    """Let subscriptions have a topic.

    ``states`` are shown beside its events. ``examines`` names further topics whose events change these states; their
    events are looked at, and not sent for this topic's sake. ``default``: a client that names no topics has it. Raises
    ValueError for a name that is registered already.
    """
    if name in _topics:
        raise ValueError(f"Topic {name!r} is registered twice.")
    _topics[name] = Topic(tuple(states), frozenset(examines), default)
    _of.cache_clear()


def register_pages(pages: Pages, *, examines: Iterable[str]) -> None:
    """Let pages have regions that are sent after each change.

    ``pages`` is given the names of a page's regions as the client wrote them (``None``: none) and returns their states,
    equal ones as the same object. It leaves out names that it does not know, and raises ValueError, with a message for
    the client, for what cannot be delivered. ``examines`` names the topics whose events change the regions.
    """
    _live_pages.append(_LivePages(pages, frozenset(examines)))
    _of_page.cache_clear()


def register_viewer_frame(frame: ViewerFrame) -> None:
    """Send pages a frame about their viewer, as the rollout does with their transport.

    It is sent on connect and whenever it changes. There can be one. Raises ValueError for a second one.
    """
    if _viewer_frames:
        raise ValueError("Pages have a frame about their viewer already.")
    _viewer_frames.append(frame)
    _of_page.cache_clear()


def names() -> tuple[str, ...]:
    """Return the names of all topics: those that a client has without naming any, then the others."""
    return tuple(sorted(_topics, key=lambda name: not _topics[name].default))


def of_topics(text: str | None) -> Subscription:
    """Return the subscription to the events and states of the topics in ``text``, separated by commas.

    ``None`` means the default topics. Raise ValueError, with a message for the client, for an unknown topic or an empty
    list.
    """
    if text is None:
        asked = [name for name, topic in _topics.items() if topic.default]
    else:
        asked = [name.strip() for name in text.split(",") if name.strip()]
    unknown = [name for name in asked if name not in _topics]
    if unknown or not asked:
        message = f"Unknown topic {unknown[0][:40]!r}; " if unknown else "No topic; "
        raise ValueError(f"{message}topics are {', '.join(names())}.")
    return _of(frozenset(asked))


@cache  # never more than there are sets of topics
def _of(names: frozenset[str]) -> Subscription:
    chosen = [topic for name, topic in _topics.items() if name in names]
    return Subscription(
        topics=names.union(*(topic.examines for topic in chosen)),
        states=tuple(state for topic in chosen for state in topic.states),
        wanted=lambda frame: frame.topic in names,
    )


def of_page(text: str | None, pages: str | None = None) -> Subscription:
    """Return the subscription of ``of_topics`` for a page, which also receives the frame about its viewer.

    ``pages``: the names of live pages, separated by commas, whose regions are sent after each change. Raise ValueError,
    with a message for the client, for what cannot be delivered.
    """
    subscription = of_topics(text)
    found = [(live, live.pages(pages)) for live in _live_pages]
    return _of_page(
        subscription,
        tuple(state for _, states in found for state in states),
        frozenset[str]().union(*(live.examines for live, states in found if states)),
    )


@lru_cache(maxsize=1_000)
def _of_page(subscription: Subscription, pages: tuple[State, ...], examined: frozenset[str]) -> Subscription:
    return replace(
        subscription,
        topics=subscription.topics | examined,
        # First what takes longest: the others are read by the time that a connection asks for them, and waits once.
        states=(*pages, *subscription.states),
        viewer_frame=_viewer_frames[0] if _viewer_frames else subscription.viewer_frame,
    )
