"""Authentication of WebSocket handshakes, and their rejection while the database is unavailable."""

import asyncio
import logging
from functools import partial
from typing import Any

from channels.auth import AuthMiddleware, get_user
from django.db import Error

from realtime.delivery.hub import hub
from realtime.delivery.reader import READ_SECONDS

from .database import is_unavailable
from .middleware import Application

logger = logging.getLogger(__name__)


class StreamAuthMiddleware(AuthMiddleware):
    """Channels' middleware, which loads the user on the threads that read for streams.

    In Channels, all handshakes share one thread. After an outage it is busy for minutes with handshakes whose clients
    have disconnected, while their next attempts wait in the same queue.
    """

    async def resolve_scope(self, scope: Any) -> None:
        """Load the user. Raise TimeoutError after ``READ_SECONDS``; a query that has not begun is cancelled."""
        reading = hub.reader.submit(None, partial(get_user.func, scope))
        scope["user"]._wrapped = await asyncio.wait_for(asyncio.wrap_future(reading), READ_SECONDS)


def refused_without_database(application: Application) -> Application:
    """Wrap an ASGI application: reject handshakes while the database is unavailable. Browsers then reconnect."""

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        try:
            await application(scope, receive, send)
        except (Error, TimeoutError) as error:  # consumers raise none after accepting
            if not (is_unavailable(error) or isinstance(error, TimeoutError)):
                raise
            logger.warning("A socket is refused, its browser will come back: %s: %s", type(error).__name__, error)
            await send({"type": "websocket.close"})

    return serve
