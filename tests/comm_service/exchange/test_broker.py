"""Publisher and consumer with a real RabbitMQ."""

import io
import json
import os
import signal
from collections import Counter
from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest
from django.core.management import call_command
from django.db import OperationalError
from kombu import Connection

from comm_service import services
from comm_service.callers import INTERNAL
from comm_service.exchange import broker, consuming, publishing, receiving
from comm_service.exchange.models import OutgoingEvent, ReceivedEvent
from comm_service.models import Message, Notification
from tests.comm_service.email.workers import SECONDS, environment, kill, started
from tests.support.ports import wait_until
from tests.support.rabbitmq import RabbitMQ

pytestmark = pytest.mark.servers

USER, STUDENT = UUID(int=1), UUID(int=2)
HEARD = "tests.heard"  # a queue that gets what this service publishes
WELCOME = {"user_id": str(USER), "student_id": str(STUDENT)}


@pytest.fixture(scope="module")
def server() -> Iterator[RabbitMQ]:
    """One server for the module. The queue of the existing service is there already."""
    running = RabbitMQ()
    with Connection(running.url) as connection:
        channel = connection.channel()
        channel.exchange_declare("events.topic", "topic", durable=True, auto_delete=False)
        channel.queue_declare("comm.events", durable=True, auto_delete=False)
        channel.queue_bind("comm.events", "events.topic", "stage.*")
        channel.queue_declare(HEARD, durable=True, auto_delete=False)
        for key in ("message.*", "notification.*"):
            channel.queue_bind(HEARD, "events.topic", key)
    yield running
    running.stop()


@pytest.fixture
def rabbitmq(server: RabbitMQ, settings) -> RabbitMQ:
    """The server, with empty queues."""
    settings.RABBITMQ_URL = server.url
    with Connection(server.url) as connection:
        channel = connection.channel()
        broker.declare(channel)
        for queue in (broker.EVENTS, broker.DELAYED, broker.PARKED, HEARD):
            channel.queue_purge(queue)
    return server


def publish(server: RabbitMQ, exchange: str, key: str, content: bytes | dict, **properties) -> None:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    with Connection(server.url, transport_options={"confirm_publish": True}) as connection:
        producer = connection.Producer()
        producer.publish(
            body,
            exchange=exchange,
            routing_key=key,
            content_type="application/json",
            content_encoding="utf-8",
            **properties,
        )


def taken(server: RabbitMQ, queue: str = HEARD) -> list:
    """The messages of a queue, which are taken from it."""
    found = []
    with Connection(server.url) as connection:
        channel = connection.channel()
        while (raw := channel.basic_get(queue, no_ack=True)) is not None:
            found.append(channel.message_to_python(raw))
    return found


def waiting(server: RabbitMQ, queue: str) -> int:
    with Connection(server.url) as connection:
        return connection.channel().queue_declare(queue, passive=True).message_count


def posted(subject: str) -> None:
    services.create(Message, {"sender_id": USER, "receiver_id": STUDENT, "subject": subject}, INTERNAL)


def consumed() -> dict[str, int]:
    out = io.StringIO()
    call_command("comm_consume", "--once", "--json", stdout=out)
    return json.loads(out.getvalue())


def parked(*options: str) -> dict:
    out = io.StringIO()
    call_command("comm_parked", "--json", *options, stdout=out)
    return json.loads(out.getvalue())


@pytest.mark.django_db
def test_what_was_written_is_published_in_order_and_then_deleted(rabbitmq):
    for number in range(150):
        posted(f"Début {number}")
    written = list(OutgoingEvent.objects.order_by("pk"))
    out = io.StringIO()
    call_command("comm_publish", "--once", "--json", stdout=out)
    assert json.loads(out.getvalue()) == {"published": 150}
    messages = taken(rabbitmq)
    assert [json.loads(one.body)["payload"]["subject"] for one in messages] == [f"Début {n}" for n in range(150)]
    assert [one.properties["message_id"] for one in messages] == [str(one.event_id) for one in written]
    first = messages[0]
    assert (first.delivery_info["exchange"], first.delivery_info["routing_key"]) == ("events.topic", "message.sent")
    assert first.properties["delivery_mode"] == 2
    assert consuming._body(first) == written[0].body.encode()
    assert not OutgoingEvent.objects.exists()


@pytest.mark.django_db
def test_an_event_that_another_publisher_has_is_left_to_it_until_its_time_is_over(rabbitmq):
    posted("taken")
    dead = publishing._take()
    assert len(dead) == 1
    assert publishing.run_once() == 0
    OutgoingEvent.objects.update(taken_until=OutgoingEvent.objects.get().created_at)
    assert publishing.run_once() == 1
    assert taken(rabbitmq)[0].properties["message_id"] == str(dead[0].event_id)


@pytest.mark.django_db
def test_events_of_both_exchanges_become_notifications_and_a_repetition_none(rabbitmq):
    own = {"event_type": "student.created", "payload": WELCOME, "timestamp": "2025-01-15T10:30:00"}
    others = {"event_type": "profile.student.created", "data": WELCOME, "timestamp": "2025-01-15T10:30:00"}
    encadrant = {"data": {"user_id": str(USER), "encadrant_id": str(STUDENT)}}
    publish(rabbitmq, "events.topic", "student.created", own)
    publish(rabbitmq, "events.topic", "student.created", own)
    publish(rabbitmq, "medtrack.events", "profile.student.created", others)
    publish(rabbitmq, "medtrack.events", "profile.encadrant.created", encadrant, message_id="m1")
    publish(rabbitmq, "medtrack.events", "profile.encadrant.created", encadrant, message_id="m1")
    publish(rabbitmq, "medtrack.events", "core.offer.created", {"data": {"offer_id": "7"}})
    publish(rabbitmq, "medtrack.events", "billing.invoice.created", {"data": {}})  # nobody has bound it
    assert consumed() == {"notified": 2, "repeated": 3, "ignored": 1}
    titles = Notification.objects.order_by("created_at").values_list("title", flat=True)
    assert list(titles) == ["Welcome to MedTrack!", "Welcome as Encadrant!"]
    assert waiting(rabbitmq, broker.EVENTS) == 0


