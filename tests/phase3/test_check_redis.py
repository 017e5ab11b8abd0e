"""check_redis as an operator or a script runs it: plain words, an exit status, and JSON."""

import json
import os
import subprocess
import sys

import pytest

from tests.support.ports import free_port
from tests.support.site import ROOT

NAMES = ["Redis answers", "Pub/Sub passes a message on", "the channel layer carries a message round"]


def check(redis_url: str, *options: str, **environment: str) -> subprocess.CompletedProcess:
    settings = {name: os.environ[name] for name in ("PATH", "SECRET_KEY", "ALLOWED_HOSTS", "DATABASE_URL")}
    return subprocess.run(
        [sys.executable, "manage.py", "check_redis", *options],
        cwd=ROOT,
        env={**settings, "GISTAGUM_ENV_FILE": os.devnull, "REDIS_URL": redis_url, **environment},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_all_is_well(shared_redis):
    done = check(shared_redis.url)
    assert (done.returncode, done.stderr) == (0, "")
    *lines, last = done.stdout.splitlines()
    assert last == "✓ Redis is connected and running!"
    assert [line.rpartition(": ")[0] for line in lines] == NAMES
    assert all(line.endswith(" ms") for line in lines)


def test_all_is_well_as_json(shared_redis):
    done = check(shared_redis.url, "--json")
    assert done.returncode == 0
    outcome = json.loads(done.stdout)
    assert outcome["well"] is True
    assert [one["name"] for one in outcome["findings"]] == NAMES
    assert all(0 < one["milliseconds"] < 5_000 and one["fault"] == "" for one in outcome["findings"])


def test_nobody_is_there():
    done = check(f"redis://:secret-word@127.0.0.1:{free_port()}/0", "--json")
    assert done.returncode == 1
    outcome = json.loads(done.stdout)
    assert outcome["well"] is False
    assert outcome["findings"][0]["milliseconds"] is None
    assert outcome["findings"][0]["fault"]
    assert len(done.stderr.splitlines()) == 1
    assert "Traceback" not in done.stderr
    assert "secret-word" not in done.stdout + done.stderr


def test_it_takes_connections_and_says_nothing(redis):
    redis.freeze()
    done = check(redis.url)
    assert done.returncode == 1
    assert "no answer within 5 s" in done.stdout


def test_a_password_is_wanted_and_not_given(redis):
    import redis as driver

    with driver.Redis(port=redis.port) as client:
        client.config_set("requirepass", "secret-word")
    done = check(redis.url)
    assert done.returncode == 1
    assert "uthentication" in done.stdout
    right = redis.url.replace("redis://", "redis://:secret-word@")
    assert check(right).returncode == 0


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_there_is_nothing_to_check(options):
    done = check("", *options)
    assert done.returncode == 2
    assert "REDIS_URL is not set" in done.stderr
    assert "Traceback" not in done.stderr
