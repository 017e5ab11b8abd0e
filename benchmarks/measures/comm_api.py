"""The two sides of the communication API beside each other: one process each, the same server, the same database.

    python -m benchmarks.measures.comm_api [ROUNDS]    only this, without the peers; prints the figures as JSON

Lists of 100 messages, creates, a list of 10,000 rows with the memory that it takes, and how often another service is
asked for 1,000 rows of 20 users.
"""

import contextlib
import json
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from uuid import UUID

import psycopg

import tests.settings  # noqa: F401 (sets the environment of the sites under test)
from tests.support.postgres import Postgres

from ..process import Failed, cpu_seconds_of_all, memory_kb
from ..size import FULL, Size
from ..stage import PinnedSite

SIDES = ("legacy", "ninja")
CLIENTS = 4  # connections
SHORT, LONG, LOOKED_UP = 100, 10_000, 1_000
SENDER = UUID(int=1 << 64)  # of SHORT rows
MANY = UUID("00000000-0000-4000-8000-000000000001")  # one of the users; of LOOKED_UP rows
ANSWER_SECONDS = 60.0
SAMPLE_SECONDS = 0.02
CREATED = "a message of the benchmark"
PREFIX = "/comm/api/"
# Texts of the usual length, metadata of two keys, twenty users as receivers.
FILL = """
INSERT INTO messages (id, sender_id, receiver_id, subject, body, created_at, metadata)
SELECT gen_random_uuid(), %s::uuid, ('00000000-0000-4000-8000-' || lpad((n %% 20)::text, 12, '0'))::uuid,
  'Internship report ' || n, repeat('The report is ready for your review. ', 5), now() - n * interval '1 second',
  '{"priority": "high", "tags": ["report"]}'
FROM generate_series(1, %s) AS n
"""


class Sides:
    """A PostgreSQL server with the rows, on which a site of each side takes its turn."""

    def __init__(self, folder: Path, size: Size) -> None:
        self._folder, self._size = folder, size
        self._undo = contextlib.ExitStack()

    def names(self) -> list[str]:
        """Return the sides in the order in which they take turns."""
        return list(SIDES)

    def start(self) -> dict[str, float]:
        """Start the database server and fill the table. Return the number of rows."""
        postgres = Postgres()  # a create should wait for the API and not for the disk, which is the same for both
        self._undo.callback(postgres.stop)
        self._url = postgres.create("comm")
        self._prepared = False
        with self._site("legacy", SKIP_MIGRATE="false", STATIC_ROOT=str(self._folder / "comm-static")):
            pass  # its start makes the tables
        with psycopg.connect(self._url, autocommit=True) as connection:
            for sender, count in ((SENDER, SHORT), (MANY, LOOKED_UP), (UUID(int=3 << 64), LONG - SHORT - LOOKED_UP)):
                connection.execute(FILL, (sender, count))
            connection.execute("ANALYZE messages")
        return {"rows": LONG}

    def measure(self, name: str) -> dict[str, float]:
        """Return what is measured of a side."""
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute("DELETE FROM messages WHERE body = %s", (CREATED,))
        values: dict[str, float] = {}
        with self._site(name) as site:
            values |= _rate(site, "list", "GET", f"messages/sent/{SENDER}/", None, self._size.comm_seconds)
            said = {"sender_id": str(UUID(int=5)), "receiver_id": str(UUID(int=6)), "subject": "A", "body": CREATED}
            values |= _rate(site, "create", "POST", "messages/", json.dumps(said).encode(), self._size.comm_seconds)
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute("DELETE FROM messages WHERE body = %s", (CREATED,))
        with self._site(name) as site:
            values |= _streamed(site)
        with _users() as (address, asked), self._site(name, AUTH_SERVICE_URL=address) as site:
            begin = time.monotonic()
            rows = json.loads(_answer(site, "GET", f"messages/sent/{UUID(int=9)}/"))
            asked.clear()  # what the first answer of a process makes once is made
            rows = json.loads(_answer(site, "GET", f"messages/sent/{MANY}/"))
            values |= {"looked_up_ms": (time.monotonic() - begin) * 1000, "calls": float(len(asked))}
        if len(rows) != LOOKED_UP or any(row["receiver_data"] is None for row in rows):
            raise Failed("the rows are not as they should be")
        return values

    @contextlib.contextmanager
    def _site(self, side: str, **more: str) -> Iterator[PinnedSite]:
        more = {"STATIC_ROOT": str(self._folder / "comm-static"), **more}
        parts = {"SERVICE": "comm", "COMM_COMPAT": "true", "COMM_API": side, "LOG_LEVEL": "ERROR"}
        with PinnedSite(self._folder, self._url, "gunicorn", **parts, **more) as site:
            yield site

    def close(self) -> None:
        """Stop everything."""
        self._undo.close()


