"""Addresses of clients as proxies write them: with ports, brackets, quotes and zones, and in ``Forwarded`` (RFC 7239).

All spellings of an address become one, so that each client is counted once and apart from the others.
"""

import ipaddress
import re
from collections.abc import Iterator
from itertools import islice

# IPv6 networks whose addresses end with that of an IPv4 client: mapped (RFC 4291), translated by the well-known prefix
# (RFC 6052) and by stateless translation (RFC 2765).
IPV4_WITHIN = tuple(ipaddress.IPv6Network(text) for text in ("::ffff:0:0/96", "64:ff9b::/96", "::ffff:0:0:0/96"))

_LONGEST = 120  # characters of an address with its zone and port
# The port of a node (RFC 7239, section 6.2), which may be obfuscated. Some write the colon and no port.
_PORT = r":(?:[0-9]{1,5}|_[A-Za-z0-9._-]+)?"
_BRACKETED = re.compile(rf"\[([^\]]*)\](?:{_PORT})?")
_WITH_PORT = re.compile(rf"(.+?){_PORT}")


def canonical(text: str) -> str:
    """The one spelling of an address: an IPv4 address, or the /64 network of an IPv6 one. Empty: it is no address."""
    text = text.strip()
    if len(text) > _LONGEST:
        return ""
    if len(text) >= 2 and text[0] == text[-1] == '"':
        text = text[1:-1].strip()
    if bracketed := _BRACKETED.fullmatch(text):
        return _network(bracketed[1])
    if network := _network(text):
        return network
    with_port = _WITH_PORT.fullmatch(text)
    return _network(with_port[1]) if with_port else ""


def forwarded_nodes(header: str, newest: int) -> list[str]:
    """What the last ``newest`` elements of ``Forwarded`` give as ``for``, in order. Empty where one gives none, or two.

    The header is read from its end, where the trusted proxies have written: a quotation mark that a client has opened
    before that swallows nothing.
    """
    nodes = []
    for element in islice(_parts(header, ","), newest):
        pairs = [part.partition("=") for part in _parts(element, ";")]
        given = [value for name, _, value in pairs if name.strip().lower() == "for"]
        nodes.append(given[0] if len(given) == 1 else "")
    return nodes[::-1]


def _parts(text: str, separator: str) -> Iterator[str]:
    """Yield the parts of a list from its end, without empty ones. A separator within quotation marks does not count."""
    end, quoted = len(text), False
    for at in range(len(text) - 1, -1, -1):
        if text[at] == '"' and not _escaped(text, at):
            quoted = not quoted
        elif text[at] == separator and not quoted:
            if part := text[at + 1 : end].strip():
                yield part
            end = at
    if part := text[:end].strip():
        yield part


def _escaped(text: str, at: int) -> bool:
    before = at
    while before and text[before - 1] == "\\":
        before -= 1
    return (at - before) % 2 == 1


def _network(text: str) -> str:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    number = int(address)  # without the zone, which only the proxy's own machine understands
    if any(ipaddress.IPv6Address(number) in network for network in IPV4_WITHIN):
        return str(ipaddress.IPv4Address(number & 0xFFFFFFFF))
    return str(ipaddress.ip_network((number, 64), strict=False))
