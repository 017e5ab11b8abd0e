"""One connection's side: why it ends, and which events are for it."""

import hashlib
from datetime import UTC, datetime

import pytest

from realtime.access.authority import Viewer
from realtime.access.credentials import SESSION, Credential
from realtime.delivery.subscriber import Subscriber, Subscription
from realtime.log.models import Event
from realtime.log.replay import Frame, LogSlice

VIEWER = Viewer(7, frozenset({"user:7", "project:1"}), "the hash of their password")
CREDENTIAL = Credential(SESSION, "s", VIEWER.auth_hash)


def subscriber(**fields) -> Subscriber:
    subscription = Subscription(frozenset({"notifications"}))
    usual = {"user_id": 7, "credential": CREDENTIAL, "cursor": 0, "subscription": subscription}
    return Subscriber(**usual | fields)


def frame(kind: str = "notification", audience: tuple[str, ...] = ("user:7",)) -> Frame:
    return Frame(Event(pk=1, type=kind, fields={}, audience=list(audience), at=datetime(2026, 1, 1, tzinfo=UTC)))


def test_it_goes_on_while_all_is_well():
    assert subscriber().ended(VIEWER) == ""


def test_it_ends_when_the_session_is_over():
    assert subscriber(session_over=True).ended(VIEWER) == "signed out"


def test_it_ends_when_the_account_is_gone():
    assert subscriber().ended(None) == "signed out"


def test_it_ends_when_the_password_is_another():
    assert subscriber(credential=Credential(SESSION, "s", "that of an old password")).ended(VIEWER) == "signed out"


def test_it_ends_when_what_it_shows_is_no_longer_allowed():
    asked = []
    subscription = Subscription(frozenset(), allowed=lambda viewer: asked.append(viewer))
    assert subscriber(subscription=subscription).ended(VIEWER) == "no longer allowed"
    assert asked == [VIEWER]


def test_its_credential_is_known_by_a_digest():
    assert subscriber(credential=Credential(SESSION, "abc")).credential_digest == hashlib.sha256(b"abc").hexdigest()


@pytest.mark.parametrize(
    ("event", "includes"),
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
def test_it_gets_what_it_asked_for_and_may_see(event, includes):
    subscription = subscriber().subscription
    assert subscription.includes(event, VIEWER) is includes
    assert subscription.select(LogSlice([event]), VIEWER).events == ((event,) if includes else ())


# --- what is worked out for one serves the others ---------------------------------------------------------------


def test_what_of_some_events_is_for_whom_is_worked_out_once_for_all_with_the_same_rights():
    asked = []
    subscription = Subscription(frozenset({"notifications"}), wanted=lambda event: asked.append(event) or True)
    log_slice = LogSlice([frame(audience=("projects",)), frame(audience=("projects", "project:1"))])
    heads = [Viewer(n, frozenset({f"user:{n}", "projects"}), "") for n in range(1, 1_001)]
    selections = [subscription.select(log_slice, head) for head in heads]
    assert {id(share) for share in selections} == {id(selections[0])}
    assert selections[0].events == tuple(log_slice)
    assert len(asked) == 2


def test_who_may_see_less_gets_less_of_the_same_events():
    subscription = Subscription(frozenset({"notifications"}))
    own, shared, other = frame(), frame(audience=("project:1",)), frame(audience=("user:8",))
    log_slice = LogSlice([own, shared, other])
    another = Viewer(8, frozenset({"user:8"}), "")
    nobody = Viewer(9, frozenset({"user:9"}), "")
    assert subscription.select(log_slice, VIEWER).events == (own, shared)
    assert subscription.select(log_slice, another).events == (other,)
    assert subscription.select(log_slice, nobody).events == ()


def test_who_asked_for_something_else_gets_something_else():
    log_slice = LogSlice([frame()])
    assert Subscription(frozenset({"notifications"})).select(log_slice, VIEWER).events == tuple(log_slice)
    assert Subscription(frozenset({"projects"})).select(log_slice, VIEWER).events == ()


def test_nothing_is_kept_where_there_are_no_events():
    """Of the end of the log there is one, for the life of the process."""
    nothing = LogSlice()
    for _ in range(100):
        Subscription(frozenset({"notifications"})).select(nothing, VIEWER)
    assert nothing.memo == {}
