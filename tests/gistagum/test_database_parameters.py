"""The parameters of DATABASE_URL: each has a type, the operator's win, and what cannot be is refused by name."""

import os
import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from gistagum.database import database_settings
from tests.support.database import using_database
from tests.support.site import ROOT

POSTGRES = "postgres://ana:secret@db/office"


def settings_with(parameters: str) -> dict:
    return database_settings(f"{POSTGRES}?{parameters}")


@pytest.mark.parametrize(
    ("parameter", "name", "value"),
    [
        ("conn_health_checks=false", "CONN_HEALTH_CHECKS", False),
        ("conn_health_checks=TRUE", "CONN_HEALTH_CHECKS", True),
        ("atomic_requests=false", "ATOMIC_REQUESTS", False),
        ("ATOMIC_REQUESTS=1", "ATOMIC_REQUESTS", True),
        ("disable_server_side_cursors=true", "DISABLE_SERVER_SIDE_CURSORS", True),
        ("disable_server_side_cursors=0", "DISABLE_SERVER_SIDE_CURSORS", False),
        ("autocommit=true", "AUTOCOMMIT", True),
        ("conn_max_age=0", "CONN_MAX_AGE", 0),
    ],
)
def test_a_setting_of_django_has_its_type(parameter, name, value):
    assert settings_with(parameter)[name] is value


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("connect_timeout=2", 2),
        ("keepalives_idle=60", 60),
        ("keepalives=false", 0),
        ("sslsni=1", 1),
        ("tcp_user_timeout=5000", 5000),
        ("sslmode=VERIFY-FULL", "verify-full"),
        ("application_name=123", "123"),
        ("SSLROOTCERT=/srv/root.crt", "/srv/root.crt"),
        ("assume_role=office", "office"),
    ],
)
def test_a_parameter_of_libpq_wins_and_has_its_type(parameter, value):
    options = settings_with(parameter)["OPTIONS"]
    found = options[parameter.partition("=")[0].lower()]
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ("sslmod=require", "DATABASE_URL has the parameter 'sslmod', which is not known; is sslmode meant?"),
        ("xyz=1", "DATABASE_URL has the parameter 'xyz', which is not known; docs/operating.md lists those that are."),
        ("atomic_requests=maybe", "DATABASE_URL has atomic_requests='maybe'; it may be true, false, 1 or 0."),
        ("conn_health_checks=None", "DATABASE_URL has conn_health_checks='None'; it may be true, false, 1 or 0."),
        ("keepalives=2", "DATABASE_URL has keepalives='2'; it may be true, false, 1 or 0."),
        ("connect_timeout=soon", "DATABASE_URL has connect_timeout='soon'; it may be a whole number from 1 to 86400."),
        ("connect_timeout=-1", "DATABASE_URL has connect_timeout='-1'; it may be a whole number from 1 to 86400."),
        (
            "sslmode=on",
            "DATABASE_URL has sslmode='on'; it may be disable, allow, prefer, require, verify-ca, verify-full.",
        ),
        ("autocommit=false", "DATABASE_URL has autocommit='false'; the site needs true, which is the default."),
        (
            "conn_max_age=60",
            "DATABASE_URL has conn_max_age='60'; the site's pool keeps connections, so it may only be 0.",
        ),
        ("pool=true", "DATABASE_URL has pool='true'; the site sets it: see WEB_THREADS."),
        (
            "isolation_level=3",
            "DATABASE_URL has isolation_level='3'; the site needs 'read committed', which is PostgreSQL's default.",
        ),
        (
            "client_encoding=latin1",
            "DATABASE_URL has client_encoding='latin1'; the site needs UTF8, which is the default.",
        ),
        ("sslmode=require&sslmode=disable", "DATABASE_URL has the parameter sslmode twice."),
        ("sslmode=", "DATABASE_URL has the parameter sslmode without a value."),
        ("sslmode", "DATABASE_URL has parameters that are not name=value, joined by &."),
        ("sslmode=require#disable", "DATABASE_URL has '#' among its parameters; there it is written %23."),
        ("host=elsewhere", "DATABASE_URL has the host twice: in the address and as a parameter."),
        ("password=other", "DATABASE_URL has the password twice: in the address and as a parameter."),
        (
            "options=-c%20statement_timeout%3D2min",
            "DATABASE_URL has options with statement_timeout=2min; it may be 1ms to 30s.",
        ),
        ("options=--lock_timeout%3D0", "DATABASE_URL has options with lock_timeout=0; it may be 1ms to 15s."),
    ],
)
def test_what_cannot_be_is_refused_by_its_name(parameters, words):
    with pytest.raises(ImproperlyConfigured) as refused:
        settings_with(parameters)
    assert str(refused.value) == words
    assert "secret" not in words


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"pooler": "transaction"}, "disable_server_side_cursors=false, which a pooler cannot serve"),
        ({}, None),
    ],
)
def test_a_pooler_has_its_conditions(options, words):
    url = f"{POSTGRES}?disable_server_side_cursors=false"
    if words is None:
        assert database_settings(url, **options)["DISABLE_SERVER_SIDE_CURSORS"] is False
        return
    with pytest.raises(ImproperlyConfigured, match=words):
        database_settings(url, **options)
    with pytest.raises(ImproperlyConfigured, match=r"assume_role=…, which a pooler forgets"):
        database_settings(f"{POSTGRES}?assume_role=office", **options)


