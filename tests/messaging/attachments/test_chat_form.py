"""Files through the chat's form: refusals in the chat's own words and statuses, addresses that work at once."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from rest_framework.authtoken.models import Token

from messaging.attachments.models import Attachment
from messaging.models import Message

from . import samples

pytestmark = pytest.mark.django_db
CHATS = "/api/v1/communication/chats/"


def post(sender, receiver, content: bytes, name: str):
    key = Token.objects.get_or_create(user=sender)[0].key
    form = {"receiver_id": receiver.pk, "attachment": SimpleUploadedFile(name, content)}
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
