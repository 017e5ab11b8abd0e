"""Where the site listens: ``HOST`` and ``PORT``, in the spelling that each reader wants.

An IPv6 address stands in brackets in a URL, in a Host header and before a port, and nowhere else. This module alone
knows; scripts/lib/probe.sh does the same in a shell.
"""

import os
import re
import socket
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

NAME = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")
NUMBER = re.compile(r"(.*\.)?(0x[0-9a-f]*|[0-9]+)")  # what the system reads as an IPv4 address, such as 127.1
LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 (how to ask a site that listens everywhere)


@dataclass(frozen=True)
class ListenAddress:
    """A host name or an address without brackets, and a port."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """The address of the site, as it is configured."""
        return f"http://{bracketed(self.host)}:{self.port}"

    @property
    def local_url(self) -> str:
        """The address at which this machine reaches the site."""
        return ListenAddress(LOOPBACK.get(self.host, self.host), self.port).url

    def resolved(self) -> "ListenAddress":
        """The same with the address that a name stands for, IPv4 where it has both.

        Raise ImproperlyConfigured where this machine cannot listen there.
        """
        try:
            found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
            family, *_, address = min(found, key=lambda one: one[0] != socket.AF_INET)
            with socket.socket(family, socket.SOCK_STREAM) as trial:
                trial.bind((address[0], 0))
        except OSError as error:
            reason = error.strerror or str(error)
            raise ImproperlyConfigured(f"HOST is {self.host!r}; this machine cannot listen there: {reason}.") from error
        return ListenAddress(str(address[0]), self.port)


def bracketed(host: str) -> str:
    """A host as it stands before a port."""
    return f"[{host}]" if ":" in host else host


def parse_host(text: str) -> str:
    """Return a host name or an address in its usual spelling, without brackets. Raise ValueError for anything else."""
    host = text.lower().removesuffix(".")
    if host.startswith("[") or ":" in host:
        return str(_ipv6(host))
    if NUMBER.fullmatch(host):
        return str(IPv4Address(host))
    if not NAME.fullmatch(host):
        raise ValueError(text)
    return host


def _ipv6(text: str) -> IPv6Address:
    if text.startswith("["):
        if not text.endswith("]"):
            raise ValueError(text)
        text = text[1:-1]
    address = IPv6Address(text)
    if address.scope_id:  # Daphne cannot, and no URL of a browser may have one
        raise AddressValueError(text)
    return address


def listen_host(text: str) -> str:
    """``HOST``. Raise ImproperlyConfigured if it is no host."""
    try:
        return parse_host(text)
    except ValueError:
        raise ImproperlyConfigured(
            f"HOST is {text[:80]!r}; it may be a host name or an address, without a port: 127.0.0.1, 0.0.0.0, ::1, ::."
        ) from None


def allowed_host(text: str) -> str:
    """A member of ``ALLOWED_HOSTS`` as Django compares it. Raise ImproperlyConfigured if no request could match it."""
    try:
        return bracketed(str(_ipv6(text))) if ":" in text else text
    except ValueError:
        raise ImproperlyConfigured(f"ALLOWED_HOSTS holds {text!r}; a name has no scheme and no port.") from None


def trusted_origin(text: str) -> str:
    """A member of ``CSRF_TRUSTED_ORIGINS`` as browsers send it. Raise ImproperlyConfigured if none could send it."""
    if not text.startswith(("https://", "http://")):
        raise ImproperlyConfigured(f"CSRF_TRUSTED_ORIGINS holds {text!r}; each must start with https:// or http://.")
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port  # both are read from the text when they are asked for
        if not host:
            raise ValueError(text)
        if ":" not in host:
            return text
        return parts._replace(netloc=parts.netloc.lower().replace(f"[{host}]", bracketed(str(_ipv6(host))))).geturl()
    except ValueError:
        raise ImproperlyConfigured(f"CSRF_TRUSTED_ORIGINS holds {text!r}, which is no origin.") from None


def page_origin(text: str) -> str:
    """A member of ``CORS_ALLOWED_ORIGINS`` as browsers send it. Raise ImproperlyConfigured if none could send it."""
    refusal = f"CORS_ALLOWED_ORIGINS holds {text!r}; each is http:// or https://, a host and perhaps a port, alone."
    try:
        parts = urlsplit(text)
        host, port = parse_host(parts.hostname or ""), parts.port
    except ValueError:
        raise ImproperlyConfigured(refusal) from None
    origin = f"{parts.scheme}://{bracketed(host)}" + (f":{port}" if port is not None else "")
    if parts.scheme not in {"http", "https"} or origin != text.lower():
        raise ImproperlyConfigured(refusal)
    return origin


def from_environment() -> ListenAddress:
    """Where the site of this container listens, without reading all settings: for its health check."""
    return ListenAddress(listen_host(os.environ.get("HOST") or "127.0.0.1"), int(os.environ.get("PORT") or 8000))
