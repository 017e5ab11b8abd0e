"""Who is at the other end of a WebSocket handshake, and what becomes of it while nobody can tell."""

import asyncio
import logging
from functools import partial
from typing import Any

from channels.auth import AuthMiddleware, get_user
from django.db import InterfaceError, OperationalError

from realtime.delivery.hub import hub
from realtime.delivery.reader import READ_SECONDS

from .middleware import Application

logger = logging.getLogger(__name__)


class SignedIn(AuthMiddleware):
    """As Channels' own, on the threads that read for streams.

    Its own handshakes all wait for one thread. After an outage that has work for minutes: for those who have given up
    meanwhile, and whose next tries wait behind them.
    """

    async def resolve_scope(self, scope: Any) -> None:
        """Find out who it is. Raises TimeoutError when that takes too long; not begun yet, it is left undone."""
        reading = hub.reader.submit(None, partial(get_user.func, scope))
        scope["user"]._wrapped = await asyncio.wait_for(asyncio.wrap_future(reading), READ_SECONDS)


def refused_without_data(application: Application) -> Application:
    """While it cannot be known who somebody is, they are refused, and come back."""

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        try:
            await application(scope, receive, send)
        except (OperationalError, InterfaceError, TimeoutError) as error:  # a consumer that has accepted raises none
            logger.warning("A socket is refused, its browser will come back: %s: %s", type(error).__name__, error)
            await send({"type": "websocket.close"})

    return serve
