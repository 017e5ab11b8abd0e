"""Faults 14 and 48 of the old chat: what the environment says counts, and what it does not say is safe."""

import json
import os
import subprocess
import sys

import pytest

from tests.support.site import ROOT

PROGRAM = """
import json
from gistagum import settings
[host] = settings.CHANNEL_LAYERS["default"]["CONFIG"]["hosts"]
shown = {name: getattr(settings, name, None) for name in ("DEBUG", "CORS_ALLOW_ALL_ORIGINS", "CORS_ALLOWED_ORIGINS")}
print(json.dumps({**shown, "redis": host["address"], "secure": settings.SESSION_COOKIE_SECURE}))
"""


@pytest.fixture(scope="module")
def settings_of_a_site():
    """The settings of a site whose environment holds what it must, and where Redis is."""
    environment = {
        "PATH": os.environ["PATH"],
        "GISTAGUM_ENV_FILE": os.devnull,
        "SECRET_KEY": "a-secret-of-the-test-0123456789-abcdefghijklmnopqrstuvwxyz",
        "ALLOWED_HOSTS": "office.example",
        "REDIS_URL": "redis://cache.example:6380/3",
    }
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_fault_14_redis_is_where_the_environment_says(settings_of_a_site):
    assert settings_of_a_site["redis"].startswith("redis://cache.example:6380/3")


def test_fault_48_without_a_word_nothing_is_shown_and_no_origin_is_let_in(settings_of_a_site):
    said = settings_of_a_site
    assert (said["DEBUG"], said["secure"]) == (False, True)
    assert (bool(said["CORS_ALLOW_ALL_ORIGINS"]), said["CORS_ALLOWED_ORIGINS"]) == (False, [])
