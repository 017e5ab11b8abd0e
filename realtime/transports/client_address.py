"""The client's address of a request, given how many proxies the operator trusts (``TRUSTED_PROXIES``).

Proxies name whom they were asked by in ``X-Forwarded-For``, or in ``Forwarded`` (RFC 7239). A proxy that writes one of
them passes the other on as the client has sent it. So ``Forwarded`` counts only where no ``X-Forwarded-For`` comes.
"""

import logging
import threading
import time

from django.conf import settings
from django.http import HttpRequest

from .written_addresses import canonical, forwarded_nodes

logger = logging.getLogger(__name__)

SAID_SECONDS = 60.0  # one line in this time about what cannot be read
SHOWN = 60  # characters of it in the line

_hinted = False
_lock = threading.Lock()
_say_from = 0.0  # ``time.monotonic``
_unsaid = 0


def address_of(peer: str, forwarded_for: str, trusted: int, forwarded: str = "") -> str:
    """The client's address: the peer of the connection, or the peer that the outermost of ``trusted`` proxies reported.

    Each proxy appends its peer to ``X-Forwarded-For`` (``forwarded_for``) or to ``Forwarded``. Anything before the
    trusted entries may be forged. An IPv6 client has 2**64 addresses, so its /64 network is returned.
    """
    own = canonical(peer) or peer
    if not trusted:
        return own
    header, entries = "X-Forwarded-For", [entry for entry in forwarded_for.split(",") if entry.strip()][-trusted:]
    if not entries:
        header, entries = "Forwarded", forwarded_nodes(forwarded, trusted)
    if not entries:
        return own
    client = canonical(entries[0]) if len(entries) == trusted else ""
    if not client:
        _say_unreadable(header, ", ".join(entry.strip() for entry in entries), trusted, own)
    return client or own


def request_address(request: HttpRequest) -> str:
    """The client's address of a Django request."""
    peer = request.META.get("REMOTE_ADDR") or ""
    return _checked(peer, request.META.get("HTTP_X_FORWARDED_FOR", ""), request.META.get("HTTP_FORWARDED", ""))


def scope_address(client: tuple[str, int] | None, headers: list[tuple[bytes, bytes]]) -> str:
    """The client's address of an ASGI scope's ``client`` and ``headers``."""
    said = {
        wanted: ",".join(value.decode("latin1") for name, value in headers if name == wanted)
        for wanted in (b"x-forwarded-for", b"forwarded")
    }
    return _checked(client[0] if client else "", said[b"x-forwarded-for"], said[b"forwarded"])


def _checked(peer: str, forwarded_for: str, forwarded: str) -> str:
    global _hinted
    if (forwarded_for or forwarded) and not settings.TRUSTED_PROXIES and not _hinted:
        _hinted = True
        if forwarded_for:
            logger.warning("X-Forwarded-For comes with a request, and TRUSTED_PROXIES is 0: it is not believed.")
        else:
            logger.warning("Forwarded comes with a request, and TRUSTED_PROXIES is 0: it is not believed.")
    return address_of(peer, forwarded_for, settings.TRUSTED_PROXIES, forwarded)


def _say_unreadable(header: str, text: str, trusted: int, own: str) -> None:
    """Log what cannot be read, once in ``SAID_SECONDS``, with how often it came: any client may cause it."""
    global _say_from, _unsaid
    with _lock:
        now = time.monotonic()
        if now < _say_from:
            _unsaid += 1
            return
        _say_from = now + SAID_SECONDS
        more, _unsaid = _unsaid, 0
    logger.warning(
        "A client's address cannot be read from %s (%s, TRUSTED_PROXIES is %d); the connection's counts: %s%s.",
        header,
        ascii(text if len(text) <= SHOWN else f"{text[:SHOWN]}..."),
        trusted,
        own or "none",
        f" ({more} more like it since the last line)" if more else "",
    )
