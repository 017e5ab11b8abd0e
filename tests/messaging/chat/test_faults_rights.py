"""Faults 31 to 36 of the old chat: each side changes what is its own, and an attachment is a file for the two."""

from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from messaging.models import Message
from tests.messaging.chat.conftest import OldClient, error_of

pytestmark = pytest.mark.django_db


def png(size: tuple[int, int] = (8, 8)) -> bytes:
    made = BytesIO()
    Image.new("RGB", size, "teal").save(made, "PNG")
    return made.getvalue()


def with_file(client: OldClient, receiver: Any, content: bytes, name: str = "a.png", **more: Any) -> Any:
    file = SimpleUploadedFile(name, content)
    return client.post("chats/", receiver_id=str(receiver.pk), attachment=file, **more)


def test_fault_31_each_side_changes_what_is_its_own_and_nothing_else(as_ana, as_ben, as_cora, ana, ben, cora):
    sent = as_ana.send(ben, "first")
    address = f"chats/{sent['id']}/"
    other = as_cora.send(ben)
    assert as_ben.patch(address, {"message": "rewritten"}).status_code == 403
    assert as_ana.patch(address, {"is_read": True}).status_code == 403
    foreign = {
        "receiver": str(cora.pk),
        "conversation": other["conversation"],
        "read_at": "2020-01-01T00:00:00Z",
        "delivered_at": "2020-01-01T00:00:00Z",
        "attachment": "secret.pdf",
        "attachment_type": "image",
        "is_active": False,
        "sender": str(cora.pk),
    }
    for client in (as_ana, as_ben):
        answer = client.patch(address, foreign)
        assert (answer.status_code, answer.json()) == (200, sent)
    assert as_cora.patch(address, {"is_read": True}).status_code == 404
    assert as_ben.patch(address, {"is_read": True}).json()["is_read"] is True
    assert as_ben.patch(address, {"is_read": False}).json()["is_read"] is True
    changed = as_ana.patch(address, {"message": "second"})
    assert (changed.status_code, changed.json()["message"], changed.json()["is_read"]) == (200, "second", True)
    assert as_ana.patch(address, {"message": ""}).status_code == 400


def test_fault_32_only_the_sender_deletes_and_nothing_is_lost(as_ana, as_ben, ben):
    sent = as_ana.send(ben, "A mistake")
    address = f"chats/{sent['id']}/"
    assert as_ben.delete(address).status_code == 403
    assert as_ana.delete(address).status_code == 204
    for client in (as_ana, as_ben):
        assert client.get(address).status_code == 404
        assert client.get("chats/").json()["count"] == 0
    assert as_ana.delete(address).status_code == 404
    row = Message.objects.get(pk=sent["id"])
    assert row.deleted_at is not None
    assert [edit.text for edit in row.edits.all()] == ["A mistake"]


@pytest.mark.parametrize("attachment", ["chat_attachments/secret.pdf", "https://elsewhere/x", ["a"], {"a": 1}, 7])
def test_fault_33_an_attachment_is_a_file(as_ana, ben, attachment):
    answer = as_ana.post("chats/", {"receiver_id": ben.pk, "message": "Hi", "attachment": attachment})
    assert answer.status_code == 400
    assert error_of(answer) == "attachment must be a file"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.txt", b""),
        ("page.html", b"<html><script>alert(1)</script></html>"),
        ("program.exe", b"MZ\x90\x00" + b"\0" * 200),
        ("picture.png", b"<html><script>alert(1)</script></html>"),
    ],
)
def test_fault_34_files_that_could_run_or_are_empty_are_refused(as_ana, ben, name, content):
    answer = with_file(as_ana, ben, content, name)
    assert answer.status_code == 400
    assert error_of(answer)


def test_fault_34_files_that_are_too_large_are_refused(as_ana, ben, settings):
    settings.MESSAGE_ATTACHMENT_MAX_MB = 1
    answer = with_file(as_ana, ben, b"x" * (2**20 + 1), "long.txt")
    assert (answer.status_code, error_of(answer)) == (400, "The file is larger than 1 MB.")


def test_fault_34_a_file_is_for_the_two_or_whoever_has_a_signed_address_and_is_saved(as_ana, as_ben, ben):
    sent = with_file(as_ana, ben, b"a,b\n1,2\n", "table.csv").json()
    address = as_ben.get(f"chats/{sent['id']}/").json()["attachment"]
    path = address.removeprefix("http://testserver")
    answer = Client().get(path)
    assert answer.status_code == 200
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["X-Content-Type-Options"] == "nosniff"
    answer.close()
    assert Client().get(path.partition("?")[0]).status_code in {401, 403}


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [("a.png", png(), "image"), ("a.txt", b"Hello", "document"), ("a.pdf", b"%PDF-1.4\n%%EOF\n", "document")],
)
def test_fault_35_the_type_is_told_by_the_content(as_ana, ben, name, content, kind):
    answer = with_file(as_ana, ben, content, name)
    assert (answer.status_code, answer.json()["attachment_type"]) == (201, kind)


def test_fault_35_a_long_name_is_no_fault(as_ana, ben):
    assert with_file(as_ana, ben, png(), f"{'x' * 300}.png").status_code == 201


def test_fault_36_addresses_are_absolute(as_ana, as_ben, ana, ben):
    sent = with_file(as_ana, ben, png()).json()
    assert sent["message"] == ""
    for said in (sent, as_ben.get(f"chats/conversation/{ana.pk}/").json()["messages"][0]):
        assert said["attachment"].startswith("http://testserver/")
        assert said["attachment_url"] == said["attachment"]
    assert as_ben.get("chats/conversations/").json()[0]["last_message"] == "[Attachment]"
