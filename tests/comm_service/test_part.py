"""`make comm`: the API alone, on a PostgreSQL of its own that is gone afterwards."""

import contextlib
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest

from tests.support import http
from tests.support.ports import free_port, listens, wait_until
from tests.support.site import ROOT, START_SECONDS

pytestmark = pytest.mark.servers
ROWS = 3000


class Part:
    """A running `make comm`."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / f"comm-{self.port}.log"
        given = {name: os.environ[name] for name in ("PATH", "SECRET_KEY", "JWT_SECRET_KEY")}
        given |= {"HOME": str(folder), "LANG": "C.UTF-8", "GISTAGUM_ENV_FILE": os.devnull, **environment}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                ["make", "comm", f"PORT={self.port}"],
                cwd=ROOT,
                env=given,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_until(self.answers, f"make comm answers; its log: {self.log}", START_SECONDS)

    def answers(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        return listens(self.port, "127.0.0.1") and http.get(f"{self.url}/health/", timeout=5).text == "OK"

    @property
    def database_url(self) -> str:
        """The address that it prints."""
        said = re.search(r"a temporary PostgreSQL: (postgres://\S+)", self.log.read_text())
        assert said, self.log.read_text()
        return said[1]

    def end(self) -> None:
        """End it as Ctrl-C would."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait(60)


@pytest.fixture
def part(tmp_path: Path) -> Iterator[Part]:
    running = Part(tmp_path, COMM_SHOW_SIDE="true")
    yield running
    running.end()


def test_it_serves_the_old_side_and_leaves_nothing_behind(part):
    """One test, since each start takes its time."""
    it_serves_the_old_side_to_everybody_on_empty_tables(part)
    it_streams_the_rows_that_sql_wrote(part)
    address = part.database_url
    part.end()
    wait_until(lambda: not listens(part.port, "127.0.0.1"), "the server has ended")
    port = urlsplit(address).port
    wait_until(lambda: not listens(port, "127.0.0.1"), "PostgreSQL has ended")


def it_serves_the_old_side_to_everybody_on_empty_tables(part):
    with http.Client(base_url=part.url, timeout=30) as caller:
        empty = caller.get("/comm/api/messages/")
        assert (empty.text, empty.headers["X-Served-By"]) == ("[]", "legacy")
        assert "404" not in caller.get("/comm/api/").text
        lost = caller.get("/comm/api/nothing/")
        assert (lost.status_code, lost.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
        assert caller.get("/comm/nothing").status_code == 404
        elsewhere = caller.get("/nothing")
        assert (elsewhere.status_code, elsewhere.json()["code"]) == (401, "NO_TOKEN")
        assert caller.get("/health").json()["service"] == caller.get("/comm/health").json()["service"]
        body = {"sender_id": str(uuid4()), "receiver_id": str(uuid4()), "metadata": {"bb": 1, "a": 2}}
        made = caller.post("/comm/api/messages/", json=body, headers={"Origin": "http://anywhere.example"})
        assert (made.status_code, made.headers["Vary"]) == (201, "origin")
        assert made.headers["Access-Control-Allow-Origin"] == "http://anywhere.example"
        head = caller.head("/comm/api/messages/")
        assert (head.status_code, head.content) == (200, b"")
        redirected = caller.post("/comm/api/messages", json=body, follow_redirects=False)
        assert (redirected.status_code, redirected.headers["Location"]) == (301, "/comm/api/messages/")
        assert '"metadata":{"a":2,"bb":1}' in caller.get("/comm/api/messages/").text


def it_streams_the_rows_that_sql_wrote(part):
    with psycopg.connect(part.database_url) as connection:
        connection.execute(
            "INSERT INTO email_queue SELECT gen_random_uuid(),'[]', n::text, NULL, '{}', now(), NULL, NULL, 'sent', 0, "
            "NULL FROM generate_series(1, %s) AS n",
            (ROWS,),
        )
    answer = http.get(f"{part.url}/comm/api/email_queue/", timeout=60)
    assert {int(row["subject"]) for row in answer.json()} == set(range(1, ROWS + 1))
    assert answer.headers["Transfer-Encoding"] == "chunked"
    with http.Client(base_url=part.url, timeout=60) as caller:  # a body of a HEAD would be the next answer's beginning
        assert caller.head("/comm/api/email_queue/").status_code == 200
        body = {"to_addresses": [], "body": "x" * 200_000}
        assert caller.post("/comm/api/email_queue/", json=body).status_code == 201
        long = "/comm/api/email_queue/by_status/pending/"
        length = caller.head(long).headers["Content-Length"]
        assert int(length) > 200_000
        assert caller.get(long).headers["Content-Length"] == length
