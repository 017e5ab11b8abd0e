"""The parameters of ``DATABASE_URL`` for PostgreSQL: those of libpq, and those of Django."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from psycopg import pq

from .database_parameters import DJANGO, MOST_SECONDS, Parser, boolean, flag, integer, one_of, only, refused

TLS_VERSIONS = ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
# libpq checks these only when it connects, and says little. https://www.postgresql.org/docs/current/libpq-connect.html
TYPED: dict[str, Parser] = {
    "sslmode": one_of("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
    "sslnegotiation": one_of("postgres", "direct"),
    "sslcertmode": one_of("disable", "allow", "require"),
    "ssl_min_protocol_version": one_of(*TLS_VERSIONS),
    "ssl_max_protocol_version": one_of(*TLS_VERSIONS),
    "gssencmode": one_of("disable", "prefer", "require"),
    "channel_binding": one_of("disable", "prefer", "require"),
    "load_balance_hosts": one_of("disable", "random"),
    "port": integer(1, 65535),
    "connect_timeout": integer(1, MOST_SECONDS),
    "keepalives": flag,
    "keepalives_idle": integer(0, MOST_SECONDS),
    "keepalives_interval": integer(0, MOST_SECONDS),
    "keepalives_count": integer(0, 1000),
    "tcp_user_timeout": integer(0, MOST_SECONDS * 1000),
    "sslsni": flag,
    "sslcompression": flag,
    "gssdelegation": flag,
    "client_encoding": only("UTF8", {"utf8", "utf-8"}, "the site needs UTF8, which is the default"),
    "replication": refused("a connection for replication is of no use to the site"),
    "dbname": refused("the name of the database is the path of the address"),
}
OF_DJANGO: dict[str, Parser] = {
    **DJANGO,
    "disable_server_side_cursors": boolean,
    "conn_max_age": only(0, {"0"}, "the site's pool keeps connections, so it may only be 0"),
    "pool": refused("the site sets it: see WEB_THREADS"),
    "isolation_level": refused("the site needs 'read committed', which is PostgreSQL's default"),
    "server_side_binding": refused("the site needs false, which is the default"),
    "prepare_threshold": refused("the site prepares no statements"),
    "assume_role": str,
}
IN_THE_ADDRESS = {"user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}


def known_parameters() -> dict[str, Parser]:
    """Every parameter: the keywords of the libpq that is in use, and Django's."""
    keywords = (one.keyword.decode() for one in pq.Conninfo.get_defaults())
    return dict.fromkeys(keywords, str) | TYPED | OF_DJANGO


def check_address(options: dict[str, Any], settings: dict[str, Any]) -> None:
    """Raise ImproperlyConfigured for what both the address and its parameters say, of which one would be ignored."""
    for name, key in IN_THE_ADDRESS.items():
        if name in options and settings.get(key):
            raise ImproperlyConfigured(f"DATABASE_URL has the {name} twice: in the address and as a parameter.")
    if "," in str(options.get("host", "")):
        raise ImproperlyConfigured("DATABASE_URL has several hosts as a parameter; they belong into the address.")
