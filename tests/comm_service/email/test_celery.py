"""Celery's worker and beat: on Redis and PostgreSQL, and without either."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from comm_service.email import tasks
from comm_service.email.celery import app
from comm_service.models import EmailQueue
from gistagum.task_broker import QUEUE, celery_settings
from tests.support.mail_server import MailServer
from tests.support.ports import wait_until
from tests.support.redis import Redis

from .rows import queued, shown
from .workers import SECONDS, environment, kill, started

pytestmark = pytest.mark.servers

WORKER = ("-m", "celery", "-A", "gistagum", "worker", "--beat", "--without-gossip", "--without-mingle", "--concurrency")


@pytest.fixture(scope="module")
def broker() -> Iterator[Redis]:
    server = Redis()
    yield server
    server.stop()


@pytest.fixture(params=["redis", "files"])
def running(request, broker, mail_server: MailServer, new_database, on_database, tmp_path: Path) -> Iterator[str]:
    """A worker with beat every second, on Redis and PostgreSQL, or on files and SQLite."""
    with_redis = request.param == "redis"
    url = new_database("postgres" if with_redis else "sqlite")
    on_database(url)
    more = {"COMM_EMAIL_EVERY_SECONDS": "1", "COMM_CELERY_DIR": str(tmp_path / "celery")}
    env = environment(url, mail_server.url, **more, **({"REDIS_URL": broker.url} if with_redis else {}))
    log = tmp_path / "worker.log"
    process = started(*WORKER, "2" if with_redis else "1", env=env, log=log)
    yield request.param
    kill(process)


def test_beat_has_what_is_due_sent_once(running, broker, mail_server, settings, tmp_path):
    emails = [queued(subject=f"{number}") for number in range(10)]
    wait_until(lambda: EmailQueue.objects.filter(status="sent").count() == 10, "all are sent", SECONDS)
    assert sorted(mail_server.subjects(), key=int) == [f"{number}" for number in range(10)]
    assert {shown(email) for email in emails} == {("sent", 1, None)}
    if running == "files":
        return
    with redis.Redis(port=broker.port, db=0) as layer, redis.Redis(port=broker.port, db=1) as own:
        assert not layer.keys("*celery*")
        assert own.keys("gistagum.celery.*")
        # The broker is emptied: what is to be sent stands in the rows.
        own.flushdb()
    late = queued(subject="after the flush")
    wait_until(lambda: shown(late)[0] == "sent", "the next pass sends it", SECONDS)
    # A task comes again and again, as after a redelivery.
    settings_of_it = celery_settings(broker.url, 1, tmp_path, 300)
    transport = settings_of_it["CELERY_BROKER_TRANSPORT_OPTIONS"]
    again = queued(subject="again")
    with app.connection_for_write(settings_of_it["CELERY_BROKER_URL"], transport_options=transport) as connection:
        for _ in range(5):
            tasks.send_email_task.apply_async((str(again.pk),), connection=connection, queue=QUEUE)
    wait_until(lambda: shown(again)[0] == "sent", "it is sent", SECONDS)
    with redis.Redis(port=broker.port, db=1) as own:
        wait_until(lambda: not own.llen(f"gistagum.celery.{QUEUE}"), "the other tasks are done", SECONDS)
    assert mail_server.subjects().count("again") == 1
    assert shown(again) == ("sent", 1, None)
