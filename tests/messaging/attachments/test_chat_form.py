"""Files through the chat's form: refusals in the chat's own words and statuses, addresses that work at once."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from rest_framework.authtoken.models import Token

from messaging import sending
from messaging.attachments import uploading
from messaging.attachments.models import Attachment
from messaging.models import Message

from . import samples

pytestmark = pytest.mark.django_db
CHATS = "/api/v1/communication/chats/"


def post(sender, receiver, content: bytes, name: str, number: int = 1, **more):
    key = Token.objects.get_or_create(user=sender)[0].key
    files = [SimpleUploadedFile(name, content) for _ in range(number)]
    form = {"receiver_id": receiver.pk, "attachment": files, **more}
    return Client().post(CHATS, form, headers={"Authorization": f"Token {key}"})


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"text" * (3 * 2**20), "notes.txt", "The file is larger than 10 MB."),
        (b"MZ\0\1", "setup.exe", "Files of this type are not accepted."),
        (b"", "empty.txt", "The file is empty."),
    ],
    ids=["12 MiB", "a program", "empty"],
)
def test_fault_34_the_chat_refuses_with_400_and_keeps_nothing(ana, ben, content, name, words):
    answer = post(ana, ben, content, name)
    assert (answer.status_code, answer.json()) == (400, {"error": words})
    assert not Message.objects.exists()
    assert not Attachment.objects.exists()


def test_fault_35_and_36_a_message_names_the_type_and_absolute_addresses(ana, ben):
    said = post(ana, ben, samples.picture("JPEG", (64, 32)), "x" * 300 + ".jpg").json()
    assert said["attachment_type"] == "image"
    assert said["attachment"].startswith("http://testserver/api/v1/attachments/")
    assert said["attachment_url"] == said["attachment"]
    assert Client().get(said["attachment"])["Content-Type"] == "image/jpeg"


def test_a_message_that_is_sent_again_stores_its_file_once(ana, ben):
    answers = [post(ana, ben, b"Hello", "a.txt", client_id="the same").json() for _ in range(3)]
    assert len({answer["id"] for answer in answers}) == 1
    assert Attachment.objects.count() == 1


def test_of_two_at_once_the_second_keeps_no_file(ana, ben, monkeypatch):
    first = post(ana, ben, b"Hello", "a.txt", client_id="the same").json()
    monkeypatch.setattr(sending, "sent_before", lambda **_: None)  # as long as the first is not committed
    assert post(ana, ben, b"Hello", "a.txt", client_id="the same").json()["id"] == first["id"]
    assert [one.message_id for one in Attachment.objects.all()] == [first["id"]]


@pytest.mark.parametrize("more", [{"number": sending.ATTACHMENTS_LIMIT + 1}, {"client_id": "x" * 300}])
def test_a_message_that_is_refused_stores_no_file(ana, ben, more):
    assert post(ana, ben, b"Hello", "a.txt", **more).status_code == 400
    assert not Attachment.objects.exists()


def test_a_file_that_fails_takes_those_before_it_along(ana, ben, monkeypatch):
    monkeypatch.setattr(uploading, "MOST_UNSENT", 2)
    assert post(ana, ben, b"Hello", "a.txt", number=3).status_code == 400
    assert not Attachment.objects.exists()
