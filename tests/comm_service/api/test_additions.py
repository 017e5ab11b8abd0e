"""What the new side has beyond the old one."""

import base64
import json
import uuid
from datetime import UTC, datetime, timedelta
from itertools import chain

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from comm_service.api import rows
from comm_service.models import EmailQueue, Message

API = "/comm/api/"
ANA, BEN = uuid.UUID(int=1), uuid.UUID(int=2)


@pytest.fixture
def client(settings, db) -> Client:
    settings.COMM_COMPAT, settings.COMM_API = True, "ninja"
    return Client()


def post(client, path, **said):
    return client.post(API + path, json.dumps(said), "application/json")


def test_location_leads_to_the_new_row(client):
    response = post(client, "messages/", sender_id=str(ANA), receiver_id=str(BEN))
    [message] = Message.objects.all()
    assert response["Location"] == f"/comm/api/messages/{message.pk}/"
    assert client.get(response["Location"]).json()["id"] == str(message.pk)


def test_pending_lists_what_waits_to_be_sent(client):
    for status in ("pending", "sent", "failed"):
        EmailQueue.objects.create(to_addresses=[status], status=status)
    response = client.get(f"{API}email_queue/pending/")
    assert [one["to_addresses"] for one in json.loads(response.getvalue())] == [["pending"]]
    assert response["Allow"] == "GET, HEAD, OPTIONS"
    assert client.options(f"{API}email_queue/pending/").json()["name"] == "Pending"


def test_other_methods_of_pending_are_answered_as_before(client):
    for method, status in (("put", 404), ("patch", 404), ("delete", 404), ("post", 405)):
        response = getattr(client, method)(f"{API}email_queue/pending/")
        assert response.status_code == status
        assert response["Allow"] == "GET, PUT, PATCH, DELETE, HEAD, OPTIONS"


def messages(count: int, *, together: int = 1) -> None:
    """So many messages, of which so many have the same time."""
    begin = datetime(2025, 1, 15, tzinfo=UTC)
    Message.objects.bulk_create(Message(sender_id=ANA, receiver_id=BEN, subject=str(number)) for number in range(count))
    for number, message in enumerate(Message.objects.order_by("pk")):
        Message.objects.filter(pk=message.pk).update(created_at=begin + timedelta(seconds=number // together))


def followed(client, path: str) -> list[list[str]]:
    """The subjects of each page."""
    pages = []
    while path:
        response = client.get(path)
        assert response.status_code == 200
        pages.append([one["subject"] for one in json.loads(response.getvalue())])
        link = response.get("Link", "")
        path = link.partition(">")[0].removeprefix("<").removeprefix("http://testserver")
    return pages


def test_pages_together_are_the_whole_list_also_where_times_are_equal(client):
    messages(25, together=4)
    whole = [one["subject"] for one in json.loads(client.get(f"{API}messages/").getvalue())]
    pages = followed(client, f"{API}messages/?page_limit=6")
    assert [len(page) for page in pages] == [6, 6, 6, 6, 1]
    assert list(chain(*pages)) == whole
    assert list(chain(*followed(client, f"{API}messages/sent/{ANA}/?page_limit=5"))) == whole
    assert list(chain(*followed(client, f"{API}messages/?page_limit=25"))) == whole


def test_pages_stay_right_while_rows_come(client):
    messages(4)
    response = client.get(f"{API}messages/?page_limit=2")
    Message.objects.create(sender_id=ANA, receiver_id=BEN, subject="newest")
    path = response["Link"].partition(">")[0].removeprefix("<http://testserver")
    assert len(json.loads(client.get(path).getvalue())) == 2


@pytest.mark.parametrize("said", ["0", "-1", "1001", "x", "", "1.5", "٣", "9" * 5000])
def test_a_bad_limit_is_refused(client, said):
    response = client.get(f"{API}messages/", {"page_limit": said})
    assert (response.status_code, response.json()) == (400, {"page_limit": ["Must be a whole number from 1 to 1000."]})


@pytest.mark.parametrize("at", ["9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "10000-01-01", "--"])
def test_a_cursor_at_a_time_that_there_is_not_is_refused(client, at):
    said = base64.urlsafe_b64encode(f"{at} {ANA}".encode()).decode().rstrip("=")
    response = client.get(f"{API}messages/", {"page_limit": "5", "page_cursor": said})
    assert (response.status_code, response.json()) == (400, {"page_cursor": ["This is no cursor of this list."]})


@pytest.mark.parametrize("said", ["x", "", "é", "A" * 300, "MjAyNQ", "MjAyNS0wMS0xNVQwMDowMDowMCA1", "===="])
def test_a_bad_cursor_is_refused(client, said):
    response = client.get(f"{API}messages/", {"page_limit": "5", "page_cursor": said})
    assert (response.status_code, response.json()) == (400, {"page_cursor": ["This is no cursor of this list."]})


@pytest.mark.parametrize("query", ["limit=1", "page=2", "page_cursor=x", "offset=1"])
def test_parameters_that_old_clients_may_send_change_nothing(client, query):
    messages(3)
    assert len(json.loads(client.get(f"{API}messages/?{query}").getvalue())) == 3


@pytest.mark.parametrize("accept", ["*/*", "application/json; indent=3"])
@pytest.mark.parametrize("count", [0, 1, 5, 6, 12, 13])
def test_a_long_list_is_streamed_with_the_same_bytes(client, monkeypatch, settings, accept, count):
    messages(count, together=3)
    whole = client.get(f"{API}messages/", HTTP_ACCEPT=accept)
    assert not whole.streaming
    monkeypatch.setattr(rows, "CHUNK", 6)
    monkeypatch.setattr("comm_service.api.routes.CHUNK", 6)
    streamed = client.get(f"{API}messages/", HTTP_ACCEPT=accept)
    assert streamed.streaming == (count >= 6)
    assert streamed.getvalue() == whole.content
    settings.COMM_API = "legacy"
    assert client.get(f"{API}messages/", HTTP_ACCEPT=accept).getvalue() == whole.content


def test_head_of_a_long_list_reads_one_chunk(client):
    messages(rows.CHUNK * 2)
    with CaptureQueriesContext(connection) as queries:
        response = client.head(f"{API}messages/")
        assert (response.status_code, response.getvalue()) == (200, b"")
    assert sum('FROM "messages"' in query["sql"] for query in queries) == 1


def test_a_fault_is_the_sites_to_answer(client, settings, monkeypatch):
    settings.DEBUG = True

    def broken(*_):
        raise ZeroDivisionError

    monkeypatch.setattr("comm_service.api.routes.visible", broken)
    with pytest.raises(ZeroDivisionError):
        client.get(f"{API}messages/")
