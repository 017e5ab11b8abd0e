"""Rate limits for sign-in: the number of wrong passwords, and the number of passwords checked at once.

A browser that has signed in to an account before carries a signed cookie and has a limit of its own, so that another
client's attempts do not lock out the account's owner. Other browsers are subject to three limits: by account and
address (strict), by account (looser, so that a stranger cannot lock a user out) and by address (looser still, since an
office shares one). Only wrong passwords count. docs/architecture/office.md, "Signing in under a flood", says why no
library is used.
"""

import hashlib
import logging
import random
import secrets
import threading
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core import signing
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponseBase

from realtime.transports.client_address import request_address
from realtime.transports.token_buckets import TokenBuckets

logger = logging.getLogger(__name__)

TRY_SECONDS = 60  # until another attempt is allowed, once SIGN_IN_TRIES are used up
ACCOUNT = 10  # multiplies SIGN_IN_TRIES for an account, over all unknown browsers
ADDRESS = 20  # multiplies SIGN_IN_TRIES for an address
QUEUE_SECONDS = 3  # the longest wait for a password check
COOKIE = "known_browser"
SALT = "projeng.sign_in"
KNOWN_FOR = timedelta(days=180)


class Refused(Exception):
    """The attempt is refused; another is allowed in ``seconds``. ``reason`` is a message for the user."""

    def __init__(self, seconds: int, reason: str) -> None:
        super().__init__(reason)
        self.seconds = seconds


class Tries:
    """The token buckets of wrong passwords in this process."""

    def __init__(self, tries: int, **options: Any) -> None:
        rate = 1 / TRY_SECONDS
        self._browsers = TokenBuckets(tries, rate, **options)
        self._pairs = TokenBuckets(tries, rate, **options)
        self._accounts = TokenBuckets(tries * ACCOUNT, rate * ACCOUNT, **options)
        self._addresses = TokenBuckets(tries * ADDRESS, rate * ADDRESS, **options)

    def take(self, account: str, address: str, browser: str = "") -> Callable[[], None]:
        """Take an attempt from each limit that applies, and return a function that gives it back.

        ``browser`` is the id of a browser that is known to the account, else empty. Raise Refused at a limit.
        """
        wanted: list[tuple[TokenBuckets, Any]] = [(self._browsers, (account, browser))]
        if not browser:
            wanted = [(self._addresses, address), (self._pairs, (account, address)), (self._accounts, account)]
        taken: list[tuple[TokenBuckets, Any]] = []

        def give_back() -> None:
            for buckets, key in taken:
                buckets.give_back(key)

        for buckets, key in wanted:
            if wait := buckets.take(key):
                give_back()
                raise Refused(wait, "There were too many tries with a wrong password.")
            taken.append((buckets, key))
        return give_back


class CheckQueue:
    """A queue for password checks, one at a time. Each check occupies a processor for a third of a second.

    ``places`` is the number of requests that may be in the queue, including the one that is checked.
    """

    def __init__(self, places: int) -> None:
        self._places = threading.Semaphore(places)
        self._turn = threading.Lock()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for the turn to check. Raise Refused when the queue is full or the wait takes ``QUEUE_SECONDS``."""
        if not self._places.acquire(blocking=False):
            raise Refused(random.randint(3, 8), "Very many people are signing in just now.")
        try:
            if not self._turn.acquire(timeout=QUEUE_SECONDS):
                raise Refused(random.randint(3, 8), "Very many people are signing in just now.")
            try:
                yield
            finally:
                self._turn.release()
        finally:
            self._places.release()


tries = Tries(settings.SIGN_IN_TRIES)
# Together they leave a quarter of the page threads free. Unknown browsers never delay known ones.
unknown_browsers = CheckQueue(max(1, settings.WEB_THREADS // 2))
known_browsers = CheckQueue(max(1, settings.WEB_THREADS // 4))


@contextmanager
def attempt(request: HttpRequest, username: str) -> Iterator[None]:
    """Apply the limits to the block, which checks a password and raises ValidationError for a wrong one.

    Raise Refused at a limit.
    """
    account = account_key(username)
    browser = browser_of(request, account)
    try:
        give_back = tries.take(account, request_address(request), browser)
        try:
            with (known_browsers if browser else unknown_browsers).turn():
                yield
        except ValidationError:
            raise
        except BaseException:
            give_back()
            raise
    except Refused:
        logger.warning("Refused, too many tries to sign in.")
        raise
    give_back()
    request.known_browser = signing.dumps([account, browser or secrets.token_urlsafe(12)], salt=SALT)


def account_key(username: str) -> str:
    """Return the key of an account: a digest of its normalized, case-folded user name, of a fixed length."""
    name = unicodedata.normalize("NFKC", username).strip().casefold()
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def browser_of(request: HttpRequest, account: str) -> str:
    """Return the id of a browser that has signed in to this account before, else an empty string."""
    try:
        owner, browser = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=KNOWN_FOR)
    except (signing.BadSignature, ValueError, TypeError):
        return ""
    return str(browser) if owner == account else ""


class SignInMiddleware:
    """Respond with 429 and ``Retry-After`` to a refused sign-in. Set the browser's cookie after a valid one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if wait := getattr(request, "sign_in_wait", 0):
            response.status_code = 429
            response["Retry-After"] = str(wait)
        elif cookie := getattr(request, "known_browser", ""):
            response.set_cookie(
                COOKIE,
                cookie,
                max_age=KNOWN_FOR,
                secure=settings.SESSION_COOKIE_SECURE,
                httponly=True,
                samesite="Lax",
            )
        return response
