"""Settings of the e-mail queue and of the exchange: what they may be, and what they become."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from gistagum.email_url import email_settings
from gistagum.services import broker_url, mail_address
from gistagum.task_broker import celery_settings

OUTBOX = Path("/tmp/outbox")


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("smtp://mail.example", {"EMAIL_HOST": "mail.example", "EMAIL_PORT": 25}),
        ("smtp+tls://mail.example", {"EMAIL_PORT": 587, "EMAIL_USE_TLS": True}),
        ("smtps://mail.example", {"EMAIL_PORT": 465, "EMAIL_USE_SSL": True}),
        ("smtps://u%40x:p%3A%2F@mail.example:2465", {"EMAIL_HOST_USER": "u@x", "EMAIL_HOST_PASSWORD": "p:/"}),
        ("smtp://[::1]:2525/", {"EMAIL_HOST": "::1", "EMAIL_PORT": 2525}),
    ],
)
def test_an_address_of_a_mail_server(url, wanted):
    found = email_settings(url, OUTBOX)
    assert found["EMAIL_BACKEND"] == "comm_service.email.smtp.EmailBackend"
    assert found["EMAIL_TIMEOUT"] > 0
    assert wanted.items() <= found.items()
    assert not (found.get("EMAIL_USE_TLS") and found.get("EMAIL_USE_SSL"))


def test_emails_go_into_a_folder_to_the_terminal_or_into_memory():
    assert email_settings("", OUTBOX)["EMAIL_FILE_PATH"] == OUTBOX
    assert email_settings("file:///srv/out%20box", OUTBOX)["EMAIL_FILE_PATH"] == Path("/srv/out box")
    assert "console" in email_settings("console:", OUTBOX)["EMAIL_BACKEND"]
    assert "locmem" in email_settings("memory:", OUTBOX)["EMAIL_BACKEND"]


@pytest.mark.parametrize(
    "url",
    [
        "mail.example",
        "http://mail.example",
        "smtp://",
        "smtp://h:0",
        "smtp://h:99999",
        "smtp://h/x",
        "smtp://h?tls=1",
        "smtp://u:secret@[::1",
        "smtp+tls:u:secret",
        "file://",
        "file://host/x",
        "file:relative",
    ],
)
def test_an_address_of_another_form_is_refused_without_its_password(url):
    with pytest.raises(ImproperlyConfigured, match="EMAIL_URL") as refused:
        email_settings(url, OUTBOX)
    assert "secret" not in str(refused.value)


def test_the_sender_is_an_address():
    assert mail_address("X", "Office <office@tagum.example>") == "Office <office@tagum.example>"
    for text in ("office", "@tagum.example", "office@", "a@b.c\nBcc: d@e.f", "a@b.c, d@e.f", ""):
        with pytest.raises(ImproperlyConfigured, match="X is"):
            mail_address("X", text)


def test_a_rabbitmq_server_is_an_address():
    assert broker_url("X", "") == ""
    assert broker_url("X", "amqps://u:p@host:5671/v") == "amqps://u:p@host:5671/v"
    for text in ("host", "http://host", "amqp://u:secret@"):
        with pytest.raises(ImproperlyConfigured) as refused:
            broker_url("X", text)
        assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "broker"),
    [
        ("redis://:pw@host:6379/0", "redis://:pw@host:6379/1"),
        ("redis://host", "redis://host/1"),
        ("redis://host:6379?db=3", "redis://host:6379/1"),
        ("redis://a:1/0, redis://b:2/0", "redis://a:1/1"),
        ("rediss://host/0", "rediss://host/1?ssl_cert_reqs=required"),
        ("rediss://host/0?ssl_cert_reqs=none", "rediss://host/1?ssl_cert_reqs=none"),
        ("unix:///run/redis.sock?db=0", "redis+socket:///run/redis.sock?virtual_host=1"),
        ("sentinel://a:1,b:2/0?master=m", "sentinel://a:1/1;sentinel://b:2/1"),
    ],
)
def test_the_broker_is_the_same_redis_in_a_database_of_its_own(url, broker):
    found = celery_settings(url, 1, Path("/x"), 300)
    assert found["CELERY_BROKER_URL"] == broker
    assert found["CELERY_BROKER_TRANSPORT_OPTIONS"].get("master_name") == ("m" if "sentinel" in url else None)


@pytest.mark.parametrize("url", ["redis://host/1", "redis://host?db=1", "unix:///s?db=1", "sentinel://a:1/1?master=m"])
def test_the_database_of_the_channel_layer_is_refused(url):
    with pytest.raises(ImproperlyConfigured, match="COMM_CELERY_REDIS_DB"):
        celery_settings(url, 1, Path("/x"), 300)


def test_without_redis_the_broker_is_a_folder():
    found = celery_settings("", 1, Path("/x"), 300)
    assert found["CELERY_BROKER_URL"] == "filesystem://"
    assert found["CELERY_BROKER_TRANSPORT_OPTIONS"]["data_folder_in"].startswith("/x/")
    assert found["CELERY_BEAT_SCHEDULE"]["process-pending-emails"]["schedule"] == 300
