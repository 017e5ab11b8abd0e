"""A process that serves a part of the site alone: which settings it has, and what stops its start with one line."""

import json
import os
import subprocess
import sys

import pytest

from tests.support.site import ROOT

SCRIPT = """
from gistagum.startup import load_settings
load_settings()
import django, json, sys
django.setup()
from django.conf import settings
print(json.dumps({
    "urls": settings.ROOT_URLCONF,
    "database": settings.DATABASES["default"]["NAME"].rpartition("/")[2],
    "modules": sorted({name.partition(".")[0] for name in sys.modules}),
}))
"""
KEY = "a-key-of-the-tests-0123456789-0123456789"


def start(env_file: str = os.devnull, **environment: str) -> subprocess.CompletedProcess:
    given = {
        "PATH": os.environ["PATH"],
        "SECRET_KEY": os.environ["SECRET_KEY"],
        "ALLOWED_HOSTS": "localhost",
        "GISTAGUM_ENV_FILE": env_file,
        **environment,
    }
    command = [sys.executable, "-c", SCRIPT]
    return subprocess.run(command, cwd=ROOT, env=given, capture_output=True, text=True, timeout=90, check=False)


def loaded(**environment: str) -> dict:
    done = start(**environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_part_has_its_own_addresses_and_database_and_loads_no_other_application():
    part = loaded(SERVICE="comm", JWT_SECRET_KEY=KEY)
    assert (part["urls"], part["database"]) == ("gistagum.parts.comm_urls", "comm.sqlite3")
    assert {"comm_service", "realtime"} <= set(part["modules"])
    assert not {"messaging", "projeng"} & set(part["modules"])


@pytest.mark.parametrize("enabled", [{}, {"COMM_ENABLED": "true", "JWT_SECRET_KEY": KEY}])
def test_the_whole_site_has_the_part_only_if_that_is_wanted(enabled):
    site = loaded(**enabled)
    assert (site["urls"], site["database"]) == ("gistagum.urls", "gistagum.sqlite3")
    assert ("comm_service" in site["modules"]) is bool(enabled)


@pytest.mark.parametrize(
    ("environment", "line"),
    [
        ({"SERVICE": "nothing"}, "SERVICE is 'nothing'; it may be comm, or empty for the whole site."),
        (
            {"SERVICE": "comm"},
            "COMM_ENABLED is true and JWT_SECRET_KEY is not set; callers show tokens that it signs. COMM_COMPAT=true "
            "asks for none.",
        ),
        (
            {"JWT_SECRET_KEY": "short"},
            "JWT_SECRET_KEY is too short; it must have 32 characters or more, at random.",
        ),
        ({"COMM_API": "drf"}, "COMM_API is 'drf'; it may be legacy, ninja."),
        (
            {"AUTH_SERVICE_URL": "auth:8000"},
            "AUTH_SERVICE_URL is no address; it may be http:// or https://, a host, a port and a path.",
        ),
    ],
)
def test_what_cannot_work_stops_the_start(environment, line):
    done = start(**environment)
    assert (done.returncode, done.stderr) == (1, f"gistagum: {line}\n")


def test_the_part_is_chosen_in_the_environment_and_not_in_a_file(tmp_path):
    file = tmp_path / "comm.env"
    file.write_text("SERVICE=comm\n")
    done = start(env_file=str(file))
    assert done.returncode == 1
    assert done.stderr.startswith("gistagum: SERVICE is in the env file;")
