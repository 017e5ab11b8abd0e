"""python-socketio on ASGI, fed from another process through Redis, as its documentation has it ("Emitting from
external processes")."""

import os
import time

import socketio

manager = socketio.AsyncRedisManager(os.environ["REDIS_URL"])
server = socketio.AsyncServer(async_mode="asgi", client_manager=manager, cors_allowed_origins="*")
application = socketio.ASGIApp(server)


class Publisher:
    """The write-only manager."""

    def __init__(self) -> None:
        self._manager = socketio.RedisManager(os.environ["REDIS_URL"], write_only=True)

    def one(self, event: dict) -> float:
        """Send one event; when the change it tells of was committed."""
        committed = time.monotonic()
        self._manager.emit("event", event)
        return committed

    def burst(self, events: list[dict]) -> None:
        """Send many, one after the other."""
        for event in events:
            self._manager.emit("event", event)
