"""One connection's side: why it ends, and which events are for it."""

import hashlib
from datetime import UTC, datetime

import pytest

from realtime.authority import Viewer
from realtime.listener import Listener, Subscription
from realtime.models import Event
from realtime.replay import Frame, Stretch
from realtime.rollout.transport import Decision

VIEWER = Viewer(7, frozenset({"user:7", "project:1"}), "the hash of their password", Decision("sse", "a test"))


def listener(**fields) -> Listener:
    subscription = Subscription(frozenset({"notifications"}))
    usual = {"user_id": 7, "session_key": "s", "auth_hash": VIEWER.auth_hash, "cursor": 0, "subscription": subscription}
    return Listener(**usual | fields)


def frame(kind: str = "notification", audience: tuple[str, ...] = ("user:7",)) -> Frame:
    return Frame(Event(pk=1, type=kind, fields={}, audience=list(audience), at=datetime(2026, 1, 1, tzinfo=UTC)))


def test_it_goes_on_while_all_is_well():
    assert listener().ended(VIEWER) == ""


def test_it_ends_when_the_session_is_over():
    assert listener(session_over=True).ended(VIEWER) == "signed out"


def test_it_ends_when_the_account_is_gone():
    assert listener().ended(None) == "signed out"


def test_it_ends_when_the_password_is_another():
    assert listener(auth_hash="that of an old password").ended(VIEWER) == "signed out"


def test_it_ends_when_what_it_shows_is_no_longer_allowed():
    asked = []
    subscription = Subscription(frozenset(), allowed=lambda viewer: asked.append(viewer))
    assert listener(subscription=subscription).ended(VIEWER) == "no longer allowed"
    assert asked == [VIEWER]


def test_its_session_is_known_by_a_digest():
    assert listener(session_key="abc").session_digest == hashlib.sha256(b"abc").hexdigest()


@pytest.mark.parametrize(
    ("event", "gets"),
    [
        (frame(), True),
        (frame(audience=("user:8", "project:1")), True),
        (frame(audience=("user:8",)), False),
        (frame(audience=()), False),
        (frame("project_created", ("user:7",)), False),  # another topic
        (frame("authority_changed", ("user:7",)), False),  # for the servers only
        (frame("of_a_former_release", ("user:7",)), False),
    ],
    ids=["own", "shared key", "of another", "of nobody", "another topic", "for servers", "unknown"],
)
def test_it_gets_what_it_asked_for_and_may_see(event, gets):
    subscription = listener().subscription
    assert subscription.gets(event, VIEWER) is gets
    assert subscription.share(Stretch([event]), VIEWER).events == ((event,) if gets else ())