def _connection(site: PinnedSite) -> HTTPConnection:
    return HTTPConnection("127.0.0.1", site.port, timeout=ANSWER_SECONDS)


def _ask(connection: HTTPConnection, method: str, path: str, body: bytes | None) -> bytes:
    headers = {} if body is None else {"Content-Type": "application/json"}
    connection.request(method, PREFIX + path, body, headers)
    response = connection.getresponse()
    said = response.read()
    if response.status not in (200, 201):
        raise Failed(f"{method} {path}: {response.status} {said[:200]!r}")
    return said


def _answer(site: PinnedSite, method: str, path: str, body: bytes | None = None) -> bytes:
    with contextlib.closing(_connection(site)) as connection:
        return _ask(connection, method, path, body)


def _rate(site: PinnedSite, name: str, method: str, path: str, body: bytes | None, seconds: float) -> dict[str, float]:
    """Return requests a second of a few connections, and the server's processor time of a request in milliseconds."""
    counts: list[int] = []
    failures: list[Exception] = []
    until = 0.0

    def work() -> None:
        count = 0
        try:
            with contextlib.closing(_connection(site)) as connection:
                while time.monotonic() < until:
                    _ask(connection, method, path, body)
                    count += 1
        except (Failed, OSError) as error:
            failures.append(error)
        counts.append(count)

    for lasting in (seconds / 4, seconds):  # the first completes one-time work
        counts.clear()
        before, begin = cpu_seconds_of_all(site.process.pid), time.monotonic()
        until = begin + lasting
        threads = [threading.Thread(target=work) for _ in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise Failed(str(failures[0]))
        took, worked = time.monotonic() - begin, cpu_seconds_of_all(site.process.pid) - before
    total = sum(counts)
    return {f"{name}s_a_second": total / took, f"{name}_cpu_ms": worked * 1000 / total}


def _streamed(site: PinnedSite) -> dict[str, float]:
    """Return how long the whole list takes, and how much more memory the server has meanwhile, in MB."""
    _answer(site, "GET", f"messages/sent/{MANY}/")
    before = memory_kb(site.process.pid)
    done = threading.Event()
    seen = [before]

    def look() -> None:
        while not done.wait(SAMPLE_SECONDS):
            seen.append(memory_kb(site.process.pid))

    watcher = threading.Thread(target=look)
    watcher.start()
    begin = time.monotonic()
    try:
        rows = json.loads(_answer(site, "GET", "messages/"))
    finally:
        took = time.monotonic() - begin
        done.set()
        watcher.join()
    if len(rows) != LONG:
        raise Failed(f"{len(rows)} rows came instead of {LONG}")
    return {"stream_ms": took * 1000, "stream_mb": (max(seen) - before) / 1024}


@contextlib.contextmanager
def _users() -> Iterator[tuple[str, list[str]]]:
    """The authentication service: its address, and the paths that it was asked for."""
    asked: list[str] = []

    class Users(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked.append(self.path)
            body = json.dumps({"id": self.path.rpartition("/")[2], "first_name": "John"}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Users)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def main(rounds: int) -> None:
    """Measure in rounds of alternating order, and print the medians."""
    seen: dict[str, list[dict[str, float]]] = {side: [] for side in SIDES}
    with tempfile.TemporaryDirectory(prefix="gistagum-bench-") as folder:
        sides = Sides(Path(folder), FULL)
        with contextlib.closing(sides):
            sides.start()
            for number in range(rounds):
                for side in SIDES[:: 1 if number % 2 == 0 else -1]:
                    seen[side].append(sides.measure(side))
                    sys.stderr.write(f"{side}: {_shown(seen[side][-1:])}\n")
    sys.stdout.write(json.dumps({side: _shown(values) for side, values in seen.items()}, indent=1) + "\n")


def _shown(rounds: list[dict[str, float]]) -> dict[str, float]:
    middle: Callable[[str], float] = lambda name: statistics.median(one[name] for one in rounds)  # noqa: E731
    return {name: round(middle(name), 2) for name in rounds[0]}


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 3)
