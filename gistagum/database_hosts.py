"""Several hosts in ``DATABASE_URL``, of which libpq takes the first that is the primary."""

import re
from typing import Any
from urllib.parse import unquote

from django.core.exceptions import ImproperlyConfigured

ADDRESS = re.compile(r"(?P<before>\w+://(?:[^/?#]*@)?)(?P<hosts>[^/?#]*)(?P<after>.*)", re.DOTALL)
HOST = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\[\]:\s]+)(?::(?P<port>[0-9]{0,5}))?")
DEFAULT_PORT = 5432
# https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNECT-TARGET-SESSION-ATTRS
SESSION_ATTRS = ("any", "read-write", "read-only", "primary", "standby", "prefer-standby")
WRITABLE_SESSION_ATTRS = ("read-write", "primary")


def split_hosts(url: str) -> tuple[str, dict[str, str]]:
    """Return the URL with its first host alone, and Django's ``HOST`` and ``PORT`` for all hosts (empty for one host).

    django-environ splits such a URL as well. It leaves out the ports that are not given, so that others take their
    place, and keeps the brackets of IPv6 addresses. Raise ImproperlyConfigured for what is no list of hosts.
    """
    parts = ADDRESS.fullmatch(url)
    if parts is None or "," not in parts["hosts"]:
        return url, {}
    found = [_host_and_port(one.strip()) for one in parts["hosts"].split(",")]
    settings = {"HOST": ",".join(host for host, _ in found), "PORT": ",".join(str(port) for _, port in found)}
    first = parts["hosts"].partition(",")[0].strip()
    return parts["before"] + first + parts["after"], settings


def _host_and_port(text: str) -> tuple[str, int]:
    match = HOST.fullmatch(text)
    port = int(match["port"] or DEFAULT_PORT) if match else 0
    if match is None or not 1 <= port <= 65535:  # the text may be a part of a password, so it is not repeated
        raise ImproperlyConfigured("DATABASE_URL names several hosts, and one of them is not host or host:port.")
    return unquote(match["host"].strip("[]")), port


def set_session_attrs(options: dict[str, Any], *, several: bool) -> None:
    """Check ``target_session_attrs``. With several hosts its default is ``read-write``, since the site writes.

    Raise ImproperlyConfigured for a value with which the site could not write, or that libpq does not know.
    """
    if several:
        options.setdefault("target_session_attrs", "read-write")
    wanted = options.get("target_session_attrs", "any")
    allowed = WRITABLE_SESSION_ATTRS if several else SESSION_ATTRS
    if wanted not in allowed:
        where = "with several hosts it" if several else "it"
        raise ImproperlyConfigured(
            f"DATABASE_URL has target_session_attrs={str(wanted)[:40]!r}; {where} may be {', '.join(allowed)}."
        )
