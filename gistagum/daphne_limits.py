"""What Daphne leaves open, closed from outside: slow readers, and threads that would outlive the server.

Daphne writes a response into its buffer however full that is (django/daphne#170), and its process cannot end while a
thread of ours is busy. Both are mended through Twisted's public interfaces; other servers are left alone.
"""

import asyncio
import functools
import logging
import os
import sys
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

logger = logging.getLogger(__name__)

STALLED_SECONDS = 20.0  # a browser that takes nothing for so long is let go; it resumes when it is able to
LAST_SECONDS = 4.0  # how long threads may go on once the server has stopped


class Valve:
    """Twisted's word on whether a connection takes more (the IPushProducer that a transport pauses and resumes)."""

    def __init__(self) -> None:
        self._open = asyncio.Event()
        self._open.set()

    def pauseProducing(self) -> None:
        self._open.clear()

    def resumeProducing(self) -> None:
        self._open.set()

    def stopProducing(self) -> None:
        self._open.set()

    async def taken(self) -> bool:
        """Wait until the connection takes more; ``False`` when it took nothing for ``STALLED_SECONDS``."""
        try:
            await asyncio.wait_for(self._open.wait(), STALLED_SECONDS)
        except TimeoutError:
            return False
        return True


def bounded(application: Application) -> Application:
    """The same application, whose streams under Daphne wait for a slow reader, and let go of one that has stopped."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        request = _daphne_request(send) if scope["type"] == "http" else None
        if request is None:
            await application(scope, receive, send)
            return
        valve: Valve | None = None

        async def send_when_taken(message: Message) -> None:
            nonlocal valve
            more = message.get("more_body", False)
            if more and valve is None and request.channel is not None:
                valve = Valve()
                request.registerProducer(valve, True)
            if valve is not None:
                if more and not await valve.taken() and request.channel is not None:
                    logger.info("A stream is let go: its browser took nothing for %.0f s.", STALLED_SECONDS)
                    request.channel.transport.abortConnection()
                    await asyncio.sleep(STALLED_SECONDS)  # cancelled as soon as Django hears of the disconnect
                if not more and request.channel is not None:
                    request.unregisterProducer()
                    valve = None
            await send(message)

        try:
            await application(scope, receive, send_when_taken)
        finally:
            if valve is not None and request.channel is not None:
                request.unregisterProducer()

    return serve


def _daphne_request(send: Send) -> Any:
    """Daphne's HTTP request behind an ASGI ``send``; ``None`` under any other server."""
    if isinstance(send, functools.partial) and send.args and hasattr(send.args[0], "registerProducer"):
        return send.args[0]
    return None


def end_in_time() -> None:
    """Under Daphne: end the streams when the server stops, and the process soon after, whatever a thread still does."""
    if "daphne.server" not in sys.modules:
        return
    from twisted.internet import reactor

    from realtime.hub import hub

    reactor.addSystemEventTrigger("before", "shutdown", hub.close)
    reactor.addSystemEventTrigger("after", "shutdown", _exit_soon)


def _exit_soon() -> None:
    timer = threading.Timer(LAST_SECONDS, _exit_now)
    timer.daemon = True
    timer.start()


def _exit_now() -> None:
    logger.warning(
        "A thread was still busy %.0f s after the server stopped; the process ends all the same.", LAST_SECONDS
    )
    logging.shutdown()
    os._exit(0)
