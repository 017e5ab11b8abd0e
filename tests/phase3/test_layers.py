"""From REDIS_URL to the channel layer, and which starts are refused."""

import os
import subprocess

import pytest
from channels_redis.utils import decode_hosts
from django.core.exceptions import ImproperlyConfigured

from gistagum.layers import IN_MEMORY, REDIS, channel_layers
from tests.support.ports import free_port
from tests.support.site import ROOT


def hosts(url: str) -> list[dict]:
    layer = channel_layers(url)["default"]
    assert layer["BACKEND"] == REDIS
    decode_hosts(layer["CONFIG"]["hosts"])  # channels-redis understands them
    return layer["CONFIG"]["hosts"]


def test_without_an_address_the_layer_is_in_memory():
    assert channel_layers("")["default"]["BACKEND"] == IN_MEMORY


@pytest.mark.parametrize(
    "url",
    [
        "redis://127.0.0.1:6379/0",
        "redis://cache",
        "rediss://ana:p%40ss@cache.example:6380/2",
        "rediss://cache.example:6380/0?ssl_cert_reqs=required",
        "unix:///run/redis/redis.sock?db=1",
    ],
)
def test_one_address(url):
    [host] = hosts(url)
    assert host["address"] == url
    assert host["socket_connect_timeout"] <= 2


def test_several_addresses_are_shards():
    assert [host["address"] for host in hosts("redis://a:1/0, rediss://b:2/0")] == ["redis://a:1/0", "rediss://b:2/0"]


def test_a_sentinel():
    [host] = hosts("sentinel://a:26379,b:26380/3?master=office")
    assert host["sentinels"] == [("a", 26379), ("b", 26380)]
    assert (host["master_name"], host["db"]) == ("office", 3)


BAD = [
    "cache:6379",
    "http://cache:6379",
    "redis://",
    "redis://a,cache",
    "sentinel://a:26379",
    "sentinel://a/0?master=office",
    "sentinel://:26379?master=office",
    "sentinel://a:port?master=office",
]


@pytest.mark.parametrize("url", BAD)
def test_an_address_of_another_form_is_refused_and_not_repeated(url):
    with pytest.raises(ImproperlyConfigured, match=r"^REDIS_URL ") as refused:
        channel_layers(url)
    assert "rediss://" in str(refused.value)
    assert "\n" not in str(refused.value)


def start(**environment: str) -> subprocess.CompletedProcess:
    settings = {name: os.environ[name] for name in ("PATH", "SECRET_KEY", "ALLOWED_HOSTS", "DATABASE_URL")}
    settings |= {"GISTAGUM_ENV_FILE": os.devnull, "PORT": str(free_port())}
    command = [ROOT / "start.sh"]
    return subprocess.run(
        command, env=settings | environment, capture_output=True, text=True, timeout=30, check=False, cwd="/"
    )


def test_several_processes_without_redis_are_refused():
    done = start(WEBSOCKET_BROADCAST="true", WEB_CONCURRENCY="2")
    assert done.returncode != 0
    assert done.stderr.splitlines() == [
        "gistagum: WEB_CONCURRENCY is 2 and REDIS_URL is not set; with WEBSOCKET_BROADCAST=true several processes need "
        "Redis: set REDIS_URL, or WEB_CONCURRENCY=1."
    ]


@pytest.mark.parametrize(
    "environment",
    [
        {"REDIS_URL": "http://:secret-word@cache"},
        {"WEBSOCKET_BROADCAST": "perhaps"},
        {"WEBSOCKET_MAX_SOCKETS": "0"},
    ],
)
def test_a_value_that_cannot_work_stops_the_start_with_one_line_that_names_it(environment):
    done = start(**environment)
    assert done.returncode != 0
    [line] = done.stderr.splitlines()
    assert line.startswith(f"gistagum: {next(iter(environment))} ")
    assert "secret-word" not in line


@pytest.mark.parametrize(
    "environment",
    [
        {"WEBSOCKET_BROADCAST": "true", "WEB_CONCURRENCY": "1"},
        {"WEBSOCKET_BROADCAST": "true", "USE_DAPHNE": "true", "WEB_CONCURRENCY": "4"},
        {"WEBSOCKET_BROADCAST": "true", "WEB_CONCURRENCY": "2", "REDIS_URL": "redis://cache/0"},
        {"WEBSOCKET_BROADCAST": "false", "WEB_CONCURRENCY": "2"},
    ],
)
def test_what_can_work_is_not_refused(environment):
    import sys

    settings = {name: os.environ[name] for name in ("PATH", "SECRET_KEY", "ALLOWED_HOSTS", "DATABASE_URL")}
    command = [sys.executable, "-m", "gistagum.server"]
    settings |= {"GISTAGUM_ENV_FILE": os.devnull, **environment}
    assert subprocess.run(command, cwd=ROOT, env=settings, check=True, capture_output=True, timeout=30).stdout