@pytest.mark.django_db
def test_what_is_no_event_is_parked_listed_and_put_back(rabbitmq):
    publish(rabbitmq, "events.topic", "student.created", b"not JSON \xff")
    publish(rabbitmq, "events.topic", "student.created", {"payload": {"user_id": "7"}}, message_id="m7")
    publish(rabbitmq, "events.topic", "student.created", {"payload": WELCOME})
    assert consumed() == {"parked": 2, "notified": 1}
    listed = parked()["parked"]
    assert [one["key"] for one in listed] == ["student.created", "student.created"]
    assert "no JSON" in listed[0]["reason"]
    assert parked()["parked"] == listed  # a look changes nothing
    assert parked("--again") == {"put_back": 2}
    assert parked()["parked"] == []
    assert consumed() == {"parked": 2}
    assert [one.properties.get("message_id") for one in taken(rabbitmq, broker.PARKED)] == [None, "m7"]


@pytest.mark.django_db
def test_an_event_whose_handling_fails_is_tried_again_later_and_then_parked(rabbitmq, monkeypatch):
    monkeypatch.setattr(consuming, "DELAY_SECONDS", 0.01)
    stage = {"payload": {"stage_id": str(uuid4()), "student_id": str(uuid4())}}  # no profile service knows the student
    publish(rabbitmq, "events.topic", "stage.created", stage, message_id="m1")
    outcomes: Counter[str] = Counter()

    def is_parked() -> bool:
        outcomes.update(consumed())
        return bool(outcomes["parked"])

    wait_until(is_parked, "it is parked", SECONDS)
    assert outcomes == {"delayed": receiving.TRIES, "parked": 1}
    [listed] = parked()["parked"]
    assert (listed["key"], listed["reason"]) == ("stage.created", f"It was tried {receiving.TRIES} times.")
    monkeypatch.setattr(consuming, "DELAY_SECONDS", 600.0)
    parked("--again")
    assert consumed() == {"delayed": 1}  # its tries are counted anew
    assert waiting(rabbitmq, broker.DELAYED) == 1


@pytest.mark.django_db
def test_an_event_that_raises_does_not_hold_up_the_others(rabbitmq, monkeypatch):
    receive = receiving.receive

    def raises_for_one(event):
        if event.key == "id:bad":
            raise ZeroDivisionError
        return receive(event)

    monkeypatch.setattr(receiving, "receive", raises_for_one)
    publish(rabbitmq, "events.topic", "student.created", {"payload": WELCOME}, message_id="bad")
    publish(rabbitmq, "events.topic", "student.created", {"payload": WELCOME}, message_id="good")
    assert consumed() == {"delayed": 1, "notified": 1}
    assert waiting(rabbitmq, broker.DELAYED) == 1


@pytest.mark.django_db
def test_an_event_stays_at_the_broker_while_the_database_is_away(rabbitmq, monkeypatch):
    def away(event):
        raise OperationalError("away")

    publish(rabbitmq, "events.topic", "student.created", {"payload": WELCOME})
    with monkeypatch.context() as patched:
        patched.setattr(receiving, "receive", away)
        with pytest.raises(OperationalError):
            consuming.run_once()
    wait_until(lambda: waiting(rabbitmq, broker.EVENTS) == 1, "the event is back in its queue")
    assert consumed() == {"notified": 1}


def test_publisher_and_consumer_outlive_the_broker(rabbitmq, new_database, on_database, tmp_path):
    url = new_database("sqlite")
    on_database(url)
    env = environment(url, "memory:", RABBITMQ_URL=rabbitmq.url)
    names = ("comm_publish", "comm_consume")
    processes = {name: started("manage.py", name, env=env, log=tmp_path / name) for name in names}
    try:
        posted("before")
        publish(rabbitmq, "events.topic", "student.created", {"payload": WELCOME}, message_id="before")
        wait_until(lambda: waiting(rabbitmq, HEARD) >= 1, "the first is published", SECONDS)
        wait_until(Notification.objects.exists, "the first is consumed", SECONDS)
        rabbitmq.kill()
        posted("meanwhile")
        rabbitmq.start()
        publish(rabbitmq, "events.topic", "student.created", {"payload": WELCOME}, message_id="after")
        wait_until(lambda: Notification.objects.filter(title="Welcome to MedTrack!").count() == 2, "the next", SECONDS)
        wait_until(lambda: not OutgoingEvent.objects.exists(), "everything is published", SECONDS)
        subjects = [json.loads(one.body)["payload"].get("subject") for one in taken(rabbitmq)]
        assert [one for one in subjects if one] == ["before", "meanwhile"]
        assert ReceivedEvent.objects.filter(done_at=None).count() == 0
        for process in processes.values():
            os.kill(process.pid, signal.SIGTERM)
        ended = {name: process.wait(SECONDS) for name, process in processes.items()}
        assert ended == dict.fromkeys(processes, 0), {name: (tmp_path / name).read_text() for name in processes}
    finally:
        for process in processes.values():
            kill(process)
