"""The addresses of attachments: who may upload, ask, download and delete, and how a file is delivered."""

import asyncio
import io
import time
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from messaging import editing, turns
from messaging.attachments import pending, views
from messaging.attachments.content_service import Away
from messaging.attachments.models import Attachment
from messaging.conversations import create
from messaging.sending import send
from realtime.transports.token_buckets import TokenBuckets

from . import samples

pytestmark = pytest.mark.django_db
UPLOADS = "/api/v1/attachments"


@pytest.fixture
def as_person() -> Callable[[object], Client]:
    """``as_person(person)``: a client in which the person is signed in."""

    def client(person) -> Client:
        made = Client()
        made.force_login(person)
        return made

    return client


def post(client: Client, content: bytes = b"Hello", name: str = "a.txt", **more):
    return client.post(UPLOADS, {"file": SimpleUploadedFile(name, content), **more})


def test_whoever_uploads_without_a_pause_waits(as_person, ana, monkeypatch):
    monkeypatch.setattr(turns, "senders", TokenBuckets(1, 0.1))
    assert post(as_person(ana)).status_code == 201
    refused = post(as_person(ana))
    assert (refused.status_code, refused.json()["code"]) == (429, "too_often")
    assert 0 < int(refused["Retry-After"]) <= 10
    assert Attachment.objects.count() == 1


def test_an_upload_is_answered_with_its_id_and_signed_addresses(as_person, ana):
    answer = post(as_person(ana), samples.picture("PNG", (64, 32)), "plan.png")
    assert answer.status_code == 201
    one = answer.json()
    attachment = Attachment.objects.get()
    assert (one["id"], one["name"], one["kind"], one["state"]) == (attachment.pk, "plan.png", "image", "ready")
    assert one["url"].startswith(f"http://testserver/api/v1/attachments/{attachment.pk}/download?signature=")
    assert Client().get(one["thumbnail_url"]).status_code == 200


def test_the_address_is_served_with_a_slash_at_its_end_too(as_person, ana):
    client = as_person(ana)
    answer = client.post(UPLOADS + "/", {"file": SimpleUploadedFile("a.txt", b"Hello")})
    assert answer.status_code == 201
    assert client.get(f"{UPLOADS}/{answer.json()['id']}/").status_code == 200


def test_a_refusal_says_why_in_the_form_of_the_api(as_person, ana):
    answer = post(as_person(ana), b"MZ\0\1", "tool.exe")
    assert answer.status_code == 422
    assert answer.json() == {"detail": "Files of this type are not accepted.", "code": "unsupported_type"}


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"file": "text instead of a file"},
        {"other": SimpleUploadedFile("a.txt", b"Hello")},
        {"file": SimpleUploadedFile("a.txt", b"1"), "second": SimpleUploadedFile("b.txt", b"2")},
        {"file": [SimpleUploadedFile("a.txt", b"1"), SimpleUploadedFile("b.txt", b"2")]},
    ],
    ids=["nothing", "text", "another name", "two", "two of a name"],
)
def test_a_form_has_one_file_that_is_named_file(as_person, ana, form):
    answer = as_person(ana).post(UPLOADS, form)
    assert answer.status_code == 422
    assert answer.json()["code"] == "file_required"
    assert not Attachment.objects.exists()


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("application/json", b'{"file": "/private/file.pdf"}', 415),
        ("multipart/form-data; boundary=x", b"nothing like it", 422),
        ("multipart/form-data", b"", 400),
        ("multipart/form-data; boundary=x; charset=hex", b"--x\r\n", 400),
        ("text/plain", b"Hello", 415),
    ],
)
def test_any_other_body_is_refused(as_person, ana, kind, body, status):
    assert as_person(ana).generic("POST", UPLOADS, body, content_type=kind).status_code in {status, 400, 422}
    assert not Attachment.objects.exists()


