"""One open connection, whatever its transport: who it is, what it asked for, how far it has read."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import NamedTuple

from ..access.audience import may_see
from ..access.authority import Viewer, session_digest
from ..log.replay import NO_EVENTS, Batch, Frame, Stretch
from .snapshots import State


class Share(NamedTuple):
    """What of some events is somebody's: those to be sent, the states that they change (their numbers, and the
    subjects), and whether one of them leaves nothing more to tell."""

    events: Batch
    changed: tuple[tuple[int, frozenset[Hashable]], ...]
    over: bool


NO_SHARE = Share(NO_EVENTS, (), False)


@dataclass(frozen=True, eq=False)
class Subscription:
    """What an address carries.

    ``topics``: the topics whose events are wanted. ``states``: the present state shown beside them.
    ``wanted``: a further choice among the events of those topics. ``allowed``: asked again whenever the person's
    authority changes; the stream ends when it says no. ``over``: an event after which there is nothing left to tell.
    ``standing``: a frame (as JSON) about the viewer, sent on connect and whenever it has changed; "" for none.
    """

    topics: frozenset[str]
    states: tuple[State, ...] = ()
    wanted: Callable[[Frame], bool] = lambda frame: True
    allowed: Callable[[Viewer], bool] = lambda viewer: True
    over: Callable[[Frame], bool] = lambda frame: False
    standing: Callable[[Viewer], str] = lambda viewer: ""

    def gets(self, frame: Frame, viewer: Viewer) -> bool:
        """Whether an event belongs to what was asked for, and may be seen by this person."""
        return frame.topic in self.topics and may_see(viewer.keys, frame.audience)

    def share(self, stretch: Stretch, viewer: Viewer) -> Share:
        """What of these events is this person's. Worked out once for all who ask for the same and may see the same."""
        if not stretch:
            return NO_SHARE
        place = (self, viewer.keys & stretch.audience)
        found = stretch.memo.get(place)
        if found is None:
            found = stretch.memo[place] = self._share(stretch, viewer)
        return found

    def _share(self, stretch: Stretch, viewer: Viewer) -> Share:
        seen = [frame for frame in stretch if self.gets(frame, viewer)]
        subjects = (
            frozenset(subject for subject in map(state.subject, seen) if subject is not None) for state in self.states
        )
        return Share(
            events=Batch(frame for frame in seen if self.wanted(frame)),
            changed=tuple((number, changed) for number, changed in enumerate(subjects) if changed),
            over=any(map(self.over, seen)),
        )


def asked_by_another(asked: str | None, user_id: int) -> bool:
    """Whether a page that named its user was opened by somebody else than who is signed in now.

    The browser's cookie may have changed hands since; what is for one must not be shown in the other's page.
    """
    return bool(asked) and asked != str(user_id)


@dataclass(slots=True)
class Listener:
    """A connection's side of the log. Nothing is queued for it: it holds a cursor and reads from there.

    ``came_at`` is the newest id of the log when it came; ``reset`` why its own cursor was of no use (else empty).
    """

    user_id: int
    session_key: str
    auth_hash: str
    subscription: Subscription
    cursor: int
    reset: str = ""
    came_at: int = 0
    session_over: bool = False
    flashed: int = 0
    transport: str = "sse"
    session_digest: str = field(init=False)

    def __post_init__(self) -> None:
        self.session_digest = session_digest(self.session_key)

    def ended(self, viewer: Viewer | None) -> str:
        """Why this connection must end now; empty when it may go on."""
        if self.session_over or viewer is None or viewer.auth_hash != self.auth_hash:
            return "signed out"
        if not self.subscription.allowed(viewer):
            return "no longer allowed"
        return ""
