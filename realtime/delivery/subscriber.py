"""One open connection, whatever its transport: who it is, what it subscribes to, and how far it has read."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import NamedTuple

from ..access.audience import may_see
from ..access.authority import Viewer
from ..access.credentials import Credential
from ..access.user_ids import UserId, of_json
from ..log.replay import NO_EVENTS, Frame, LogSlice
from .snapshots import State

SIGNED_OUT = "signed out"
NOT_ALLOWED = "no longer allowed"
REPLACED = "replaced by a newer connection"


class Selection(NamedTuple):
    """What one subscriber gets of some events.

    ``events`` are sent. ``changed`` holds, for each state that they change, its number and the changed subjects.
    ``ends``: after one of these events the subscription has nothing more to deliver.
    """

    events: LogSlice
    changed: tuple[tuple[int, frozenset[Hashable]], ...]
    ends: bool


NOTHING_SELECTED = Selection(NO_EVENTS, (), False)


@dataclass(frozen=True, eq=False)
class Subscription:
    """What an address delivers.

    ``topics``: the topics of its events. ``states``: the states that it shows beside them. ``wanted``: a further choice
    among the events of those topics. ``allowed``: asked again whenever the viewer's authority changes; the connection
    ends when it returns ``False``. ``ends``: whether an event leaves nothing more to deliver. ``viewer_frame``: a frame
    about the viewer (as JSON), sent on connect and whenever it changes; "" for none.
    """

    topics: frozenset[str]
    states: tuple[State, ...] = ()
    wanted: Callable[[Frame], bool] = lambda frame: True
    allowed: Callable[[Viewer], bool] = lambda viewer: True
    ends: Callable[[Frame], bool] = lambda frame: False
    viewer_frame: Callable[[Viewer], str] = lambda viewer: ""

    def includes(self, frame: Frame, viewer: Viewer) -> bool:
        """Whether an event is of these topics and may be seen by this viewer."""
        return frame.topic in self.topics and may_see(viewer.keys, frame.audience)

    def select(self, events: LogSlice, viewer: Viewer) -> Selection:
        """What this viewer gets of these events. Computed once for all with this subscription and the same rights."""
        if not events:
            return NOTHING_SELECTED
        key = (self, viewer.keys & events.audience)
        found = events.memo.get(key)
        if found is None:
            found = events.memo[key] = self._select(events, viewer)
        return found

    def _select(self, events: LogSlice, viewer: Viewer) -> Selection:
        seen = [frame for frame in events if self.includes(frame, viewer)]
        subjects = (
            frozenset(subject for subject in map(state.subject, seen) if subject is not None) for state in self.states
        )
        return Selection(
            events=LogSlice(frame for frame in seen if self.wanted(frame)),
            changed=tuple((number, changed) for number, changed in enumerate(subjects) if changed),
            ends=any(map(self.ends, seen)),
        )


def names_another_user(asked: str | None, user_id: UserId) -> bool:
    """Whether a page that named its user belongs to somebody else than the user who is signed in now.

    The browser's session may have changed hands since the page was opened. What is for one user must not be shown in
    the other's page.
    """
    if not asked:
        return False
    # As text where an id has one spelling, of which ``of_json`` takes others as well ("07").
    return asked != str(user_id) if isinstance(user_id, int) else of_json(asked) != user_id


@dataclass(slots=True)
class Subscriber:
    """A connection's position in the log. Nothing is queued for it: it holds a cursor and reads from there.

    ``head_at_connect`` is the newest id of the log when it connected. ``reset`` says why its own cursor could not be
    used (else empty). No state that was read before the moment ``states_from`` (``time.monotonic``) is shown to it: the
    cursor alone does not tell that something has changed while events had no place. ``history`` is the least beginning
    of the newest epoch with which it may be served.

    ``door`` names the addresses that count together, of which a person may have ``most`` connections in a process (0:
    as many as they like). A further one replaces the oldest. ``heartbeat``: seconds between two heartbeats, which are
    then sent whatever else is; ``None``: only after silence, as the settings say.
    """

    user_id: UserId
    credential: Credential
    subscription: Subscription
    cursor: int
    reset: str = ""
    head_at_connect: int = 0
    states_from: float = 0.0
    history: int = 0
    session_over: bool = False  # its credential has ended
    replaced: bool = False
    ephemeral_count: int = 0
    transport: str = "sse"
    door: str = ""
    most: int = 0
    heartbeat: float | None = None
    credential_digest: str = field(init=False)

    def __post_init__(self) -> None:
        self.credential_digest = self.credential.digest

    def ended(self, viewer: Viewer | None) -> str:
        """Why this connection must end now; empty when it may go on."""
        if self.session_over or viewer is None:
            return SIGNED_OUT
        if self.credential.auth_hash and viewer.auth_hash != self.credential.auth_hash:
            return SIGNED_OUT
        if self.replaced:
            return REPLACED
        if not self.subscription.allowed(viewer):
            return NOT_ALLOWED
        return ""
