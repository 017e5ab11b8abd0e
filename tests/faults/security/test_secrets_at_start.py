"""Error messages of a failed start never contain a password or key, since they appear in logs and tickets."""

import os
import subprocess
import sys
import traceback

import pytest
from django.core.exceptions import ImproperlyConfigured

from gistagum.database import database_settings
from gistagum.layers import channel_layers
from tests.support.site import ROOT

SECRET = "Hush4711Hush"
# Passwords with a character that is not percent-encoded, a common mistake. "{}" is the password.
DATABASES = [
    "postgres://ana:{}/x@db/office",
    "postgres://ana:x/{}@db/office",
    "postgres://ana:{}?x@db/office",
    "postgres://ana:{}@db:port/office",
    "postgres://ana:{}@db:99999/office",
    "postgres://ana:{}@db",
    "postgres//ana:{}@db/office",
    "ana:{}@db/office",
    "{}@db/office",
    "{}",
    "mysql://ana:{}@db/office",
]
REDIS = [
    "redis://ana:{}/x@cache/0",
    "redis://ana:{}?x@cache/0",
    "redis://ana:{}#x@cache/0",
    "redis://:{}[x@cache/0",
    "redis://:{}\N{ACCOUNT OF}x@cache/0",
    "redis://ana:{}",
    "redis://:{}@cache:99999/0",
    "redis://:{}@cache:port/0",
    "redis://a/0,{}@cache",
    "http://:{}@cache",
    "{}",
    "sentinel://ana:{}@a:26379/0?master=office",
    "sentinel://ana:{}@a/0?master=office",
    "sentinel://a:{}/0?master=office",
    "sentinel://a:26379/{}?master=office",
    "sentinel://[{}:26379/0?master=office",
]


def exception_text(error: BaseException) -> str:
    """Return the text of an exception and of its causes."""
    return "".join(traceback.format_exception(error)).replace(__file__, "")


@pytest.mark.parametrize("url", DATABASES)
def test_an_address_of_a_database_that_cannot_be_read_is_not_repeated(url):
    with pytest.raises(ImproperlyConfigured, match=r"^DATABASE_URL ") as refused:
        database_settings(url.format(SECRET))
    assert SECRET not in exception_text(refused.value)


@pytest.mark.parametrize("url", REDIS)
def test_an_address_of_redis_that_cannot_be_read_is_not_repeated(url):
    with pytest.raises(ImproperlyConfigured, match=r"^REDIS_URL ") as refused:
        channel_layers(url.format(SECRET))
    assert SECRET not in exception_text(refused.value)
    assert "\n" not in str(refused.value)


def start(file, **environment: str) -> str:
    """Return the output of reading the settings with this env file and environment."""
    done = subprocess.run(
        [sys.executable, "-m", "gistagum.server"],
        env={"PATH": os.environ["PATH"], "GISTAGUM_ENV_FILE": str(file), **environment},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        cwd=ROOT,
    )
    return done.stdout + done.stderr


def test_a_line_of_the_env_file_that_cannot_be_read_is_named_by_its_number(tmp_path):
    file = tmp_path / "site.env"
    lines = ["# the site", "", f"SECRET_KEY = {SECRET}", f"POSTGRES_PASSWORD: {SECRET}", SECRET, "ALLOWED_HOSTS=office"]
    file.write_text("\n".join([*lines, f'export REDIS_URL="redis://:{SECRET}@cache"']))
    said = start(file, LOG_LEVEL="DEBUG")
    assert SECRET not in said
    left_out = [line.partition("NAME=value: ")[2] for line in said.splitlines() if "is left out" in line]
    assert left_out == ["site.env:3", "site.env:4", "site.env:5"]
    assert "SECRET_KEY is not set" in said


@pytest.mark.parametrize(
    "environment",
    [
        {"SECRET_KEY": SECRET},
        {"SECRET_KEY": SECRET * 6, "ALLOWED_HOSTS": "a", "DATABASE_URL": f"postgres://a:{SECRET}@db:x/y"},
        {"SECRET_KEY": SECRET * 6, "ALLOWED_HOSTS": "a", "REDIS_URL": f"redis://:{SECRET}[@cache"},
    ],
    ids=["SECRET_KEY", "DATABASE_URL", "REDIS_URL"],
)
def test_the_whole_start_says_one_line_without_them(environment):
    said = start(os.devnull, **environment)
    assert said.startswith("gistagum: ")
    assert said.count("\n") == 1
    assert SECRET not in said
