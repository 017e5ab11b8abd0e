"""User by user: the transport, why it is that one, how far the connection is behind, and what failed last."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.contrib.auth import get_user_model
from django.core.paginator import Page, Paginator
from django.db.models import Case, OuterRef, Q, QuerySet, Subquery, When
from django.utils import timezone

from realtime.access import accounts, audience
from realtime.access.user_ids import UserId, of_json, sort_key
from realtime.log.events import topic_of
from realtime.log.models import Event
from realtime.parity.compare import GRACE
from realtime.parity.models import Fallback, Feedback, LinkReport
from realtime.rollout.models import TransportHold

from ..transport import grants, transport
from ..transport.transport import Decision

PAGE = 50
LIVE = timedelta(minutes=7)  # a quiet browser reports every five; one that reports no more may be gone without a word
MOST_EVENTS = 500  # the newest of the log, looked at to say how far behind somebody is
MOST_RANKED = 500  # live connections that are compared when people are sorted by how far behind they are
LONGEST_SEARCH = 100
SORTS = {"name": "by name", "lag": "furthest behind first"}


class Newest(NamedTuple):
    """An event of the log for computing lags. ``topic`` is ``None`` for events that no browser gets."""

    pk: int
    at: datetime
    topic: str | None
    keys: frozenset[str]


class Lag(NamedTuple):
    """How many events a user may get after the cursor that their connection last reported.

    ``overdue``: how many of them their browser should have had when it was last heard of (parity/compare.py has the
    same rule). ``newest``: the newest event that they may get. ``whole``: whether the cursor is within the events that
    were read.
    """

    events: int
    overdue: int
    newest: int
    whole: bool


@dataclass(frozen=True)
class Row:
    """A user. ``link`` is a working connection (``live``: as far as is known), or else the latest one that worked."""

    user: Any
    told: Decision
    link: LinkReport | None
    live: bool
    lag: Lag | None
    fallback: Fallback | None
    feedback: Feedback | None
    hold: TransportHold | None


def people(search: str, sort: str, number: str | None) -> Page[Any]:
    """A page of active users whose name contains ``search``, as rows. The number of queries is fixed."""
    found = get_user_model().objects.filter(is_active=True).order_by("username")
    search = search.replace("\0", "").strip()[:LONGEST_SEARCH]
    if search:
        names = ("username", "first_name", "last_name")
        found = found.filter(Q(*((f"{name}__icontains", search) for name in names), _connector=Q.OR))
    now = timezone.now()
    newest = _newest_events()
    known: dict[LinkReport, Lag] = {}
    if sort == "lag":
        found, known = _furthest_first(found, newest, now)
    page: Page[Any] = Paginator(found, PAGE).get_page(number)
    page.object_list = _rows(list(page.object_list), newest, now, known)
    return page


def _newest_events() -> list[Newest]:
    """The newest events that browsers get, newest first."""
    rows = Event.objects.order_by("-id").values_list("id", "at", "type", "audience")[:MOST_EVENTS]
    return [Newest(pk, at, topic_of(name), frozenset(keys)) for pk, at, name, keys in rows]


def _furthest_first(
    found: QuerySet[Any], newest: list[Newest], now: datetime
) -> tuple[QuerySet[Any], dict[LinkReport, Lag]]:
    """The same users: first those with a live connection, ordered by how far they are behind. Also the lags seen."""
    links = LinkReport.objects.filter(reported_at__gte=now - LIVE, shown=True, worked_at__isnull=False, ended_at=None)
    latest: dict[UserId, LinkReport] = {}
    for link in links.order_by("-reported_at", "-opened_at")[:MOST_RANKED]:
        latest.setdefault(link.user_id, link)
    lags = _lags(latest.values(), newest)
    ranks = sorted(lags, key=lambda user_id: (-lags[user_id].overdue, -lags[user_id].events, sort_key(user_id)))
    rank = Case(*(When(pk=user_id, then=place) for place, user_id in enumerate(ranks)), default=len(ranks))
    seen = {latest[user_id]: lag for user_id, lag in lags.items()}
    return (found.order_by(rank, "username") if ranks else found), seen


def _rows(users: list[Any], newest: list[Newest], now: datetime, known: dict[LinkReport, Lag]) -> list[Row]:
    """The rows of these users. ``known``: lags that need not be found out again."""
    ids = [user.pk for user in users]
    told = grants.decisions(accounts.read(ids))
    working = Case(When(ended_at=None, reported_at__gte=now - LIVE, then=0), default=1)
    worked = LinkReport.objects.filter(shown=True, worked_at__isnull=False)
    links = _latest(worked, ids, working, "-reported_at", "-opened_at")
    fallbacks = _latest(Fallback.objects.all(), ids, "-at", "-id")
    feedback = _latest(Feedback.objects.all(), ids, "-at", "-id")
    live = {key: link for key, link in links.items() if link.ended_at is None and link.reported_at >= now - LIVE}
    lags = {user_id: known[link] for user_id, link in live.items() if link in known}
    lags |= _lags((link for user_id, link in live.items() if user_id not in lags), newest)
    taken = TransportHold.objects.filter(scope=transport.USER, target__in=map(str, ids))
    holds = {of_json(hold.target): hold for hold in taken}
    return [
        Row(
            user,
            told[user.pk],
            links.get(user.pk),
            user.pk in live,
            lags.get(user.pk),
            fallbacks.get(user.pk),
            feedback.get(user.pk),
            holds.get(user.pk),
        )
        for user in users
        if user.pk in told  # else disabled a moment ago
    ]


def _latest(rows: QuerySet[Any], user_ids: Collection[UserId], *order: Any) -> dict[UserId, Any]:
    """The first row in this order for each of these users."""
    first = rows.filter(user=OuterRef("pk")).order_by(*order).values("pk")[:1]
    users = get_user_model().objects.filter(pk__in=user_ids).annotate(first=Subquery(first))
    wanted = users.exclude(first=None).values("first")
    return {row.user_id: row for row in rows.model.objects.filter(pk__in=Subquery(wanted))}


def _lags(links: Iterable[LinkReport], newest: list[Newest]) -> dict[UserId, Lag]:
    """The lag of each of these users' connections, by what they may see now."""
    told = {link.user_id: link for link in links if link.cursor_to is not None}
    if not told:
        return {}
    oldest = newest[-1].pk if newest else 0
    keys = audience.keys_of(accounts.read(list(told)))
    lags: dict[UserId, Lag] = {}
    for user_id, link in told.items():
        cursor = link.cursor_to or 0
        theirs = [
            event
            for event in newest
            if event.topic in link.topics and audience.may_see(keys.get(user_id, frozenset()), event.keys)
        ]
        behind = [event for event in theirs if event.pk > cursor]
        lags[user_id] = Lag(
            events=len(behind),
            overdue=sum(link.heard_at is not None and event.at + GRACE <= link.heard_at for event in behind),
            newest=max((event.pk for event in theirs), default=cursor),
            whole=cursor >= oldest or len(newest) < MOST_EVENTS,
        )
    return lags
