"""Signing in: how often passwords may be tried, and how many are checked at once.

A browser that has signed in to an account before carries a signed cookie and is judged by itself alone, so nobody
else's guesses keep its owner out. All others are judged three times: by account and address (strict), by account
(looser: a stranger must not lock somebody out) and by address (looser still: an office has one). Only wrong passwords
count. Why no library does this: docs/architecture.md, "Signing in under a flood".
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

TRY_SECONDS = 60  # until there is another try, once SIGN_IN_TRIES are used up
ACCOUNT = 10  # times as many for an account, by browsers that it does not know
ADDRESS = 20  # times as many for an address
QUEUE_SECONDS = 3  # that a sign-in waits for its turn to be checked
COOKIE = "known_browser"
SALT = "projeng.sign_in"
KNOWN_FOR = timedelta(days=180)


class Refused(Exception):
    """Not now: again in ``seconds``. ``reason``: in words for people."""

    def __init__(self, seconds: int, reason: str) -> None:
        super().__init__(reason)
        self.seconds = seconds


class Tries:
    """How many wrong passwords are left, in this process."""

    def __init__(self, tries: int, **options: Any) -> None:
        rate = 1 / TRY_SECONDS
        self._browsers = TokenBuckets(tries, rate, **options)
        self._pairs = TokenBuckets(tries, rate, **options)
        self._accounts = TokenBuckets(tries * ACCOUNT, rate * ACCOUNT, **options)
        self._addresses = TokenBuckets(tries * ADDRESS, rate * ADDRESS, **options)

    def take(self, account: str, address: str, browser: str = "") -> Callable[[], None]:
        """Take a try; returns what gives it back. ``browser``: which one, if the account knows it. Raises Refused."""
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


class Lane:
    """One password is checked at a time (each takes a processor for a third of a second); ``places`` may wait."""

    def __init__(self, places: int) -> None:
        self._places = threading.Semaphore(places)
        self._turn = threading.Lock()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for one's turn. Raises Refused when too many wait already, or for too long."""
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
# So many of the threads for pages that others are left for pages; and strangers never stand in a known browser's way.
strangers = Lane(max(1, settings.WEB_THREADS // 2))
known = Lane(max(1, settings.WEB_THREADS // 4))


@contextmanager
def attempt(request: HttpRequest, username: str) -> Iterator[None]:
    """Around the checking of a password, which raises ValidationError for a wrong one. Raises Refused."""
    account = account_key(username)
    browser = browser_of(request, account)
    try:
        give_back = tries.take(account, request_address(request), browser)
        try:
            with (known if browser else strangers).turn():
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
    """What stands for an account here: as short for a long name, and the same for another spelling of one."""
    name = unicodedata.normalize("NFKC", username).strip().casefold()
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def browser_of(request: HttpRequest, account: str) -> str:
    """The name of the browser, if it has signed in to this account before; else empty."""
    try:
        whose, browser = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=KNOWN_FOR)
    except (signing.BadSignature, ValueError, TypeError):
        return ""
    return str(browser) if whose == account else ""


class SignInMiddleware:
    """Answers 429 with ``Retry-After`` where a sign-in was refused; remembers the browser where it was not."""

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
