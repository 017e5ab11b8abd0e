"""Documents and attachments on a real S3 server: signatures, expiry, names, hosts, and a server that hangs."""

import io
import re
import time
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx
import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.utils import timezone
from PIL import Image

from comm_service import callers
from comm_service.documents import downloading, s3, s3_files, uploading
from comm_service.documents.s3_files import config
from comm_service.documents.store import STORE, Download, StorageAway
from comm_service.models import Document
from gistagum.object_storage import ATTACHMENTS, ObjectStorage
from messaging.attachments import uploading as attaching
from messaging.attachments.models import Attachment, attachment_storage
from tests.support.s3_server import ACCESS_KEY, SECRET_KEY, S3Server

pytestmark = [pytest.mark.django_db, pytest.mark.servers]

UPLOAD = "/comm/api/documents/upload/"
NAME = "Relevé « été » 日本.pdf"


@pytest.fixture(scope="module")
def server():
    with S3Server() as running:
        yield running


class Buckets:
    """The two buckets of these tests, as a client of its own sees them."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.documents, self.messages = f"documents-{uuid4()}", f"messages-{uuid4()}"

    def keys(self, bucket: str) -> set[str]:
        return {one["Key"] for one in self.client.list_objects_v2(Bucket=bucket).get("Contents", ())}


@pytest.fixture(scope="module")
def made_buckets(server) -> Buckets:
    return Buckets(server.client())


@pytest.fixture
def buckets(server, made_buckets, settings) -> Buckets:
    """The settings name the server, and these buckets, which the first object makes. To make one takes a second."""
    use(settings, server, made_buckets)
    return made_buckets


def use(settings, server, buckets, *, public_endpoint="", secret_key=SECRET_KEY):
    storage = ObjectStorage(
        endpoint=server.url, public_endpoint=public_endpoint, access_key=ACCESS_KEY, secret_key=secret_key
    )
    found = storage.storages(documents=buckets.documents, attachments=buckets.messages, media_root=Path("/nowhere"))
    settings.STORAGES = {**settings.STORAGES, **found}


def uploaded(new_side, content=b"%PDF content"):
    response = new_side.post(UPLOAD, {"file": SimpleUploadedFile(NAME, content, "application/pdf")})
    assert response.status_code == 200, response.content
    return response.json()


def test_an_upload_can_be_fetched_with_its_name_until_the_address_ends(new_side, buckets):
    said = uploaded(new_side)
    assert said["storage_path"] in buckets.keys(buckets.documents)
    asked = parse_qs(urlsplit(said["download_url"]).query)
    assert asked["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert asked["X-Amz-Expires"] == ["3600"]
    response = httpx.get(said["download_url"], timeout=15)
    assert (response.status_code, response.content) == (200, b"%PDF content")
    assert response.headers["content-type"] == "application/pdf"
    [name] = re.findall(r"filename\*=utf-8''(\S+)", response.headers["content-disposition"])
    assert httpx.URL(f"http://x/?n={name}").params["n"] == NAME
    part = httpx.get(said["download_url"], headers={"Range": "bytes=0-3"}, timeout=15)
    assert (part.status_code, part.content) == (206, b"%PDF")
    forged = said["download_url"].replace(said["storage_path"].split("/")[1], str(uuid4()))
    assert httpx.get(forged, timeout=15).status_code == 403
    assert httpx.get(said["download_url"].partition("?")[0], timeout=15).status_code == 403


def test_an_address_ends(new_side, buckets, monkeypatch):
    said = uploaded(new_side)
    monkeypatch.setattr(s3, "LINK_SECONDS", 1)
    address = storages[STORE].address(Download(said["storage_path"], "text/plain", "a.txt"), None)
    deadline = time.monotonic() + 15
    while httpx.get(address, timeout=15).status_code != 403:
        assert time.monotonic() < deadline, "the address still works"


def test_addresses_have_the_host_that_browsers_reach(server, buckets, settings):
    port = server.port
    use(settings, server, buckets, public_endpoint=f"http://localhost:{port}")
    document = uploading.upload(SimpleUploadedFile("a.txt", b"abc", "text/plain"), {}, callers.INTERNAL)
    downloading.availability.forget()
    address = downloading.download_url(document, None)
    assert urlsplit(address).netloc == f"localhost:{port}"
    assert httpx.get(address, timeout=15).content == b"abc"


def test_a_large_file_is_sent_in_pieces(new_side, buckets, settings):
    settings.COMM_DOCUMENT_MAX_MB = 20
    content = bytes(range(256)) * 4096 * 10  # more than boto3 sends in one request
    said = uploaded(new_side, content)
    assert httpx.get(said["download_url"], timeout=30).content == content
    whole = buckets.client.head_object(Bucket=buckets.documents, Key=said["storage_path"])
    assert "-" in whole["ETag"]  # of several parts


def test_without_its_row_a_content_is_removed_again(buckets, new_side, monkeypatch):
    uploaded(new_side)
    before = buckets.keys(buckets.documents)

    def failing(*_):
        raise RuntimeError("the database went away")

    monkeypatch.setattr("comm_service.services.create", failing)
    with pytest.raises(RuntimeError):
        uploading.upload(SimpleUploadedFile("a.txt", b"abc"), {}, callers.INTERNAL)
    assert buckets.keys(buckets.documents) == before


def test_orphans_are_cleaned(buckets, new_side):
    kept, lost = uploaded(new_side), uploaded(new_side)
    Document.objects.update(uploaded_at=timezone.now() - timedelta(days=2))
    buckets.client.delete_object(Bucket=buckets.documents, Key=lost["storage_path"])
    out = io.StringIO()
    call_command("clean_documents", stdout=out)
    assert "1 of 2 rows" in out.getvalue()
    assert [str(row.pk) for row in Document.objects.all()] == [kept["id"]]
    # Its object is of today, so it may belong to an upload under way.
    Document.objects.all().delete()
    call_command("clean_documents", stdout=out)
    assert kept["storage_path"] in buckets.keys(buckets.documents)


def test_while_the_server_hangs_metadata_is_read_quickly(server, buckets, new_side):
    said = uploaded(new_side)
    downloading.availability.forget()
    path = f"/comm/api/documents/{said['id']}/download/"
    with server.frozen():
        began = time.monotonic()
        first = new_side.get(path)
        took = time.monotonic() - began
        assert first.json() == {**said, "download_url": None, "expires_in": None}
        assert took < s3_files.READ_SECONDS  # a second to connect and to read, and more on a busy machine
        assert new_side.get(f"/comm/api/documents/{said['id']}/").status_code == 200
        refused = new_side.post(UPLOAD, {"file": SimpleUploadedFile("a.txt", b"abc")})
        assert refused.status_code == 503
        assert Document.objects.count() == 1
    downloading.availability.forget()
    assert httpx.get(new_side.get(path).json()["download_url"], timeout=15).status_code == 200


def test_wrong_keys_are_a_storage_that_refuses(server, buckets, settings, caplog):
    use(settings, server, buckets, secret_key="wrong")
    with pytest.raises(StorageAway, match="SignatureDoesNotMatch") as away:
        storages[STORE].put(f"documents/{uuid4()}/a", io.BytesIO(b"abc"), "text/plain")
    assert away.value.refused
    assert "wrong" not in caplog.text


@pytest.fixture
def attachments_there(buckets, monkeypatch):
    """Attachments are kept as the settings say, which the model asks when it is defined."""

    def use(*, short=False):
        kept = attachment_storage()
        if short:
            kept = s3_files.S3Files(**{**settings.STORAGES[ATTACHMENTS]["OPTIONS"], "client_config": config(1, 1)})
        for name in ("file", "thumbnail"):
            monkeypatch.setattr(Attachment._meta.get_field(name), "storage", kept)

    use()
    assert isinstance(Attachment._meta.get_field("file").storage, s3_files.S3Files)
    return use


def test_attachments_of_messages_are_kept_on_the_same_server(
    buckets, attachments_there, client, django_user_model, django_capture_on_commit_callbacks
):
    """``MESSAGE_ATTACHMENTS_BUCKET``: stored, downloaded, and deleted."""
    person = django_user_model.objects.create_user("ana", password="x")
    client.force_login(person)
    text = b"plan\n" * 500
    one = attaching.upload(owner=person, file=ContentFile(text, "plan.txt"), name="plan été.txt")
    picture = attaching.upload(owner=person, file=ContentFile(a_picture(), "a.png"), name="a.png")
    names = {one.file.name, picture.file.name, picture.thumbnail.name}
    assert names <= buckets.keys(buckets.messages)
    response = client.get(f"/api/v1/attachments/{one.pk}/download", follow=True)
    assert response.status_code == 200
    assert b"".join(response.streaming_content) == text
    assert response["Content-Length"] == str(len(text))
    shown = client.get(f"/api/v1/attachments/{picture.pk}/thumbnail", follow=True)
    assert b"".join(shown.streaming_content)[8:12] == b"WEBP"
    with django_capture_on_commit_callbacks(execute=True):
        assert client.delete(f"/api/v1/attachments/{one.pk}").status_code == 204
    assert buckets.keys(buckets.messages) & names == names - {one.file.name}


def test_an_attachment_waits_no_longer_than_the_server_may_take(
    server, buckets, attachments_there, client, django_user_model, monkeypatch
):
    person = django_user_model.objects.create_user("ben", password="x")
    client.force_login(person)
    one = attaching.upload(owner=person, file=ContentFile(b"plan", "plan.txt"), name="plan.txt")
    attachments_there(short=True)
    with server.frozen():
        response = client.get(f"/api/v1/attachments/{one.pk}/download", follow=True)
        assert (response.status_code, response["Retry-After"]) == (503, "5")
        form = {"file": SimpleUploadedFile("a.txt", b"abc")}
        assert client.post("/api/v1/attachments", form).status_code == 503
        assert client.delete(f"/api/v1/attachments/{one.pk}").status_code == 204


def a_picture():
    made = io.BytesIO()
    Image.new("RGB", (64, 48), "red").save(made, "PNG")
    return made.getvalue()