def test_nobody_uploads_or_asks_without_signing_in(uploaded):
    attachment = uploaded()
    for address in ("", "/download", "/thumbnail"):
        answer = Client().get(f"{UPLOADS}/{attachment.pk}{address}")
        assert answer.status_code in {401, 403}
    assert post(Client()).status_code in {401, 403}
    assert Attachment.objects.count() == 1


def test_whoever_is_signed_in_is_led_to_a_signed_address(as_person, uploaded, sent, ben):
    attachment = uploaded(b"Hello", "a.txt")
    sent(attachment)
    answer = as_person(ben).get(f"{UPLOADS}/{attachment.pk}/download")
    assert answer.status_code == 302
    assert answer["Location"].startswith(f"{UPLOADS}/{attachment.pk}/download?signature=")
    delivered = Client().get(answer["Location"])
    assert b"".join(delivered.streaming_content) == b"Hello"


def test_a_document_is_delivered_so_that_nothing_in_it_runs(signed_for, uploaded, ana):
    attachment = uploaded(b"<html><script>alert(1)</script>", "Übersicht \u202e.html")
    answer = Client().get(signed_for(ana, attachment))
    assert answer.status_code == 200
    assert answer["Content-Disposition"].startswith("attachment; filename*=utf-8''%C3%9Cbersicht.html")
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer["Cache-Control"] == "private, no-cache"
    assert answer["Referrer-Policy"] == "no-referrer"


def test_a_picture_is_shown_in_the_page_or_saved_where_that_is_asked_for(signed_for, uploaded, ana):
    address = signed_for(ana, uploaded())
    shown, saved = Client().get(address), Client().get(address + "&download=1")
    assert shown["Content-Type"] == saved["Content-Type"] == "image/png"
    assert shown["Content-Disposition"] == 'inline; filename="plan.png"'
    assert saved["Content-Disposition"] == 'attachment; filename="plan.png"'
    assert Image.open(io.BytesIO(b"".join(shown.streaming_content))).size == (64, 32)
    assert shown["Content-Security-Policy"] == "sandbox; default-src 'none'"


def test_a_picture_that_browsers_do_not_know_is_saved(signed_for, uploaded, ana):
    address = signed_for(ana, uploaded(samples.picture("TIFF"), "scan.tif"))
    assert Client().get(address)["Content-Disposition"] == 'attachment; filename="scan.tif"'


def test_what_is_not_a_picture_has_no_thumbnail(as_person, uploaded, ana):
    attachment = uploaded(b"Hello", "a.txt")
    client = as_person(ana)
    assert client.get(f"{UPLOADS}/{attachment.pk}").json()["thumbnail_url"] is None
    assert client.get(f"{UPLOADS}/{attachment.pk}/thumbnail", follow=True).status_code == 404


@pytest.fixture
def signed_for(as_person) -> Callable[..., str]:
    """``signed_for(person, attachment)``: the path that the API gives to the person, with its signature."""

    def address(person, attachment: Attachment) -> str:
        parts = urlsplit(as_person(person).get(f"{UPLOADS}/{attachment.pk}").json()["url"])
        return f"{parts.path}?{parts.query}"

    return address


def test_a_signed_address_ends_after_15_minutes(signed_for, uploaded, ana, monkeypatch):
    address = signed_for(ana, uploaded())
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 15.1 * 60)
    answer = Client().get(address)
    assert answer.status_code == 403
    assert answer.json()["code"] == "expired"


def test_a_signed_address_of_one_attachment_opens_no_other(signed_for, uploaded, ana):
    first, second = uploaded(b"1", "1.txt"), uploaded(b"2", "2.txt")
    address = signed_for(ana, first).replace(f"/{first.pk}/", f"/{second.pk}/")
    assert Client().get(address).status_code == 403


def test_a_signature_ends_with_the_right_to_read(signed_for, uploaded, ana, ben):
    group = create(creator=ana, kind="group", participants=[ben])
    attachment = uploaded(b"Hello", "a.txt")
    message, _ = send(sender=ana, conversation=group, attachments=[attachment.pk])
    address = signed_for(ben, attachment)
    assert Client().get(address).status_code == 200
    ben.is_active = False
    ben.save()
    assert Client().get(address).status_code == 404
    ben.is_active = True
    ben.save()
    editing.delete(actor=ana, message_id=message.pk)
    assert Client().get(address).status_code == 404


