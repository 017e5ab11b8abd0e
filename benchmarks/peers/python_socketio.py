"""python-socketio on ASGI, with events from another process through Redis, as in its documentation ("Emitting from
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
        """Send one event, and return the time of the simulated commit."""
        committed = time.monotonic()
        self._manager.emit("event", event)
        return committed

    def burst(self, events: list[dict]) -> None:
        """Send many events, one after the other."""
        for event in events:
            self._manager.emit("event", event)
