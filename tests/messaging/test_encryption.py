"""Texts at rest: keys rotate without a pause, a lost key hides only its own texts, and texts cannot be compared."""

import io
import json

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import FieldError, ImproperlyConfigured
from django.core.management import call_command
from django.db import connection

from gistagum.message_keys import message_key
from messaging import editing, encryption
from messaging.models import Message, MessageEdit
from tests.messaging.conftest import write


def stored(message: Message) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT text FROM communication_message WHERE id = %s", [message.pk])
        return cursor.fetchone()[0]


@pytest.mark.django_db
def test_after_a_rotation_the_old_key_is_not_needed(ana, ben, settings):
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    settings.MESSAGE_KEYS = [old]
    message = write(ana, ben, "Kept")
    editing.edit(actor=ana, message_id=message.pk, text="Kept, and edited")
    settings.MESSAGE_KEYS = [new, old]
    out = io.StringIO()
    call_command("rotate_message_keys", "--json", "--batch", "1", stdout=out)
    assert json.loads(out.getvalue()) == {"rotated": 2, "unreadable": 0}
    settings.MESSAGE_KEYS = [new]
    assert Message.objects.get(pk=message.pk).text == "Kept, and edited"
    assert MessageEdit.objects.get().text == "Kept"


@pytest.mark.django_db
def test_what_the_derived_key_encrypted_stays_readable_when_a_key_is_set(ana, ben, settings):
    message = write(ana, ben, "From before")
    settings.MESSAGE_KEYS = [Fernet.generate_key().decode()]
    assert Message.objects.get(pk=message.pk).text == "From before"


@pytest.mark.django_db
def test_a_lost_key_hides_its_own_texts_and_no_other(ana, ben, settings, caplog):
    settings.MESSAGE_KEYS = [Fernet.generate_key().decode()]
    lost = write(ana, ben, "Lost")
    before = stored(lost)
    settings.MESSAGE_KEYS = [Fernet.generate_key().decode()]
    kept = write(ana, ben, "Kept")
    texts = dict(Message.objects.values_list("pk", "text"))
    assert texts == {lost.pk: encryption.UNREADABLE, kept.pk: "Kept"}
    assert "cannot be decrypted" in caplog.text
    out = io.StringIO()
    call_command("rotate_message_keys", stdout=out)
    assert "1 could not be decrypted" in out.getvalue()
    assert stored(lost) == before


@pytest.mark.django_db
def test_equal_texts_are_stored_differently_and_cannot_be_looked_up(ana, ben):
    first, second = write(ana, ben, "Same"), write(ana, ben, "Same")
    assert stored(first) != stored(second)
    with pytest.raises(FieldError):
        list(Message.objects.filter(text="Same"))


@pytest.mark.parametrize("key", ["short", "ñ" * 44, "A" * 44, "", "=" * 44])
def test_a_key_of_another_form_stops_the_start_without_being_shown(key):
    with pytest.raises(ImproperlyConfigured) as refusal:
        message_key(key)
    assert not key or key not in str(refusal.value)


def test_a_generated_key_is_taken():
    key = Fernet.generate_key().decode()
    assert message_key(key) == key
