"""A database that cannot be reached: one line with the reason and with what to do, at a start and at run time."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from django.db import OperationalError, connection

from gistagum import database_fitness
from gistagum.database_reasons import in_one_line
from tests.support import http
from tests.support.database import using_database
from tests.support.ports import free_port, listens, wait_until
from tests.support.postgres import TEMPLATE, Postgres
from tests.support.site import ROOT, Site
from tests.support.tcp_relay import TcpRelay

# Who may come in how. "stranger" is in no line.
PG_HBA = """
local all all trust
host all gistagum,limited 127.0.0.1/32 trust
host all ana 127.0.0.1/32 scram-sha-256
hostssl all encrypted 127.0.0.1/32 trust
host all plain 127.0.0.1/32 trust
host all rejected 127.0.0.1/32 reject
"""
STARTING = b"SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0"


@pytest.fixture(scope="module")
def guarded(postgres_cluster: Path) -> Iterator[Postgres]:
    """A server with TLS, a certificate of its own for another name, and rules about who may come in."""
    server = Postgres(postgres_cluster)
    data = server.folder / "data"
    command = ["openssl", "req", "-new", "-x509", "-nodes", "-days", "2", "-subj", "/CN=db.example"]
    certificate = ["-keyout", data / "server.key", "-out", data / "server.crt"]
    subprocess.run([*command, *certificate], check=True, capture_output=True, timeout=60)
    (data / "pg_hba.conf").write_text(PG_HBA)
    for name in ("server.key", "server.crt"):
        (data / name).chmod(0o600)
        if os.geteuid() == 0:
            shutil.chown(data / name, "postgres", "postgres")
    for role in ("encrypted", "plain", "rejected", "stranger", "limited CONNECTION LIMIT 0", "ana PASSWORD 'right'"):
        server._sql(f"CREATE ROLE {role.replace(' ', ' LOGIN ', 1) if ' ' in role else role + ' LOGIN'}")
    server._sql("CREATE ROLE nologin")
    server.configure("ssl", "on")
    server.create("closed")
    server._sql("ALTER DATABASE closed ALLOW_CONNECTIONS false")
    server.create("office", template=TEMPLATE)
    yield server
    server.stop()


@contextlib.contextmanager
def answering(answer: bytes) -> Iterator[int]:
    """A port at which this is the answer to whatever comes."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    with listening.accept()[0] as client:
                        client.recv(1024)
                        client.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        yield listening.getsockname()[1]
        with contextlib.suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)


def fault_at(url: str) -> tuple[str, bool]:
    with using_database(url):
        [fault], passing = database_fitness.faults()
    assert "\n" not in fault
    return fault, passing


@pytest.mark.parametrize(
    ("who", "name", "reason", "advice"),
    [
        ("ana:wrong", "office", 'password authentication failed for user "ana"', "correct the user or the password"),
        ("ana", "office", "no password supplied", "correct the user or the password"),
        ("nobody", "office", 'no pg_hba.conf entry for host "127.0.0.1", user "nobody"', "let pg_hba.conf on"),
        ("stranger", "office", 'no pg_hba.conf entry for host "127.0.0.1", user "stranger"', "let pg_hba.conf on"),
        ("rejected", "office", "pg_hba.conf rejects connection", "let pg_hba.conf on"),
        ("encrypted", "office?sslmode=disable", "no pg_hba.conf entry", "let pg_hba.conf on"),
        ("limited", "office", 'too many connections for role "limited"', "raise max_connections (or the limit of"),
        ("gistagum", "nowhere", 'database "nowhere" does not exist', "create it, or correct the name in DATABASE_URL"),
        ("gistagum", "closed", 'database "closed" is not currently accepting', "ALLOW_CONNECTIONS true"),
        ("plain", "office?sslmode=verify-full", 'root certificate file', "see sslmode, sslrootcert"),
        ("plain", "office?sslmode=verify-ca&sslrootcert=/nowhere.crt", "does not exist", "see sslmode, sslrootcert"),
        ("plain", "office?sslmode=verify-ca&sslrootcert={other}", "certificate verify failed", "see sslmode, sslroot"),
        ("plain", "office?sslmode=verify-full&sslrootcert={own}", 'does not match host name', "see sslmode"),
        ("gistagum", "office?options=-c%20shared_buffers%3D1GB", "cannot be changed without restarting", "options=…"),
        ("gistagum", "office?options=-c%20no_such%3D1", 'unrecognized configuration parameter "no_such"', "options=…"),
        ("gistagum", "office?assume_role=missing", 'role "missing" does not exist', "create the role, or correct"),
        ("gistagum", "office?target_session_attrs=standby", "not in hot standby mode", "remove target_session_attrs"),
        ("gistagum", "office?service=none", 'definition of service "none" not found', "correct the parameter"),
    ],
)  # fmt: skip
def test_a_server_that_refuses(guarded, django_db_blocker, tmp_path, who, name, reason, advice):
    other = tmp_path / "other.crt"
    command = ["openssl", "req", "-new", "-x509", "-nodes", "-days", "2", "-subj", "/CN=other", "-out", other]
    if "{other}" in name:
        subprocess.run([*command, "-keyout", tmp_path / "key"], check=True, capture_output=True, timeout=60)
    own = tmp_path / "own.crt"
    shutil.copyfile(guarded.folder / "data" / "server.crt", own)
    with django_db_blocker.unblock():
        fault, _ = fault_at(f"postgres://{who}@127.0.0.1:{guarded.port}/{name.format(other=other, own=own)}")
    assert reason in fault
    assert advice in fault
    assert "wrong" not in fault, "no password is shown"


