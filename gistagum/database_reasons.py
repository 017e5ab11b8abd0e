"""Why a database cannot be used, and what to do about it, in one line.

libpq passes on no error code for a connection that failed, so reasons are recognized by the words of the error. A
server may speak another language (``lc_messages``): then the line has its words, and no advice.
"""

import re
from typing import NamedTuple


class Reason(NamedTuple):
    """A reason. ``kind`` names neither hosts nor people, so everybody may read it.

    ``words`` are regular expressions, of which an error with this reason has one. ``passing``: the reason may end by
    itself.
    """

    kind: str
    advice: str
    words: tuple[str, ...]
    passing: bool = False


PASSWORD = "correct the user or the password in DATABASE_URL, or set it: ALTER ROLE … PASSWORD …"  # noqa: S105
HBA = "let pg_hba.conf on the database's server allow this role, database, address and encryption"
OPTIONS = "correct options=… in DATABASE_URL, or what ALTER ROLE or ALTER DATABASE … SET"
PRIMARY = "let DATABASE_URL lead to the primary, and to a database that may be written"
ELSE = "something else answers at this host and port: correct them in DATABASE_URL"
CERTIFICATE = "see sslmode, sslrootcert, sslcert and sslkey in DATABASE_URL"
CONNECTIONS = "raise max_connections (or the limit of the role or database), or lower WEB_THREADS and WEB_CONCURRENCY"
SERVER = "start PostgreSQL, or correct the host and port in DATABASE_URL"
NETWORK = "see to the host, the network and the firewall, or correct DATABASE_URL"
LOST = "see PostgreSQL's log, and whether it is PostgreSQL that answers at this host and port"
FILE = "let the user of the site write the file of DATABASE_URL and its folder"

# The first that fits is taken, so the more precise ones come first.
REASONS = (
    Reason("wrong password", PASSWORD, ("password authentication failed", "no password supplied")),
    Reason("no such role", "create the role, or correct the user in DATABASE_URL", ('role "[^"]*" does not exist',)),
    Reason("role without LOGIN", "ALTER ROLE … LOGIN, or name another role", ("is not permitted to log in",)),
    Reason("refused by pg_hba.conf", HBA, (r"no pg_hba\.conf entry", r"pg_hba\.conf rejects")),
    Reason(
        "authentication failed",
        "compare the method in pg_hba.conf with DATABASE_URL",
        (r"\w+ authentication failed", "authentication method requirement"),
    ),
    Reason("no right to connect", "GRANT CONNECT ON DATABASE … TO …", ("permission denied for database",)),
    Reason(
        "no rights",
        "migrate as the owner of the tables, or change it: ALTER TABLE … OWNER TO …",
        ("must be owner of",),
    ),
    Reason("wrong options", OPTIONS, ("permission denied to set parameter",)),
    Reason("no rights", "GRANT what is missing to the role in DATABASE_URL", ("permission denied (for|to)",)),
    Reason(
        "no such database",
        "create it, or correct the name in DATABASE_URL",
        ('database "[^"]*" does not exist', "no such database"),
    ),
    Reason("database closed", "ALTER DATABASE … ALLOW_CONNECTIONS true", ("is not currently accepting connections",)),
    Reason("version too old", "upgrade the database server", (r"[\d.]+ or later is required",)),
    Reason(
        "not a standby",
        "remove target_session_attrs from DATABASE_URL",
        ("session is not read-only", "not in hot standby mode"),
    ),
    Reason(
        "read-only",
        PRIMARY,
        ("session is read-only", "in hot standby mode", "only reads", "recovery is in progress"),
        passing=True,
    ),
    Reason("no such schema", "create the schema, or correct search_path", ('schema "[^"]*" does not exist',)),
    Reason("pooler", "behind PgBouncer set DATABASE_POOLER=transaction", ("unsupported startup parameter",)),
    Reason(
        "wrong options",
        OPTIONS,
        (
            "unrecognized configuration parameter",
            "invalid value for parameter",
            "invalid command-line argument",
            "parameter .* cannot be (changed|set)",
        ),
    ),
    Reason(
        "wrong parameter",
        "correct the parameter in DATABASE_URL",
        (r"invalid (connection option|integer value|\S+ value)", "definition of service"),
    ),
    Reason(
        "no PostgreSQL",
        ELSE,
        ("received invalid response", "expected authentication request", "unsupported frontend protocol"),
    ),
    Reason(
        "TLS",
        "switch TLS on in PostgreSQL (ssl = on), or choose another sslmode in DATABASE_URL",
        ("does not support SSL", "SSL was required"),
    ),
    Reason("encryption", "see gssencmode in DATABASE_URL", ("GSSAPI",)),
    Reason("TLS", CERTIFICATE, ("SSL error", "certificate", "private key", "channel binding")),
    Reason(
        "too many connections",
        CONNECTIONS,
        ("too many (clients|connections)", "connection slots are reserved", "no more connections allowed"),
        passing=True,
    ),
    Reason(
        "starting up or shutting down",
        "wait until it has started; its own log says how far it is",
        ("starting up", "shutting down", "in recovery mode", "not (yet )?accepting", "terminating connection"),
        passing=True,
    ),
    Reason(
        "unknown host",
        "correct the host in DATABASE_URL, or mend the name service",
        ("could not translate host name", "failed to resolve", "name resolution", "name or service not known"),
        passing=True,
    ),
    Reason("nobody answers", SERVER, ("connection refused", "no such file or directory"), passing=True),
    Reason(
        "nobody answers",
        NETWORK,
        ("timeout expired", "timed out", "no route to host", "network is unreachable", "said nothing"),
        passing=True,
    ),
    Reason(
        "connection lost",
        LOST,
        ("closed the connection unexpectedly", "connection reset", "connection is (closed|lost|bad)"),
        passing=True,
    ),
    # --- SQLite
    Reason("file cannot be opened", FILE, ("unable to open database file",)),
    Reason("read-only", FILE, ("readonly database",)),
    Reason(
        "no database file",
        "correct the path in DATABASE_URL, or restore the file from a backup",
        ("file is not a database", "malformed"),
    ),
    Reason(
        "disk full",
        "make room on the disk of the database",
        ("disk is full", "no space left", "could not extend file"),
        passing=True,
    ),
    Reason("disk error", "see to the disk, which must be a local one", ("disk I/O error",), passing=True),
    Reason("locked", "another program holds the file: let it end", ("database is locked",), passing=True),
)
PATTERNS = [(re.compile("|".join(reason.words), re.IGNORECASE), reason) for reason in REASONS]
SUPERFLUOUS = re.compile(r"\s*Is the server running[^?]*\?|^connection failed: ")  # the advice says it


def reason_in(text: str) -> Reason | None:
    """Return the first reason that the words of an error name, if any."""
    return next((reason for pattern, reason in PATTERNS if pattern.search(text)), None)


def reason_of(error: BaseException | None) -> Reason | None:
    """Return the reason of an error, also where only its cause names it."""
    while error is not None:
        if found := reason_in(str(error)):
            return found
        error = error.__cause__
    return None


def in_one_line(error: BaseException) -> str:
    """Return the error's words in one line, with the advice if there is one and they do not have it yet."""
    words = " ".join(SUPERFLUOUS.sub("", str(error)).split()).rstrip(".") or type(error).__name__
    reason = reason_of(error)
    return f"{words}: {reason.advice}." if reason and reason.advice not in words else f"{words}."