def test_a_stranger_is_told_that_there_is_nothing(as_person, uploaded, sent, cora):
    attachment = uploaded()
    sent(attachment)
    client = as_person(cora)
    for address in ("", "/download", "/thumbnail"):
        assert client.get(f"{UPLOADS}/{attachment.pk}{address}").status_code == 404
    assert client.delete(f"{UPLOADS}/{attachment.pk}").status_code == 404


@pytest.mark.parametrize("number", ["0", "007", str(2**63), "9999999999999999999", "99999999999999999999", "-1", "x"])
def test_a_number_that_is_nobodys_is_not_found(as_person, ana, number):
    assert as_person(ana).get(f"{UPLOADS}/{number}").status_code == 404


@pytest.mark.parametrize("signature", ["", "x", "%00", "1:2:3", "é" * 300])
def test_a_signature_that_was_never_given_opens_nothing(uploaded, signature):
    assert Client().get(f"{UPLOADS}/{uploaded().pk}/download?signature={signature}").status_code == 403


def test_an_upload_can_be_deleted_until_it_is_sent(
    as_person, uploaded, sent, ana, ben, django_capture_on_commit_callbacks
):
    attachment, other = uploaded(), uploaded()
    client = as_person(ana)
    assert as_person(ben).delete(f"{UPLOADS}/{attachment.pk}").status_code == 404
    with django_capture_on_commit_callbacks(execute=True):
        assert client.delete(f"{UPLOADS}/{attachment.pk}").status_code == 204
    assert not attachment.file.storage.exists(attachment.file.name)
    sent(other)
    assert client.delete(f"{UPLOADS}/{other.pk}").status_code == 409


def test_a_pending_attachment_is_not_delivered_and_a_refused_one_is_gone(as_person, uploaded, ana, monkeypatch):
    attachment = uploaded()
    client, address = as_person(ana), f"{UPLOADS}/{attachment.pk}/download"
    Attachment.objects.update(state="pending")
    answer = client.get(address)
    assert (answer.status_code, answer["Retry-After"], answer.json()["code"]) == (409, "30", "pending")
    Attachment.objects.update(state="refused")
    assert client.get(address).status_code == 404


def test_who_asks_for_a_pending_attachment_makes_it_be_tried_again(as_person, uploaded, ana, monkeypatch):
    attachment = uploaded(b"Hello", "a.txt")
    monkeypatch.setattr(views.pending, "RETRY_AFTER", pending.RETRY_AFTER * 0)
    Attachment.objects.update(state="pending", scanned=False)
    assert as_person(ana).get(f"{UPLOADS}/{attachment.pk}").json()["state"] == "ready"


def test_a_file_that_is_gone_from_the_disk_is_not_found(signed_for, uploaded, ana):
    attachment = uploaded()
    address = signed_for(ana, attachment)
    pending.delete_files(attachment)
    assert Client().get(address).status_code == 404


def test_while_the_content_service_is_away_a_download_is_told_to_come_back(signed_for, uploaded, ana, monkeypatch):
    class Service:
        def store(self, name, media_type, file):
            return "doc-1"

        def fetch(self, content_id, size):
            raise Away("The content service does not answer.")

    monkeypatch.setattr(pending, "content_service", Service)
    answer = Client().get(signed_for(ana, uploaded(b"Hello", "a.txt")))
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")


def test_a_file_that_is_iterated_asynchronously_is_whole():
    from messaging.attachments.content_types import BY_MEDIA_TYPE
    from messaging.attachments.downloads import stored_file

    async def content() -> bytes:
        response = stored_file(io.BytesIO(b"x" * 200_000), BY_MEDIA_TYPE["text/plain"], "a.txt")
        return b"".join([piece async for piece in response])

    assert asyncio.run(content()) == b"x" * 200_000
