"""How often live updates may be asked for: decided before anything of a request is looked up in the database.

Whoever this process has seen signed in has an allowance of their own. Sessions that it does not know share that of
their address, and what they took is given back once they turn out to be somebody's. So an office behind one address,
or a thousand browsers that return after a restart, pay nothing; who makes sessions up pays for each query that they
cost. A request without a session is not counted: it is refused without a query, which no limit could do more cheaply.
"""

import logging
import random
import threading
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from .client_address import request_address, scope_address
from .refusal import deny, refusal
from .token_buckets import KEYS, TokenBuckets

logger = logging.getLogger(__name__)

REFILL_SECONDS = 20  # in which a person's allowance of opening fills up again
ADDRESS_REFILL_SECONDS = 100  # and an address's
SPREAD = (1, 5)  # seconds on top, at random: those who were refused together should not return together


class RateLimits:
    """The allowances of a process. ``person`` and ``address``: how many may be opened at once."""

    def __init__(self, person: int, address: int, **options: Any) -> None:
        self._people = TokenBuckets(person, person / REFILL_SECONDS, **options)
        self._addresses = TokenBuckets(address, address / ADDRESS_REFILL_SECONDS, **options)
        self._lock = threading.Lock()
        self._known: OrderedDict[str, int] = OrderedDict()  # session -> whose it is

    def enter(self, session_key: str, address: str) -> "Entry":
        """Let a request with this session in, or not."""
        user_id = self._known.get(session_key)
        if user_id is None:
            return Entry(self, session_key, address, self._addresses.take(address))
        return Entry(self, session_key, None, self._people.take(user_id))

    def give_back(self, address: str) -> None:
        """Return what an address paid for nothing."""
        self._addresses.give_back(address)

    def learn(self, session_key: str, user_id: int) -> None:
        """A session turned out to be somebody's."""
        with self._lock:
            self._known[session_key] = user_id
            self._known.move_to_end(session_key)
            while len(self._known) > KEYS:
                self._known.popitem(last=False)


class Entry:
    """One request's: ``wait`` is 0, or the seconds after which it may be tried again."""

    def __init__(self, limits: RateLimits, session_key: str, address: str | None, wait: int) -> None:
        self._limits, self._session_key, self._address = limits, session_key, address
        self.wait = wait + random.randint(*SPREAD) if wait else 0
        if wait and address is not None:
            logger.warning("Refused, too many sessions from one address that nobody is signed in with.")
        elif wait:
            logger.warning("Refused, one person opens live connections too often.")

    def belongs_to(self, user_id: int) -> None:
        """Say whose session it is. Saying it twice is harmless."""
        self._limits.learn(self._session_key, user_id)
        self.forgive()

    def forgive(self) -> None:
        """Give back what an address paid: it was somebody's session, or nobody could say. Twice is harmless."""
        if self._address is not None:
            self._limits.give_back(self._address)
            self._address = None


limits = RateLimits(2 * settings.STREAMS_PER_PERSON, settings.OPENS_PER_ADDRESS)


def limited(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """The same view, which answers 429 with ``Retry-After`` to who asks too often."""

    @wraps(view)
    def serve(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        session_key = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
        if not session_key:
            return view(request, *args, **kwargs)
        entry = limits.enter(session_key, request_address(request))
        if entry.wait:
            return refusal(429, "Too often; please wait.", **{"Retry-After": str(entry.wait)})
        try:
            signed_in = request.user.is_authenticated
        except BaseException:  # the database is away; once it is back, its absence must not be held against anybody
            entry.forgive()
            raise
        if signed_in:
            entry.belongs_to(request.user.pk)
        return view(request, *args, **kwargs)

    return serve


def limited_handshakes(application: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """The same for WebSocket handshakes, behind Channels' CookieMiddleware; 403 at once without a session.

    The consumer finds the entry in its scope, and says whose it is.
    """

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        session_key = scope["cookies"].get(settings.SESSION_COOKIE_NAME)
        if not session_key:
            await deny(scope, send, 403)
            return
        entry = limits.enter(session_key, scope_address(scope.get("client"), scope["headers"]))
        if entry.wait:
            await deny(scope, send, 429, entry.wait)
            return
        try:
            await application({**scope, "entry": entry}, receive, send)
        except BaseException:
            entry.forgive()
            raise

    return serve
