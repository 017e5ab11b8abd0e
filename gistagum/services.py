"""Other services: the values of settings that name them, and the keys that are shared with them."""

from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

SHORTEST_KEY = 32  # bytes: as long as what HMAC-SHA256 makes of it (RFC 7518, 3.2)


def secret_key(name: str, text: str) -> str:
    """A key that signs tokens, or an empty text. Raise ImproperlyConfigured for one that is too short."""
    if not text or len(text.encode(errors="surrogateescape")) >= SHORTEST_KEY:
        return text
    raise ImproperlyConfigured(f"{name} is too short; it must have {SHORTEST_KEY} characters or more, at random.")


def service_url(name: str, text: str) -> str:
    """The address of a service over HTTP, or an empty text. Raise ImproperlyConfigured for anything else."""
    if not text or _is_address(text, {"http", "https"}):
        return text
    raise ImproperlyConfigured(f"{name} is no address; it may be http:// or https://, a host, a port and a path.")


def socket_address(name: str, text: str) -> str:
    """The path of a socket, ``tcp://host:port``, or an empty text. Raise ImproperlyConfigured for anything else."""
    if not text or text.startswith("/") or _is_address(text, {"tcp"}):
        return text
    raise ImproperlyConfigured(f"{name} is {text[:80]!r}; it may be the path of a socket, or tcp://host:port.")


def _is_address(text: str, schemes: set[str]) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
