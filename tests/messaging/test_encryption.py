"""Texts at rest: keys rotate without a pause, a lost key hides only its own texts, and texts cannot be compared."""

import io
import json
from importlib import import_module

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import FieldError, ImproperlyConfigured
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import connection

from gistagum.message_keys import message_key
from messaging import conversations, editing, encryption
from messaging.attachments.addresses import attachment_json
from messaging.attachments.events import AttachmentChanged
from messaging.attachments.models import Attachment
from messaging.attachments.uploading import upload
from messaging.models import Conversation, Message, MessageEdit
from realtime.log.models import Event
from realtime.log.replay import Frame
from tests.messaging.conftest import write
from tests.support.log import logged
from tests.support.people import person


def stored(message: Message) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT text FROM communication_message WHERE id = %s", [message.pk])
        return cursor.fetchone()[0]


def rows_of(*tables: str) -> str:
    """All that these tables hold, as text."""
    with connection.cursor() as cursor:
        held = []
        for table in tables:
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            held += cursor.fetchall()
    assert held
    return repr(held)


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


@pytest.mark.django_db
def test_titles_and_names_of_files_are_stored_nowhere_as_they_are(ana, ben, settings, tmp_path):
    settings.MEDIA_ROOT, settings.CLAMD_SOCKET = str(tmp_path), ""
    place = conversations.create(creator=ana, kind="group", participants=[ben], subject="Dismissal of Cora")
    file = upload(owner=ana, file=SimpleUploadedFile("x", b"Hello"), name="Warning letter.txt")
    message = write(ana, place, "See here", attachments=[file.pk])
    file = message.attachments.get()
    logged()
    held = rows_of("communication_conversation", "communication_attachment", Event._meta.db_table)
    for word in ("Dismissal", "Warning letter", "See here"):
        assert word not in held
    place.refresh_from_db()
    file.refresh_from_db()
    assert (place.title, file.name) == ("Dismissal of Cora", "Warning letter.txt")
    [created] = [frame for frame in map(Frame, logged()) if frame.type == "message_created"]
    [shown] = created.fields["message"]["attachments"]
    assert shown == attachment_json(file)


def test_the_name_of_a_file_in_an_event_is_stored_encrypted_and_delivered_as_it_is():
    attachment = {"id": 7, "name": "Warning letter.txt", "size": 5}
    event = AttachmentChanged(conversation_id=1, message_id=2, attachment=attachment)
    assert "Warning" not in json.dumps(event.fields())
    assert AttachmentChanged.opened(event.fields())["attachment"] == attachment
    before = {**event.fields(), "attachment": attachment}  # as the release before stored it
    assert AttachmentChanged.opened(before)["attachment"] == attachment


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_titles_and_names_that_are_stored_already_are_encrypted(database, new_database, on_database):
    on_database(new_database(database))
    ana = person()
    place = conversations.create(creator=ana, kind="group", participants=[], subject="The Bridge ü")
    untitled = conversations.create(creator=ana, kind="group", participants=[])
    file = Attachment.objects.create(owner=ana, name="Plan.txt", size=1)
    number = import_module("messaging.migrations.0010_names_encrypted").Migration.dependencies[0]
    call_command("migrate", *number, verbosity=0)
    assert "The Bridge" in rows_of("communication_conversation")
    assert "Plan.txt" in rows_of("communication_attachment")
    call_command("migrate", verbosity=0)
    assert "The Bridge" not in rows_of("communication_conversation")
    titles = dict(Conversation.objects.values_list("pk", "title"))
    assert titles == {place.pk: "The Bridge ü", untitled.pk: ""}
    assert Attachment.objects.get(pk=file.pk).name == "Plan.txt"


@pytest.mark.parametrize("key", ["short", "ñ" * 44, "A" * 44, "", "=" * 44])
def test_a_key_of_another_form_stops_the_start_without_being_shown(key):
    with pytest.raises(ImproperlyConfigured) as refusal:
        message_key(key)
    assert not key or key not in str(refusal.value)


def test_a_generated_key_is_taken():
    key = Fernet.generate_key().decode()
    assert message_key(key) == key