@pytest.mark.parametrize(
    ("address", "reason", "advice", "passing"),
    [
        ("127.0.0.1:{nobody}", "Connection refused", "start PostgreSQL, or correct the host and port", True),
        ("[::1]:{nobody}", "refused", "start PostgreSQL, or correct the host and port", True),
        ("db.invalid", "failed to resolve host 'db.invalid'", "correct the host in DATABASE_URL", True),
        ("127.0.0.1:{nobody},db.invalid:{nobody}", "Connection refused", "start PostgreSQL", True),
        ("127.0.0.1:{starting}", "the database system is starting up", "wait until it has started", True),
        ("127.0.0.1:{web}", "received invalid response", "something else answers at this host and port", False),
        ("127.0.0.1:{silent}", "timeout expired", "see to the host, the network and the firewall", True),
        ("%2Fnowhere", "No such file or directory", "start PostgreSQL, or correct the host and port", True),
    ],
)
def test_somebody_else_answers_or_nobody(django_db_blocker, address, reason, advice, passing):
    error = b"E" + (len(STARTING) + 4).to_bytes(4, "big") + STARTING
    with (
        answering(error) as starting,
        answering(b"HTTP/1.1 400 Bad Request\r\n\r\n") as web,
        socket.create_server(("127.0.0.1", 0)) as listening,
        django_db_blocker.unblock(),
    ):
        ports = {"starting": starting, "web": web, "silent": listening.getsockname()[1], "nobody": free_port()}
        sslmode = "disable" if "starting" in address else "prefer"
        fault, passes = fault_at(f"postgres://ana@{address.format(**ports)}/office?connect_timeout=2&sslmode={sslmode}")
    assert reason in fault
    assert advice in fault
    assert passes is passing


def test_words_that_are_not_known_are_passed_on():
    assert in_one_line(OperationalError("FATAL:  Passwort\n\tfalsch")) == "FATAL: Passwort falsch."


# --- at the front door ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command",
    [
        ["manage.py", "migrate"],
        ["manage.py", "createsuperuser", "--noinput", "--username", "x", "--email", "x@example.com"],
        ["manage.py", "migration", "status"],
        ["-m", "uvicorn", "gistagum.asgi:application"],
        ["-m", "daphne", "gistagum.asgi:application"],
        ["-m", "gunicorn", "gistagum.wsgi"],
        None,  # start.sh
    ],
)
def test_every_program_says_it_in_one_line(guarded, command):
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "gistagum.settings", "PORT": str(free_port())}
    environment["DATABASE_URL"] = f"postgres://ana:wrong@127.0.0.1:{guarded.port}/office"
    started = ["./start.sh"] if command is None else [sys.executable, *command]
    done = subprocess.run(started, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode != 0
    [line] = [line for line in done.stderr.splitlines() if "password authentication failed" in line]
    assert "correct the user or the password in DATABASE_URL" in line
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) <= 6, done.stderr


