"""Where a request comes from, as far as the operator says who may tell (``TRUSTED_PROXIES``)."""

import ipaddress
import logging

from django.conf import settings
from django.http import HttpRequest

logger = logging.getLogger(__name__)

_hinted = False


def address_of(peer: str, forwarded: str, trusted: int) -> str:
    """The client's address: the connection's other end, or what the outermost of ``trusted`` proxies saw there.

    Each proxy adds whom it was asked by to ``X-Forwarded-For`` (``forwarded``), at its end; what is before that
    anybody may have written. Who has an IPv6 address has 2**64 of them, so their network stands for them.
    """
    told = forwarded.rsplit(",", trusted)[-trusted:] if trusted else []
    said = told[0].strip() if len(told) == trusted and told else ""
    return _network(said) or _network(peer) or peer


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
    """The address that a request comes from."""
    return _checked(request.META.get("REMOTE_ADDR") or "", request.META.get("HTTP_X_FORWARDED_FOR", ""))


def scope_address(client: tuple[str, int] | None, headers: list[tuple[bytes, bytes]]) -> str:
    """The same of an ASGI scope's ``client`` and ``headers``."""
    said = [value.decode("latin1") for name, value in headers if name == b"x-forwarded-for"]
    return _checked(client[0] if client else "", ",".join(said))


def _checked(peer: str, forwarded: str) -> str:
    global _hinted
    if forwarded and not settings.TRUSTED_PROXIES and not _hinted:
        _hinted = True
        logger.warning("X-Forwarded-For comes with a request, and TRUSTED_PROXIES is 0: it is not believed.")
    return address_of(peer, forwarded, settings.TRUSTED_PROXIES)
