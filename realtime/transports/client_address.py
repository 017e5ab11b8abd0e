"""The client's address of a request, given how many proxies the operator trusts (``TRUSTED_PROXIES``)."""

import ipaddress
import logging

from django.conf import settings
from django.http import HttpRequest

logger = logging.getLogger(__name__)

_hinted = False


def address_of(peer: str, forwarded: str, trusted: int) -> str:
    """The client's address: the peer of the connection, or the peer that the outermost of ``trusted`` proxies reported.

    Each proxy appends its peer to ``X-Forwarded-For`` (``forwarded``). Anything before the trusted entries may be
    forged. An IPv6 client has 2**64 addresses, so its /64 network is returned.
    """
    reported = forwarded.rsplit(",", trusted)[-trusted:] if trusted else []
    client = reported[0].strip() if len(reported) == trusted and reported else ""
    return _network(client) or _network(peer) or peer


def _network(text: str) -> str:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((int(address), 64), strict=False))


def request_address(request: HttpRequest) -> str:
    """The client's address of a Django request."""
    return _checked(request.META.get("REMOTE_ADDR") or "", request.META.get("HTTP_X_FORWARDED_FOR", ""))


def scope_address(client: tuple[str, int] | None, headers: list[tuple[bytes, bytes]]) -> str:
    """The client's address of an ASGI scope's ``client`` and ``headers``."""
    forwarded = [value.decode("latin1") for name, value in headers if name == b"x-forwarded-for"]
    return _checked(client[0] if client else "", ",".join(forwarded))


def _checked(peer: str, forwarded: str) -> str:
    global _hinted
    if forwarded and not settings.TRUSTED_PROXIES and not _hinted:
        _hinted = True
        logger.warning("X-Forwarded-For comes with a request, and TRUSTED_PROXIES is 0: it is not believed.")
    return address_of(peer, forwarded, settings.TRUSTED_PROXIES)
