"""Faults 33 to 36 of the old chat system, each of which must not come back. The number is in the name of the test."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from messaging import sending
from messaging.attachments import signing
from messaging.attachments.addresses import absolute, attachment_json, for_person, path
from messaging.attachments.models import Attachment
from messaging.attachments.uploading import TooLarge
from messaging.errors import Invalid
from messaging.models import Message

from . import samples

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "given", ["chat_attachments/secret.pdf", "https://elsewhere.example/x", "../../etc/passwd", {"file": "x"}, 12.5]
)
def test_fault_33_text_is_no_attachment_and_opens_no_stored_file(ana, ben, uploaded, given):
    """Any text was kept as a path, and answered with a (signed) address of that file in the storage."""
    of_somebody_else = uploaded(b"secret", owner=ben)
    for named in (given, of_somebody_else.file.name, of_somebody_else.pk):
        with pytest.raises(Invalid):
            sending.send(sender=ana, receiver=ben, text="look", attachments=[named])
    assert not Message.objects.exists()


def test_fault_33_an_upload_is_a_file_and_never_a_name_in_json(ana):
    client = Client()
    client.force_login(ana)
    answer = client.post("/api/v1/attachments", {"file": "chat_attachments/secret.pdf"}, "application/json")
    assert answer.status_code == 415
    assert not Attachment.objects.exists()


@pytest.mark.parametrize("size", [10 * 2**20 + 1, 12 * 2**20])
def test_fault_34_a_file_over_10_mib_is_refused(uploaded, size):
    with pytest.raises(TooLarge):
        uploaded(b"x" * size, "a.txt")


@pytest.mark.parametrize(
    ("content", "name"),
    [(b"", "empty.pdf"), (b"MZ\x90\0" * 100, "setup.exe"), (b"MZ\x90\0" * 100, "photo.jpg"), (b"\x7fELF\0", "a.pdf")],
)
def test_fault_34_an_empty_file_and_a_program_are_refused_whatever_their_name(uploaded, content, name):
    with pytest.raises(Invalid):
        uploaded(content, name)
    assert not Attachment.objects.exists()


@pytest.mark.parametrize("name", ["page.html", "photo.jpg", "notes.txt", "picture.svg"])
@pytest.mark.parametrize("content", [b"<html><script>alert(1)</script>", b"<svg xmlns='x' onload='alert(1)'/>"])
def test_fault_34_what_a_browser_would_run_is_only_ever_saved(uploaded, ana, content, name):
    attachment = uploaded(content, name)
    answer = Client().get(f"{path(attachment.pk)}?signature={signing.signature(attachment.pk, ana.pk)}")
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"]


def test_fault_34_nobody_but_the_two_has_the_file(uploaded, sent, ana, ben, cora):
    attachment = uploaded(b"Hello", "a.txt")
    sent(attachment)
    address = path(attachment.pk)
    assert Client().get(address).status_code in {401, 403}
    statuses = {
        person: Client().get(f"{address}?signature={signing.signature(attachment.pk, person.pk)}").status_code
        for person in (ana, ben, cora)
    }
    assert statuses == {ana: 200, ben: 200, cora: 404}


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (samples.picture("JPEG"), "image"),
        (samples.iso_media("isom"), "video"),
        (samples.wave(), "audio"),
        (b"%PDF-1.7", "document"),
        (samples.office_xml("word"), "document"),
    ],
)
def test_fault_35_the_kind_is_set_from_the_content(uploaded, content, kind):
    assert uploaded(content, "no-extension").kind == kind


def test_fault_35_a_long_name_is_cut_and_not_an_error(ana):
    client = Client()
    client.force_login(ana)
    answer = client.post("/api/v1/attachments", {"file": SimpleUploadedFile("x" * 300 + ".txt", b"Hello")})
    assert answer.status_code == 201
    assert len(answer.json()["name"]) <= 120
    assert answer.json()["name"].endswith(".txt")


def test_fault_36_addresses_are_absolute_for_clients_of_other_hosts(rf, uploaded, ana):
    attachment = uploaded()
    request = rf.get("/", HTTP_HOST="localhost")
    for base, expected in ((request, "http://localhost/api/"), ("https://chat.example", "https://chat.example/api/")):
        given = for_person(attachment_json(attachment), ana.pk, base)
        assert given["url"].startswith(expected)
        assert given["thumbnail_url"].startswith(expected)
        assert absolute(path(attachment.pk), base).startswith(expected)
