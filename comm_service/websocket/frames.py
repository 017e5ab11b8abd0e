"""The frames of the contract, made from the events of the log: the same by WebSocket and by Server-Sent Events."""

from collections.abc import Hashable, Iterable
from typing import Any

from realtime.access.outsiders import Outsider
from realtime.log.replay import Frame
from realtime.transports.adapters import Adapter, NamedFrame

from ..events import FRAMES

CONNECTED = "connection_established"


class SocketFrames(Adapter):
    """``connection_established``, ``message_created`` and ``notification_created``, as objects with a ``type``."""

    def opening(self, user_id: Any) -> Iterable[NamedFrame]:
        assert isinstance(user_id, Outsider)
        return [self.made(CONNECTED, {"message": f"Connected to notifications for user {user_id.name}"})]

    def event(self, frame: Frame, scope: Hashable) -> Iterable[NamedFrame]:
        name = FRAMES.get(frame.type)
        return [self.made(name, {"data": frame.fields["data"]})] if name else []

    def state(self, frame: dict[str, Any]) -> Iterable[NamedFrame]:
        # Not in the contract, whose clients know no cursor and so never get it.
        return [self.made("reset", {"reason": frame["reason"]})] if frame["type"] == "reset" else []

    def made(self, name: str, fields: dict[str, Any]) -> NamedFrame:
        """A frame of this name. The transport puts the name into it."""
        return NamedFrame(name, fields)


class StreamFrames(SocketFrames):
    """The same for Server-Sent Events, whose data then also holds the ``type``: one object on both transports."""

    def made(self, name: str, fields: dict[str, Any]) -> NamedFrame:
        return NamedFrame(name, {"type": name, **fields})


of_sockets = SocketFrames()
of_streams = StreamFrames()
