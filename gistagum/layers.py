"""``CHANNEL_LAYERS`` from ``REDIS_URL``. The channel layer carries events between processes.

The Pub/Sub layer is used and not the core layer. It has no list per receiver that fills up and drops messages
(django/channels_redis#97), leaves no group members behind when a process dies, and expires none after a day. Messages
lost while Redis is down are read from the event log (docs/architecture/channel-layer.md, "Redis carries speed, not
truth").
"""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

from django.core.exceptions import ImproperlyConfigured

IN_MEMORY = "realtime.channel_layer.backends.InMemoryCallbackLayer"
REDIS = "realtime.channel_layer.backends.PubSubCallbackLayer"
CONNECT_SECONDS = 2.0
FORMS = "redis://host:port/db, rediss://…, several of them by comma (shards), or sentinel://host:port,host:port/db?master=name"


def channel_layers(redis_url: str) -> dict[str, Any]:
    """Return ``CHANNEL_LAYERS`` for a Redis URL. An empty URL means the in-memory layer, for one process only.

    Raise ImproperlyConfigured for a URL of another form. Redis Cluster is addressed as a single node: Pub/Sub reaches
    every node of a cluster, so the URL of any node is enough.
    """
    if not redis_url:
        return {"default": {"BACKEND": IN_MEMORY}}
    hosts = (
        [_sentinel(redis_url)] if redis_url.startswith("sentinel://") else [_host(url) for url in redis_url.split(",")]
    )
    return {"default": {"BACKEND": REDIS, "CONFIG": {"hosts": hosts, "prefix": "gistagum"}}}


def _limits() -> dict[str, Any]:
    # Every wait has a limit, except for reading: a Pub/Sub connection waits until a message is published.
    return {"socket_connect_timeout": CONNECT_SECONDS, "health_check_interval": 15}


def _host(url: str) -> dict[str, Any]:
    try:
        parts = urlsplit(url.strip())
        valid = parts.scheme == "unix" or (parts.scheme in {"redis", "rediss"} and parts.hostname and parts.port != 0)
    except ValueError:  # the message of which may contain the URL, and with it a password
        valid = False
    if not valid:
        raise ImproperlyConfigured(f"REDIS_URL is not an address that is known; it may be {FORMS}.")
    return {"address": url.strip(), **_limits()}


def _sentinel(url: str) -> dict[str, Any]:
    try:
        parts = urlsplit(url)
        master = dict(parse_qsl(parts.query)).get("master", "")
        sentinels = [(host, int(port)) for host, _, port in (node.rpartition(":") for node in parts.netloc.split(","))]
        database = int(parts.path.strip("/") or 0)
    except ValueError:
        raise ImproperlyConfigured(f"REDIS_URL names no host:port for a sentinel; it may be {FORMS}.") from None
    if "@" in parts.netloc:  # would be taken for a part of a host name, and appear in every error message
        raise ImproperlyConfigured(
            f"REDIS_URL has a password for sentinels, which are asked without; it may be {FORMS}."
        )
    if not master or not all(host for host, _ in sentinels):
        raise ImproperlyConfigured(f"REDIS_URL names no sentinel or no ?master=; it may be {FORMS}.")
    return {"sentinels": sentinels, "master_name": master, "db": database, **_limits()}
