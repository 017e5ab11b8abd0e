"""What others shall hear is written in the transaction of the change, and only where there is a broker."""

import json
import socket
import ssl
import subprocess
import threading
from contextlib import suppress
from uuid import UUID

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import transaction

from comm_service import services
from comm_service.callers import INTERNAL
from comm_service.exchange import broker, outbox
from comm_service.exchange.models import OutgoingEvent
from comm_service.models import EmailQueue, Message, Notification

A, B = UUID(int=1), UUID(int=2)
MESSAGE = {"sender_id": A, "receiver_id": B, "subject": "Début"}
NOTIFICATION = {"user_id": A, "type": "push", "title": "T", "content": None}


@pytest.fixture
def _broker(settings):
    settings.RABBITMQ_URL = "amqp://nobody.invalid"


@pytest.mark.django_db
@pytest.mark.usefixtures("_broker")
def test_a_message_and_a_notification_are_announced_as_the_existing_service_does():
    message = services.create(Message, MESSAGE, INTERNAL)
    notification = services.create(Notification, NOTIFICATION, INTERNAL)
    sent, created = OutgoingEvent.objects.order_by("pk")
    body = json.loads(sent.body)
    assert (sent.routing_key, list(body)) == (
        "message.sent",
        ["event_type", "payload", "service", "timestamp", "version"],
    )
    assert body["payload"] == {
        "message_id": str(message.pk),
        "sender_id": str(A),
        "receiver_id": str(B),
        "subject": "Début",
        "created_at": message.created_at.isoformat(),
    }
    assert "+" not in body["timestamp"]
    assert (created.routing_key, json.loads(created.body)["payload"]) == (
        "notification.created",
        {
            "notification_id": str(notification.pk),
            "user_id": str(A),
            "type": "push",
            "title": "T",
            "content": None,
            "created_at": notification.created_at.isoformat(),
        },
    )


@pytest.mark.django_db
@pytest.mark.usefixtures("_broker")
def test_other_changes_are_not_announced():
    services.create(EmailQueue, {"to_addresses": []}, INTERNAL)
    message = services.create(Message, MESSAGE, INTERNAL)
    OutgoingEvent.objects.all().delete()
    services.mark_read(message, INTERNAL)
    services.update(message, {"subject": "New"}, INTERNAL)
    services.delete(message, INTERNAL)
    assert not OutgoingEvent.objects.exists()


@pytest.mark.django_db
@pytest.mark.usefixtures("_broker")
def test_a_change_that_is_rolled_back_is_not_announced():
    with transaction.atomic():
        services.create(Message, MESSAGE, INTERNAL)
        transaction.set_rollback(True)
    assert not OutgoingEvent.objects.exists()


@pytest.mark.usefixtures("_broker")
def test_an_event_outside_a_transaction_is_refused(new_database, on_database):
    on_database(new_database("sqlite"))
    with pytest.raises(transaction.TransactionManagementError):
        outbox.add("message.sent", {})


@pytest.mark.django_db
def test_without_a_broker_nothing_is_written(settings):
    assert settings.RABBITMQ_URL == ""
    services.create(Message, MESSAGE, INTERNAL)
    assert not OutgoingEvent.objects.exists()


def test_with_tls_a_certificate_that_nobody_vouches_for_is_refused(settings, tmp_path):
    key, certificate = tmp_path / "key", tmp_path / "certificate"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "1"]
    subprocess.run([*made, "-keyout", key, "-out", certificate], check=True, capture_output=True, timeout=30)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    listener = socket.create_server(("localhost", 0))

    def greet() -> None:
        while True:
            try:
                client = listener.accept()[0]
            except OSError:  # the test is over
                return
            with suppress(OSError), context.wrap_socket(client, server_side=True):
                """The client leaves."""

    thread = threading.Thread(target=greet)
    thread.start()
    settings.RABBITMQ_URL = f"amqps://guest:secret@localhost:{listener.getsockname()[1]}//"
    try:
        with broker.connection() as connection, pytest.raises(ssl.SSLCertVerificationError):
            connection.connect()
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)


@pytest.mark.parametrize("command", ["comm_publish", "comm_consume", "comm_parked"])
def test_without_a_broker_the_commands_say_so(command):
    with pytest.raises(CommandError, match="RABBITMQ_URL"):
        call_command(command)


@pytest.mark.parametrize("words", [("comm_publish", "--once"), ("comm_consume", "--once"), ("comm_parked",)])
def test_a_broker_that_is_away_is_one_line(words, settings):
    settings.RABBITMQ_URL = "amqp://guest:secret@127.0.0.1:1//"
    with pytest.raises(CommandError, match="The broker refused") as refused:
        call_command(*words)
    assert "secret" not in str(refused.value)
    assert "\n" not in str(refused.value)
