"""Parses reports. One wrong field refuses the whole report, since the site's own pages send none."""

import json
import re
from dataclasses import dataclass
from typing import Any

from ..log.replay import LARGEST_ID
from .models import LinkReport

MOST_LINKS = 20
MOST_EVENTS = 500
MOST_FALLBACKS = 20
MOST_POSITION = 1_000_000
LONGEST_AGO = 7 * 24 * 3600 * 1000  # milliseconds

NAME = re.compile(r"[0-9a-z-]{8,36}")
REASON = re.compile(r"[a-z-]{0,32}")
TOPIC = re.compile(r"[a-z_]{1,32}")
TRANSPORTS = frozenset(LinkReport.Transport.values)


@dataclass(frozen=True)
class ReportedLink:
    """The report of one link. Times are milliseconds before the report was sent; ``None``: not yet, or not known.

    ``events`` are ids with their times, in the order of arrival. The first of them was the link's ``first``-th event.
    ``painted`` are ids of these or of earlier events, with the times at which they were on the screen.
    """

    link: str
    transport: str
    shown: bool
    topics: list[str]
    opened_ago: int
    worked_ago: int | None
    heard_ago: int | None
    ended_ago: int | None
    reason: str
    cursor_from: int | None
    cursor_to: int | None
    dropped: int
    first: int
    events: list[tuple[int, int | None]]
    painted: list[tuple[int, int | None]]


@dataclass(frozen=True)
class ReportedFallback:
    """A browser fell back from one transport to another, so many milliseconds ago."""

    name: str
    left: str
    taken: str
    reason: str
    ago: int


@dataclass(frozen=True)
class Report:
    """The content of one request."""

    links: list[ReportedLink]
    fallbacks: list[ReportedFallback]

    @property
    def size(self) -> int:
        """The number of events in the report."""
        return sum(len(link.events) for link in self.links)


def parse(body: bytes) -> Report:
    """Parse a report. Raises ValueError, with a message for the sender's author, for a field that is wrong."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        raise ValueError("Not JSON.") from None
    links = [_link(one) for one in _list(_object(said, "report"), "links", MOST_LINKS)]
    fallbacks = [_fallback(one) for one in _list(said, "fallbacks", MOST_FALLBACKS)]
    report = Report(links, fallbacks)
    if report.size > MOST_EVENTS:
        raise ValueError(f"A report tells of at most {MOST_EVENTS} events.")
    if len({link.link for link in links}) < len(links):
        raise ValueError("A link is reported twice.")
    return report


def _link(value: Any) -> ReportedLink:
    said = _object(value, "link")
    if not isinstance(said.get("shown"), bool):
        raise ValueError("shown is true or false.")
    topics = _list(said, "topics", 10)
    if not all(isinstance(topic, str) and TOPIC.fullmatch(topic) for topic in topics):
        raise ValueError("topics are names.")
    first = _number(said, "first", 0, MOST_POSITION) or 0
    return ReportedLink(
        link=_word(said, "link", NAME),
        transport=_transport(said, "transport"),
        shown=said["shown"],
        topics=sorted(set(topics)),
        opened_ago=_ago(said, "opened_ago"),
        worked_ago=_number(said, "worked_ago", 0, LONGEST_AGO),
        heard_ago=_number(said, "heard_ago", 0, LONGEST_AGO),
        ended_ago=_number(said, "ended_ago", 0, LONGEST_AGO),
        reason=_word(said, "reason", REASON, ""),
        cursor_from=_number(said, "from", 0, LARGEST_ID),
        cursor_to=_number(said, "to", 0, LARGEST_ID),
        dropped=_number(said, "dropped", 0, MOST_POSITION) or 0,
        first=first,
        events=[_event(one) for one in _list(said, "events", MOST_EVENTS)],
        painted=[_event(one) for one in _list(said, "painted", MOST_EVENTS)],
    )


def _fallback(value: Any) -> ReportedFallback:
    said = _object(value, "fallback")
    return ReportedFallback(
        name=_word(said, "name", NAME),
        left=_transport(said, "from"),
        taken=_transport(said, "to"),
        reason=_word(said, "reason", REASON, ""),
        ago=_ago(said, "ago"),
    )


def _event(value: Any) -> tuple[int, int | None]:
    if not isinstance(value, list) or len(value) != 2:
        raise ValueError("An event is [id, milliseconds ago].")
    pair = {"id": value[0], "ago": value[1]}
    event_id = _number(pair, "id", 1, LARGEST_ID)
    if event_id is None:
        raise ValueError("An event has an id.")
    return event_id, _number(pair, "ago", 0, LONGEST_AGO)


def _object(value: Any, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"A {what} is an object.")
    return value


def _list(said: dict[str, Any], name: str, most: int) -> list[Any]:
    value = said.get(name, [])
    if not isinstance(value, list) or len(value) > most:
        raise ValueError(f"{name} is a list of at most {most}.")
    return value


def _number(said: dict[str, Any], name: str, low: int, high: int) -> int | None:
    value = said.get(name)
    if value is None:
        return None
    if type(value) is not int or not low <= value <= high:
        raise ValueError(f"{name} is a whole number from {low} to {high}.")
    return value


def _ago(said: dict[str, Any], name: str) -> int:
    value = _number(said, name, 0, LONGEST_AGO)
    if value is None:
        raise ValueError(f"{name} is missing.")
    return value


def _word(said: dict[str, Any], name: str, form: re.Pattern[str], default: str | None = None) -> str:
    value = said.get(name, default)
    if not isinstance(value, str) or not form.fullmatch(value):
        raise ValueError(f"{name} is a text of the form {form.pattern}.")
    return value


def _transport(said: dict[str, Any], name: str) -> str:
    value = said.get(name)
    if not isinstance(value, str) or value not in TRANSPORTS:
        raise ValueError(f"{name} is one of {', '.join(sorted(TRANSPORTS))}.")
    return value