def test_a_host_may_be_a_parameter_where_the_address_has_none():
    options = database_settings("postgres:///office?host=/var/run/postgresql&user=ana&port=5433")["OPTIONS"]
    assert {name: options[name] for name in ("host", "user", "port")} == {
        "host": "/var/run/postgresql",
        "user": "ana",
        "port": 5433,
    }


def test_sqlite_has_parameters_of_its_own(tmp_path):
    address = f"sqlite:///{tmp_path}/office.sqlite3"
    settings = database_settings(f"{address}?timeout=5&atomic_requests=false&conn_max_age=60")
    assert (settings["OPTIONS"]["timeout"], settings["ATOMIC_REQUESTS"], settings["CONN_MAX_AGE"]) == (5, False, 60)
    assert settings["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert database_settings(address)["OPTIONS"]["timeout"] == 20, "one site's parameters are not another's"
    for parameter, words in (
        ("sslmode=require", "has the parameter 'sslmode', which is not known"),
        ("transaction_mode=DEFERRED", "has transaction_mode='DEFERRED'; the site needs IMMEDIATE"),
        ("init_command=x", "has init_command='x'; the site sets it"),
        ("timeout=no", "has timeout='no'; it may be a whole number"),
    ):
        with pytest.raises(ImproperlyConfigured, match=f"DATABASE_URL {words}"):
            database_settings(f"{address}?{parameter}")
    with pytest.raises(ImproperlyConfigured, match=r"^DATABASE_URL is SQLite and has a host; a path is written"):
        database_settings("sqlite://var/office.sqlite3")


def test_options_are_joined_with_the_limits_of_the_site(new_database, django_db_blocker):
    """Seen on the server, whatever the text is."""
    url = new_database("postgres") + "?options=-csearch_path%3Doffice%20-c%20lock_timeout%3D3s&application_name=office"
    with django_db_blocker.unblock(), using_database(url), connection.cursor() as cursor:
        shown = {}
        for name in ("search_path", "lock_timeout", "statement_timeout", "application_name"):
            cursor.execute(f"SHOW {name}")
            shown[name] = cursor.fetchone()[0]
    assert shown == {
        "search_path": "office",
        "lock_timeout": "3s",
        "statement_timeout": "30s",
        "application_name": "office",
    }


def test_a_role_to_act_as_is_taken_by_the_pool(postgres, new_database, django_db_blocker):
    url = new_database("postgres")
    postgres._sql("CREATE ROLE acting")
    with django_db_blocker.unblock(), using_database(f"{url}?assume_role=acting"), connection.cursor() as cursor:
        cursor.execute("SELECT current_user, session_user")
        assert cursor.fetchone() == ("acting", "gistagum")


def test_a_start_ends_with_one_line():
    environment = {
        **os.environ,
        "DATABASE_URL": f"{POSTGRES}?sslmod=require",
        "DJANGO_SETTINGS_MODULE": "gistagum.settings",
    }
    for command in (["manage.py", "check"], ["-m", "gistagum.server"], ["-c", "import gistagum.asgi"]):
        done = subprocess.run(
            [sys.executable, *command],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 1
        assert done.stderr == (
            "gistagum: DATABASE_URL has the parameter 'sslmod', which is not known; is sslmode meant?\n"
        ), command
