"""Messages that only devices can read: who may have them, and that nothing of them is shown without a device."""

import pytest

from messaging import conversations, device_keys, editing
from messaging.errors import Conflict, Invalid
from messaging.models import DeviceKey, Message
from messaging.serializing import readable_text
from realtime.log.models import Event
from tests.messaging.conftest import write

pytestmark = pytest.mark.django_db
KEY = {"kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNp"}
SECRET = "eyJ2IjoxLCJrZXlzIjp7fX0="


@pytest.fixture
def place(ana, ben):
    for someone in (ana, ben):
        device_keys.publish_key(someone, "laptop", KEY)
    return write(ana, ben).conversation


def test_an_encrypted_message_is_carried_as_it_is_and_shown_nowhere(ana, place):
    message = write(ana, place, SECRET, kind="encrypted")
    assert Message.objects.get(pk=message.pk).text == SECRET
    assert readable_text(message.kind, message.text) == "[Encrypted message]"
    assert SECRET not in str(Event.objects.filter(type="message_created").latest("id").fields)


def test_both_people_must_have_published_a_key(ana, ben, cora, place):
    for where in (cora, conversations.create(creator=ana, kind="group", participants=[ben])):
        with pytest.raises(Conflict):
            write(ana, where, SECRET, kind="encrypted")
    device_keys.remove_key(ben, "laptop")
    with pytest.raises(Conflict):
        write(ana, place, SECRET, kind="encrypted")


def test_an_encrypted_message_is_edited_by_another_one(ana, place):
    message = write(ana, place, SECRET, kind="encrypted")
    assert editing.edit(actor=ana, message_id=message.pk, text=f"{SECRET}=").text == f"{SECRET}="
    with pytest.raises(Invalid):
        editing.edit(actor=ana, message_id=message.pk, text="Grüße")


@pytest.mark.parametrize("text", ["", "é", "x" * 64_001, None, 7, "a\0"])
def test_what_no_device_has_encrypted_is_refused(ana, place, text):
    with pytest.raises(Invalid):
        write(ana, place, text, kind="encrypted")


@pytest.mark.parametrize(
    ("device_id", "key"),
    [
        ("", KEY),
        ("x" * 65, KEY),
        (7, KEY),
        ("a\0", KEY),
        ("laptop", "key"),
        ("laptop", {}),
        ("laptop", {"kty": 1}),
        ("laptop", {**KEY, "d": "secret"}),
        ("laptop", {"kty": "oct", "k": "secret"}),
        ("laptop", {**KEY, "x": "x" * 5000}),
    ],
)
def test_what_is_no_public_key_is_refused(ana, device_id, key):
    with pytest.raises(Invalid):
        device_keys.publish_key(ana, device_id, key)


def test_a_device_has_one_key_and_a_person_a_limited_number_of_devices(ana, monkeypatch):
    monkeypatch.setattr(device_keys, "DEVICES", 2)
    for device in ("laptop", "phone", "laptop"):
        device_keys.publish_key(ana, device, KEY)
    assert DeviceKey.objects.count() == 2
    with pytest.raises(Conflict):
        device_keys.publish_key(ana, "tablet", KEY)


def test_keys_are_given_to_those_who_may_write_to_their_owner(ana, ben, place):
    assert {key.person_id for key in device_keys.keys_of(ana, [ana.pk, ben.pk])} == {ana.pk, ben.pk}
    ben.is_active = False
    ben.save()
    assert {key.person_id for key in device_keys.keys_of(ana, [ana.pk, ben.pk])} == {ana.pk}
