"""Documents and attachments on a real S3 server: signatures, expiry, names, hosts, and a server that hangs."""

import io
import re
import time
from datetime import timedelta
from pathlib import Path
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

BUCKET = "medtrack-documents"
UPLOAD = "/comm/api/documents/upload/"
NAME = "Relevé « été » 日本.pdf"


@pytest.fixture(scope="module")
def server():
    with S3Server() as running:
        yield running


@pytest.fixture
def configured(server, settings):
    """The settings name the server. Returns its client."""
    found = ObjectStorage(
        endpoint=server.url, public_endpoint="", access_key=ACCESS_KEY, secret_key=SECRET_KEY
    ).storages(documents=BUCKET, attachments="messages", media_root=Path("/nowhere"))
    settings.STORAGES = {**settings.STORAGES, **found}
    return server.client()


def keys(client, bucket=BUCKET):
    return [one["Key"] for one in client.list_objects_v2(Bucket=bucket).get("Contents", ())]


def uploaded(new_side, content=b"%PDF content"):
    response = new_side.post(UPLOAD, {"file": SimpleUploadedFile(NAME, content, "application/pdf")})
    assert response.status_code == 200, response.content
    return response.json()


def test_an_upload_can_be_fetched_with_its_name_until_the_address_ends(new_side, configured):
    said = uploaded(new_side)
    assert said["storage_path"] in keys(configured)
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


def test_an_address_ends(new_side, configured, monkeypatch):
    said = uploaded(new_side)
    monkeypatch.setattr(s3, "LINK_SECONDS", 1)
    address = storages[STORE].address(Download(said["storage_path"], "text/plain", "a.txt"), None)
    deadline = time.monotonic() + 15
    while httpx.get(address, timeout=15).status_code != 403:
        assert time.monotonic() < deadline, "the address still works"


def test_addresses_have_the_host_that_browsers_reach(server, configured, settings):
    port = server.port
    found = ObjectStorage(
        endpoint=server.url, public_endpoint=f"http://localhost:{port}", access_key=ACCESS_KEY, secret_key=SECRET_KEY
    ).storages(documents=BUCKET, attachments="", media_root=Path("/nowhere"))
    settings.STORAGES = {**settings.STORAGES, **found}
    document = uploading.upload(SimpleUploadedFile("a.txt", b"abc", "text/plain"), {}, callers.INTERNAL)
    downloading.availability.forget()
    address = downloading.download_url(document, None)
    assert urlsplit(address).netloc == f"localhost:{port}"
    assert httpx.get(address, timeout=15).content == b"abc"


def test_a_large_file_is_sent_in_pieces(new_side, configured, settings):
    settings.COMM_DOCUMENT_MAX_MB = 20
    content = bytes(range(256)) * 4096 * 10  # more than boto3 sends in one request
    said = uploaded(new_side, content)
    assert httpx.get(said["download_url"], timeout=30).content == content
    whole = configured.head_object(Bucket=BUCKET, Key=said["storage_path"])
    assert "-" in whole["ETag"]  # of several parts


def test_without_its_row_a_content_is_removed_again(configured, new_side, monkeypatch):
    uploaded(new_side)
    before = keys(configured)

    def failing(*_):
        raise RuntimeError("the database went away")

    monkeypatch.setattr("comm_service.services.create", failing)
    with pytest.raises(RuntimeError):
        uploading.upload(SimpleUploadedFile("a.txt", b"abc"), {}, callers.INTERNAL)
    assert keys(configured) == before


def test_orphans_are_cleaned(configured, new_side):
    kept, lost = uploaded(new_side), uploaded(new_side)
    Document.objects.update(uploaded_at=timezone.now() - timedelta(days=2))
    configured.delete_object(Bucket=BUCKET, Key=lost["storage_path"])
    out = io.StringIO()
    call_command("clean_documents", stdout=out)
    assert "1 of 2 rows" in out.getvalue()
    assert [str(row.pk) for row in Document.objects.all()] == [kept["id"]]
    # Its object is of today, so it may belong to an upload under way.
    Document.objects.all().delete()
    call_command("clean_documents", stdout=out)
    assert kept["storage_path"] in keys(configured)


def test_while_the_server_hangs_metadata_is_read_quickly(server, configured, new_side):
    said = uploaded(new_side)
    downloading.availability.forget()
    path = f"/comm/api/documents/{said['id']}/download/"
    with server.frozen():
        began = time.monotonic()
        first = new_side.get(path)
        took = time.monotonic() - began
        assert first.json() == {**said, "download_url": None, "expires_in": None}
        assert took < 5  # a second to connect or to read, on a busy machine
        assert new_side.get(f"/comm/api/documents/{said['id']}/").status_code == 200
        refused = new_side.post(UPLOAD, {"file": SimpleUploadedFile("a.txt", b"abc")})
        assert refused.status_code == 503
        assert Document.objects.count() == 1
    downloading.availability.forget()
    assert httpx.get(new_side.get(path).json()["download_url"], timeout=15).status_code == 200


def test_wrong_keys_are_a_storage_that_refuses(server, settings, caplog):
    found = ObjectStorage(endpoint=server.url, public_endpoint="", access_key=ACCESS_KEY, secret_key="wrong").storages(
        documents=BUCKET, attachments="", media_root=Path("/nowhere")
    )
    settings.STORAGES = {**settings.STORAGES, **found}
    with pytest.raises(StorageAway, match="SignatureDoesNotMatch"):
        storages[STORE].put(f"documents/{uuid4()}/a", io.BytesIO(b"abc"), "text/plain")
    assert "wrong" not in caplog.text


@pytest.fixture
def attachments_there(configured, monkeypatch):
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


def test_attachments_of_messages_are_kept_on_the_same_server(configured, attachments_there, client, django_user_model):
    """``MESSAGE_ATTACHMENTS_BUCKET``: stored, downloaded, and deleted."""
    person = django_user_model.objects.create_user("ana", password="x")
    client.force_login(person)
    text = b"plan\n" * 500
    one = attaching.upload(owner=person, file=ContentFile(text, "plan.txt"), name="plan été.txt")
    picture = attaching.upload(owner=person, file=ContentFile(a_picture(), "a.png"), name="a.png")
    names = {one.file.name, picture.file.name, picture.thumbnail.name}
    assert set(keys(configured, "messages")) == names
    response = client.get(f"/api/v1/attachments/{one.pk}/download", follow=True)
    assert response.status_code == 200
    assert b"".join(response.streaming_content) == text
    assert response["Content-Length"] == str(len(text))
    shown = client.get(f"/api/v1/attachments/{picture.pk}/thumbnail", follow=True)
    assert b"".join(shown.streaming_content)[8:12] == b"WEBP"
    assert client.delete(f"/api/v1/attachments/{one.pk}").status_code == 204
    assert set(keys(configured, "messages")) == names - {one.file.name}


def test_an_attachment_waits_no_longer_than_the_server_may_take(
    server, configured, attachments_there, client, django_user_model, monkeypatch
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
