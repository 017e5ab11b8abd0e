"""Rate limits for opening streams, sockets and polls. They are checked before the request costs any query.

A user whose session this process has seen has an allowance of their own. Unknown sessions share the allowance of their
address, and get back what they took once they turn out to be a user's. So an office behind one address, or a thousand
browsers that return after a restart, are not limited, while invented sessions are limited by the queries that they
cost. A request without a session is refused without a query and is not counted.
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

from ..access.user_ids import UserId
from .client_address import request_address, scope_address
from .refusal import deny, refusal
from .token_buckets import KEYS, TokenBuckets

logger = logging.getLogger(__name__)

REFILL_SECONDS = 20  # in which a user's allowance fills up again
ADDRESS_REFILL_SECONDS = 100  # and an address's
SPREAD = (1, 5)  # seconds added at random, so that clients that were refused together do not return together


class RateLimits:
    """The allowances of a process: how many connections a ``person`` and an ``address`` may open at once."""

    def __init__(self, person: int, address: int, **options: Any) -> None:
        self._people = TokenBuckets(person, person / REFILL_SECONDS, **options)
        self._addresses = TokenBuckets(address, address / ADDRESS_REFILL_SECONDS, **options)
        self._lock = threading.Lock()
        self._known: OrderedDict[str, UserId] = OrderedDict()  # session key -> user id

    def enter(self, session_key: str, address: str) -> "Entry":
        """Charge a request with this session to its user, or to its address."""
        user_id = self._known.get(session_key)
        if user_id is None:
            return Entry(self, session_key, address, self._addresses.take(address))
        return Entry(self, session_key, None, self._people.take(user_id))

    def refund(self, address: str) -> None:
        """Return one to an address's allowance."""
        self._addresses.give_back(address)

    def learn(self, session_key: str, user_id: UserId) -> None:
        """Remember whose session this is."""
        with self._lock:
            self._known[session_key] = user_id
            self._known.move_to_end(session_key)
            while len(self._known) > KEYS:
                self._known.popitem(last=False)


class Entry:
    """The charge of one request. ``wait`` is 0, or the seconds after which it may be tried again."""

    def __init__(self, limits: RateLimits, session_key: str, address: str | None, wait: int) -> None:
        self._limits, self._session_key, self._address = limits, session_key, address
        self.wait = wait + random.randint(*SPREAD) if wait else 0
        if wait and address is not None:
            logger.warning("Refused, too many sessions from one address that nobody is signed in with.")
        elif wait:
            logger.warning("Refused, one person opens live connections too often.")

    def belongs_to(self, user_id: UserId) -> None:
        """Record whose session it is, and refund the address. Calling it twice is harmless."""
        self._limits.learn(self._session_key, user_id)
        self.refund()

    def refund(self) -> None:
        """Refund the address: the session was a user's, or nobody could find out. Calling it twice is harmless."""
        if self._address is not None:
            self._limits.refund(self._address)
            self._address = None


limits = RateLimits(2 * settings.STREAMS_PER_PERSON, settings.OPENS_PER_ADDRESS)


def limited(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Wrap a view: it answers 429 with ``Retry-After`` where a limit is exceeded."""

    @wraps(view)
    def serve(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        session_key = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
        if not session_key:
            return view(request, *args, **kwargs)
        entry = limits.enter(session_key, request_address(request))
        if entry.wait:
            return refusal(429, "Too often; please wait.", **{"Retry-After": str(entry.wait)})
        try:
            user = request.user if request.user.is_authenticated else None
        except BaseException:  # the database is away, which must not count against the address
            entry.refund()
            raise
        if user is not None:
            entry.belongs_to(user.pk)
        return view(request, *args, **kwargs)

    return serve


def session_key_of(scope: Any) -> str | None:
    """The key of the session that a handshake presents, inside Channels' CookieMiddleware."""
    key: str | None = scope["cookies"].get(settings.SESSION_COOKIE_NAME)
    return key


def limited_handshakes(
    application: Callable[..., Awaitable[None]], key_of: Callable[[Any], str | None] = session_key_of
) -> Callable[..., Awaitable[None]]:
    """The same for WebSocket handshakes. Without what ``key_of`` finds in the scope: 403 at once.

    The consumer finds the ``Entry`` in its scope and calls ``belongs_to``.
    """

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        key = key_of(scope)
        if not key:
            await deny(scope, send, 403)
            return
        entry = limits.enter(key, scope_address(scope.get("client"), scope["headers"]))
        if entry.wait:
            await deny(scope, send, 429, entry.wait)
            return
        try:
            await application({**scope, "entry": entry}, receive, send)
        except BaseException:
            entry.refund()
            raise

    return serve
