"""State frames: the present state of something, sent on connect and after the events that change it.

They carry no id. An app declares what can be shown (``State``); a stream shows some of it, at most once a second.
"""

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

from .authority import Viewer
from .events import to_json
from .replay import Frame

Subjects = frozenset[Hashable] | None


@dataclass(frozen=True)
class State:
    """Something whose present state streams show.

    ``name`` tells readings apart. ``subject`` says what of it an event changes (a project's id, say), or ``None``
    when the event leaves it alone. ``read`` gives the frames (dicts) for a viewer: those of the subjects that changed,
    or, with ``None``, those of all there is, for a stream that has just opened (where ``opens``). ``scope`` names what
    a viewer sees of it: viewers of the same scope share one reading.
    """

    name: str
    subject: Callable[[Frame], Hashable | None]
    read: Callable[[Viewer, Subjects], list[dict[str, Any]]]
    scope: Callable[[Viewer], Hashable]
    opens: bool = True

    def key(self, viewer: Viewer, subjects: Subjects, cursor: int) -> Hashable:
        """What identifies a reading: made at this cursor and in this second, it is the same for all who ask."""
        return (self.name, self.scope(viewer), subjects, cursor, int(time.monotonic()))

    def encoded(self, viewer: Viewer, subjects: Subjects) -> list[str]:
        """The frames as JSON."""
        return [to_json(frame) for frame in self.read(viewer, subjects)]
