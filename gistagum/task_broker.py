"""Celery's settings: its broker is Redis, in a database of its own, or without Redis files in a folder.

Neither holds anything that would be missed: what is to be done stands in the site's database.
"""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from django.core.exceptions import ImproperlyConfigured

SOCKET_SECONDS = 5.0
QUEUE = "comm.email"
LOOK_SECONDS = 0.1  # between two looks for the next message, where messages are files


def celery_settings(redis_url: str, database: int, folder: Path, every_seconds: int) -> dict[str, Any]:
    """The settings, by name. ``database`` is the number of the broker's database in the Redis of ``REDIS_URL``.

    ``folder`` is for files: beat's, and the messages where there is no Redis. ``every_seconds`` is the time between two
    passes over the queue. Raise ImproperlyConfigured if the channel layer uses the same database of Redis.
    """
    broker, options = _redis(redis_url, database) if redis_url else _files(folder)
    return {
        "CELERY_BROKER_URL": broker,
        "CELERY_BROKER_TRANSPORT_OPTIONS": options,
        "CELERY_BROKER_CONNECTION_TIMEOUT": SOCKET_SECONDS,
        "CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP": True,
        "CELERY_BROKER_CONNECTION_MAX_RETRIES": None,  # a worker waits for its broker as long as it takes
        "CELERY_RESULT_BACKEND": None,
        "CELERY_TASK_IGNORE_RESULT": True,
        "CELERY_TASK_DEFAULT_QUEUE": QUEUE,
        # A task that comes twice is harmless, so none is given up when a process dies (docs/celery.md).
        "CELERY_TASK_ACKS_LATE": True,
        "CELERY_TASK_REJECT_ON_WORKER_LOST": True,
        "CELERY_TASK_TIME_LIMIT": 300,
        "CELERY_WORKER_PREFETCH_MULTIPLIER": 1,
        "CELERY_WORKER_HIJACK_ROOT_LOGGER": False,  # the site's LOGGING
        "CELERY_ACCEPT_CONTENT": ["json"],
        "CELERY_TASK_SERIALIZER": "json",
        "CELERY_ENABLE_UTC": True,
        "CELERY_TIMEZONE": "UTC",
        "CELERY_BEAT_SCHEDULE_FILENAME": str(folder / "beat"),
        "CELERY_BEAT_SCHEDULE": {
            "process-pending-emails": {
                "task": "comm_service.process_pending_emails",
                "schedule": every_seconds,
                "options": {"expires": every_seconds},
            }
        },
    }


def _files(folder: Path) -> tuple[str, dict[str, Any]]:
    """Kombu's transport over files: one folder is written and read. The folders are made when they are used."""
    names = {"data_folder_in": "messages", "data_folder_out": "messages", "control_folder": "queues"}
    options: dict[str, Any] = {name: str(folder / one) for name, one in names.items()}
    return "filesystem://", options | {"store_processed": False, "polling_interval": LOOK_SECONDS}


def _redis(url: str, database: int) -> tuple[str, dict[str, Any]]:
    """Of several shards the first one: a queue is in one place. gistagum/layers.py has checked the address."""
    options: dict[str, Any] = {
        "global_keyprefix": "gistagum.celery.",
        "socket_connect_timeout": SOCKET_SECONDS,
        "socket_timeout": SOCKET_SECONDS * 2,
        "health_check_interval": 15,
    }
    parts = urlsplit(url.split(",")[0].strip() if not url.startswith("sentinel://") else url)
    query = dict(parse_qsl(parts.query))
    if parts.scheme == "unix":
        _check(query.get("db", "0"), database)
        return f"redis+socket://{parts.path}?virtual_host={database}", options
    _check(parts.path.strip("/") or query.get("db", "0"), database)
    if parts.scheme == "sentinel":
        nodes = ";".join(f"sentinel://{node}/{database}" for node in parts.netloc.split(","))
        return nodes, {**options, "master_name": query["master"]}
    query.pop("db", None)
    if parts.scheme == "rediss":
        query.setdefault("ssl_cert_reqs", "required")
    return urlunsplit((parts.scheme, parts.netloc, f"/{database}", urlencode(query), "")), options


def _check(used: str, database: int) -> None:
    if used == str(database):
        raise ImproperlyConfigured(
            f"COMM_CELERY_REDIS_DB is {database}, the database of REDIS_URL; the broker needs one of its own."
        )
