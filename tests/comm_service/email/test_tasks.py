"""Celery's tasks and the thread without Celery, called by hand."""

from datetime import timedelta

import pytest
from django.db import Error
from django.utils import timezone

from comm_service import services
from comm_service.callers import INTERNAL
from comm_service.email import embedded, passes, tasks
from comm_service.models import EmailQueue
from tests.support.ports import wait_until

from .rows import queued, shown


@pytest.fixture
def asked_for(monkeypatch) -> list:
    """The tasks that are queued, with their options."""
    asked = []
    monkeypatch.setattr(tasks.send_email_task, "apply_async", lambda args, **options: asked.append((args, options)))
    return asked


@pytest.mark.django_db
def test_a_pass_queues_a_task_for_each_email_that_is_due_and_leaves_times_to_the_rows(asked_for, settings):
    settings.COMM_EMAIL_EVERY_SECONDS = 77
    due = queued(scheduled_at=timezone.now() - timedelta(days=1))
    queued(scheduled_at=timezone.now() + timedelta(days=1))
    assert tasks.process_pending_emails() == 1
    assert asked_for == [((str(due.pk),), {"expires": 77})]  # no countdown, which a broker would deliver twice


@pytest.mark.django_db
@pytest.mark.parametrize("named", ["5f0c6a1e-3c57-4d0b-9a53-0f1f6f7b8c11", "7", "", None, 7, ["x"]])
def test_a_task_for_what_is_not_there_does_nothing(named):
    assert tasks.send_email_task(named) in ("not ours", "unknown id")


@pytest.mark.django_db
def test_a_task_sends(over_smtp):
    email = queued()
    assert [tasks.send_email_task(str(email.pk)) for _ in range(2)] == ["sent", "not ours"]
    assert over_smtp.subjects() == ["Hello"]


@pytest.fixture
def thread(settings):
    settings.COMM_EMAIL_EMBEDDED = True
    settings.COMM_EMAIL_EVERY_SECONDS = 600
    yield embedded.embedded
    embedded.embedded.stop()


@pytest.mark.servers
def test_the_thread_sends_at_once_what_is_posted(thread, over_smtp, new_database, on_database, monkeypatch):
    monkeypatch.setattr(embedded, "SETTLE_SECONDS", 0)
    monkeypatch.setattr(embedded, "FAULT_SECONDS", 0)
    on_database(new_database("sqlite"))
    passed = []
    run, faults = passes.run, [RecursionError("too deep"), Error("away")]

    def counted(**options):
        if faults:
            raise faults.pop()  # is tried again later
        result = run(**options)
        passed.append(result)
        return result

    monkeypatch.setattr(passes, "run", counted)
    thread.start()
    wait_until(lambda: passed, "the first pass")
    email = services.create(EmailQueue, {"to_addresses": ["ana@example.com"], "subject": "Hello"}, INTERNAL)
    wait_until(lambda: shown(email)[0] == "sent", "it is sent")
    assert over_smtp.subjects() == ["Hello"]


def test_the_thread_does_not_run_unless_the_settings_ask_for_it(settings):
    settings.COMM_EMAIL_EMBEDDED = False
    one = embedded.Embedded()
    one.start()
    assert one._thread is None
