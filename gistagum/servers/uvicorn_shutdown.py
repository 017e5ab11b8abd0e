"""Stopping Uvicorn within a time limit: its streams end first, whatever stops it."""

import sys
from typing import Any

GRACEFUL_SECONDS = 8  # for requests under way, where --timeout-graceful-shutdown sets no limit


def end_streams_at_shutdown() -> None:
    """Under Uvicorn: end the streams when the server stops, by a signal or after ``--limit-max-requests``.

    It waits for them otherwise, and without ``--timeout-graceful-shutdown`` for ever. The lifespan protocol of ASGI
    does not help: its message comes after that wait.
    """
    if "uvicorn.server" not in sys.modules:
        return
    from uvicorn.server import Server

    from realtime.delivery.hub import hub

    stop = Server.shutdown

    async def shutdown(self: Server, *arguments: Any, **options: Any) -> None:
        hub.close()
        if self.config.timeout_graceful_shutdown is None:
            self.config.timeout_graceful_shutdown = GRACEFUL_SECONDS
        await stop(self, *arguments, **options)

    Server.shutdown = shutdown