@pytest.mark.timeout(120)
def test_a_start_that_has_to_migrate_waits_a_moment_for_its_database(guarded):
    with TcpRelay(guarded.port) as relay:
        relay.cut()
        healed = threading.Timer(1.5, relay.heal)
        healed.start()
        environment = {**os.environ, "DATABASE_URL": f"postgres://gistagum@127.0.0.1:{relay.port}/office"}
        command = [sys.executable, "-m", "gistagum.server"]
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        healed.join()
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("prepare http://")


@pytest.mark.timeout(120)
@pytest.mark.parametrize("server", ["gunicorn", "daphne"])
def test_a_server_that_starts_before_its_database_says_so_once_and_waits_for_it(guarded, static_root, scratch, server):
    url = f"postgres://gistagum@127.0.0.1:{guarded.port}/office"
    with TcpRelay(guarded.port) as relay:
        relay.cut()
        behind = url.replace(str(guarded.port), str(relay.port))
        site = Site(scratch / "site", behind, server, STATIC_ROOT=static_root)
        try:
            site.launch()
            wait_until(lambda: listens(site.port), "it listens", 60)
            relay.heal()
            wait_until(site.healthy, "it has found its database", 30)
        finally:
            site.stop()
    said = site.log.read_text()
    assert said.count("gistagum: The database cannot be used. ") == 1
    assert "The site answers 503 until then." in said
    assert "Traceback" not in said, said


def test_at_run_time_the_pool_says_why_it_has_no_connection(guarded, django_db_blocker):
    url = f"postgres://ana:right@127.0.0.1:{guarded.port}/office"
    with django_db_blocker.unblock(), using_database(url):
        connection.ensure_connection()
        pool = connection.pool
        connection.close()
        pool.timeout = 2.0
        guarded._sql("ALTER ROLE ana PASSWORD 'another'")
        try:
            guarded.cut_off()
            with pytest.raises(OperationalError) as refused:
                connection.ensure_connection()
        finally:
            guarded._sql("ALTER ROLE ana PASSWORD 'right'")
        assert "password authentication failed" in str(refused.value)
        assert "correct the user or the password" in str(refused.value)
        connection.close()
        wait_until(lambda: connection.ensure_connection() is None, "it is connected again")


def test_a_pool_whose_connections_are_all_taken_says_so(guarded, django_db_blocker):
    with django_db_blocker.unblock(), using_database(f"postgres://gistagum@127.0.0.1:{guarded.port}/office"):
        connection.ensure_connection()
        pool = connection.pool
        held = [pool.getconn() for _ in range(pool.max_size - 1)]
        try:
            with pytest.raises(psycopg.OperationalError) as refused:
                pool.getconn(0.2)
            assert "all 23 of this process are in use: raise WEB_THREADS." in str(refused.value)
        finally:
            for one in held:
                pool.putconn(one)


@pytest.mark.timeout(120)
def test_a_site_whose_password_is_changed_says_why_in_its_log_and_comes_back(guarded, static_root, scratch):
    url = f"postgres://ana:right@127.0.0.1:{guarded.port}/office"
    guarded._sql("GRANT gistagum TO ana")
    with Site(scratch / "site", url, STATIC_ROOT=static_root) as site:
        guarded._sql("ALTER ROLE ana PASSWORD 'another'")
        try:
            guarded.cut_off()
            cookie = {"Cookie": f"sessionid={os.urandom(16).hex()}"}
            with ThreadPoolExecutor() as people:  # each waits ten seconds for a connection in vain
                looking = people.submit(http.get, f"{site.url}/projeng/projects/", headers=cookie, timeout=30)
                health = people.submit(http.get, f"{site.url}/health/", timeout=30).result()
                answer = looking.result()
        finally:
            guarded._sql("ALTER ROLE ana PASSWORD 'right'")
        wait_until(site.healthy, "it is connected again", 30)
    assert (health.status_code, health.text) == (503, "database: wrong password")
    said = site.log.read_text()
    for beginning in ("Service Unavailable: /projeng/projects/: ", "The database cannot be used. "):
        [line] = [line for line in said.splitlines() if beginning in line]
        assert "password authentication failed" in line
        assert line.endswith("correct the user or the password in DATABASE_URL, or set it: ALTER ROLE … PASSWORD ….")
    assert "Traceback" not in said, said
    assert (answer.status_code, "out of reach" in answer.text) == (503, True)
