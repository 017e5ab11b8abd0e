"""`manage.py import_chat`: the history of the old chat is here afterwards, whole, once, and counted right."""

import io
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from messaging import listing, reading, sending, unread
from messaging.attachments.models import Attachment
from messaging.editing import earlier_texts
from messaging.models import Conversation, Message, MessageEdit, Participant, Receipt
from tests.messaging.attachments import samples

from .old_chat import OldChat, moment, on_sqlite

pytestmark = pytest.mark.django_db


@pytest.fixture
def old(tmp_path) -> OldChat:
    """A database of the old chat in a file."""
    made, _ = on_sqlite(tmp_path / "old.sqlite3")
    yield made
    made.close()


@pytest.fixture
def run(tmp_path) -> Callable[..., dict[str, Any]]:
    """``run("--dry-run")``: the outcome of an import of that database."""

    def command(*options: str) -> dict[str, Any]:
        out = io.StringIO()
        call_command("import_chat", f"sqlite:///{tmp_path / 'old.sqlite3'}", "--json", *options, stdout=out)
        return json.loads(out.getvalue())

    return command


def test_conversations_and_messages_keep_their_ids_people_times_and_order(old, run, ana, ben):
    place = old.conversation(ana.pk, ben.pk, id=7)
    first = old.message(ana.pk, ben.pk, "One", 1, id=100, conversation_id=place)
    second = old.message(ben.pk, ana.pk, "Two", 2, id=205, conversation_id=place)
    outcome = run()
    assert (outcome["conversations"], outcome["messages"], outcome["refused"]) == (1, 2, 0)
    [conversation] = Conversation.objects.all()
    assert (conversation.pk, conversation.last_seq, conversation.last_message_id) == (7, 2, second)
    assert (conversation.last_message_at, conversation.created_at) == (moment(2), moment(0))
    messages, more = reading.history(ana, conversation, limit=10)
    assert [(one.pk, one.seq, one.text, one.sender, one.sent_at) for one in messages] == [
        (second, 2, "Two", ben, moment(2)),
        (first, 1, "One", ana, moment(1)),
    ]
    assert not more


def test_what_was_read_stays_read_and_the_rest_is_counted_anew(old, run, ana, ben):
    place = old.conversation(ana.pk, ben.pk, unread_count_user1=0, unread_count_user2=9)
    read = old.message(ana.pk, ben.pk, "1", 1, conversation_id=place, is_read=True, read_at="2026-01-09 08:30:00")
    without_time = old.message(ana.pk, ben.pk, "2", 2, conversation_id=place, is_read=True)
    for minute in (3, 4):
        old.message(ana.pk, ben.pk, "3", minute, conversation_id=place)
    outcome = run()
    assert outcome["wrong_counters"] == 1
    assert unread.per_conversation(ben) == {place: 2}
    assert unread.per_conversation(ana) == {}
    assert Receipt.objects.get(message=read).read_at == moment(30)
    receipt = Receipt.objects.get(message=without_time)
    assert receipt.read_at == receipt.delivered_at == moment(2)
    assert Participant.objects.get(person=ben).last_read_seq == 2


def test_fault_44_messages_without_a_conversation_get_that_of_their_people(old, run, ana, ben, cora):
    place = old.conversation(ana.pk, ben.pk, id=7)
    early = [old.message(ana.pk, ben.pk, "early", 1), old.message(ben.pk, ana.pk, "early", 2)]
    late = old.message(ana.pk, ben.pk, "late", 3, conversation_id=place)
    alone = old.message(cora.pk, ana.pk, "alone", 4)
    outcome = run()
    assert outcome["without_conversation"] == 3
    assert list(Message.objects.filter(conversation=7).order_by("seq").values_list("pk", flat=True)) == [*early, late]
    new = Message.objects.get(pk=alone).conversation
    assert new.pk > 7
    assert {one.person for one in new.participants.all()} == {cora, ana}


def test_an_import_can_be_repeated_and_brings_what_is_new(old, run, ana, ben):
    place = old.conversation(ana.pk, ben.pk)
    old.message(ana.pk, ben.pk, "One", 1, conversation_id=place)
    run()
    again = run()
    assert (again["messages"], again["already_here"], again["conversations"], again["refused"]) == (0, 1, 0, 0)
    old.message(ben.pk, ana.pk, "Two", 2, conversation_id=place)
    third = run()
    assert (third["messages"], third["already_here"]) == (1, 1)
    assert list(Message.objects.order_by("seq").values_list("seq", flat=True)) == [1, 2]
    assert Conversation.objects.get().last_seq == 2
    assert Receipt.objects.count() == 2


def test_a_dry_run_says_the_same_and_changes_nothing(old, run, ana, ben):
    place = old.conversation(ana.pk, ben.pk)
    old.message(ana.pk, ben.pk, "One", 1, conversation_id=place)
    old.message(ana.pk, "4711", "lost", 2)
    tried = run("--dry-run")
    assert not Conversation.objects.exists()
    assert not Message.objects.exists()
    assert {**tried, "dry_run": False} == run()


def test_new_messages_go_on_behind_the_old_ones(old, run, ana, ben):
    place = old.conversation(ana.pk, ben.pk, id=70)
    old.message(ana.pk, ben.pk, "old", 1, id=5000, conversation_id=place)
    run()
    message, _ = sending.send(sender=ben, receiver=ana, text="new")
    assert (message.conversation_id, message.seq) == (70, 2)
    assert message.pk > 5000
    assert run()["refused"] == 0


def test_refused_rows_are_named_and_the_others_are_imported(old, run, ana, ben):
    place = old.conversation(ana.pk, ben.pk, id=7)
    old.conversation(ana.pk, "4711", id=8)
    old.conversation(ben.pk, ana.pk, id=9)
    good = old.message(ana.pk, ben.pk, "good", 1, id=100, conversation_id=place)
    old.message("4711", ben.pk, "x", 2, id=101)
    old.message(ana.pk, "not an id", "x", 2, id=102)
    old.message(ana.pk, ben.pk, "a\0b", 2, id=103)
    old.message(ana.pk, ben.pk, "  ", 2, id=104)
    old.message(ana.pk, ben.pk, "x", 2, id=105, timestamp="yesterday")
    old.message(ana.pk, ben.pk, "x", 2, id=106, timestamp=None)
    outcome = run()
    assert {(one["table"], one["id"]): one["reason"] for one in outcome["refusals"]} == {
        ("conversation", 8): "there is no account 4711",
        ("conversation", 9): "its people have conversation 7, which gets its messages",
        ("chat_message", 101): "there is no account 4711",
        ("chat_message", 102): "there is no account not an id",
        ("chat_message", 103): "its text holds a sign that is not a character",
        ("chat_message", 104): "it has neither a text nor an attachment",
        ("chat_message", 105): "it has no time",
        ("chat_message", 106): "it has no time",
    }
    assert outcome["refused"] == 8
    assert list(Message.objects.values_list("pk", flat=True)) == [good]


def test_text_that_is_not_utf_8_is_refused_with_its_row(old, run, ana, ben):
    old.message(ana.pk, ben.pk, "x", 1, id=1)
    old.execute("UPDATE chat_message SET message = CAST(x'ff41' AS TEXT)")
    old.message(ana.pk, ben.pk, "Grüße", 2, id=2)
    assert [one["id"] for one in run()["refusals"]] == [1]
    assert Message.objects.get().text == "Grüße"


def test_a_message_that_stood_in_a_conversation_of_others_goes_to_its_own_people(old, run, ana, ben, cora):
    theirs = old.conversation(ana.pk, ben.pk)
    strayed = old.message(cora.pk, ana.pk, "private", 1, conversation_id=theirs)
    assert run()["moved"] == 1
    place = Message.objects.get(pk=strayed).conversation
    assert {one.person for one in place.participants.all()} == {cora, ana}


def test_empty_conversations_and_typing_indicators_are_left_out(old, run, ana, ben, cora):
    old.conversation(ana.pk, ben.pk)
    old.typing(ana.pk, ben.pk)
    outcome = run()
    assert (outcome["empty_conversations"], outcome["typing_indicators"]) == (1, 1)
    assert not Conversation.objects.exists()


def test_a_note_to_self_is_listed_once_and_never_unread(old, run, ana):
    place = old.conversation(ana.pk, ana.pk, unread_count_user1=1)
    old.message(ana.pk, ana.pk, "remember", 1, conversation_id=place)
    run()
    assert [one.conversation.pk for one in listing.list_for(ana)] == [place]
    assert unread.total(ana) == (0, 0)
    assert not Receipt.objects.exists()


def test_what_was_deleted_stays_deleted_and_counts_nowhere(old, run, ana, ben):
    place = old.conversation(ana.pk, ben.pk)
    shown = old.message(ana.pk, ben.pk, "shown", 1, conversation_id=place)
    gone = old.message(ana.pk, ben.pk, "gone", 2, conversation_id=place, is_active=False)
    run()
    message = Message.objects.get(pk=gone)
    assert (message.text, message.deleted_at) == ("", moment(2))
    assert MessageEdit.objects.get().text == "gone"
    assert earlier_texts(ana, gone) == []
    assert Conversation.objects.get().last_message_id == shown
    assert unread.per_conversation(ben) == {place: 1}


def test_a_hidden_conversation_is_archived(old, run, ana, ben):
    place = old.conversation(ana.pk, ben.pk, is_active=False, updated_at="2026-01-10 08:00:00")
    old.message(ana.pk, ben.pk, "x", 1, conversation_id=place)
    run()
    assert listing.list_for(ana, archived=False) == []
    assert len(listing.list_for(ana, archived=True)) == 1


def test_ids_that_are_taken_here_are_never_overwritten(old, run, ana, ben, cora):
    here, _ = sending.send(sender=ana, receiver=cora, text="here")
    place = old.conversation(ana.pk, ben.pk, id=here.conversation_id)
    old.message(ana.pk, ben.pk, "lost", 1, id=here.pk, conversation_id=place)
    kept = old.message(ana.pk, ben.pk, "kept", 2, id=here.pk + 1, conversation_id=place)
    reasons = {(one["table"], one["id"]): one["reason"] for one in run()["refusals"]}
    assert reasons["chat_message", here.pk] == "its id is another message's here"
    assert reasons["conversation", place].startswith("its id is another conversation's here; it has become")
    here.refresh_from_db()
    assert here.text == "here"
    assert Message.objects.get(pk=kept).conversation_id != place


def test_messages_older_than_those_that_are_here_are_refused(old, run, ana, ben):
    sending.send(sender=ana, receiver=ben, text="first")
    Message.objects.update(id=50)
    Conversation.objects.update(last_message=50)
    Receipt.objects.update(message=50)
    old.message(ana.pk, ben.pk, "older", 1, id=49)
    [refusal] = run()["refusals"]
    assert refusal["reason"] == "newer messages of its conversation are here already"


def test_files_are_checked_and_cleaned_like_new_ones(old, run, ana, ben, tmp_path, settings):
    settings.MEDIA_ROOT = str(tmp_path / "media")
    media = tmp_path / "old-media"
    (media / "chat_attachments").mkdir(parents=True)
    (media / "chat_attachments" / "photo.jpg").write_bytes(samples.picture("JPEG", (64, 32)))
    (media / "chat_attachments" / "tool.exe").write_bytes(b"MZ\0\1")
    (media / "secret.txt").write_text("secret")
    photo = old.message(ana.pk, ben.pk, "", 1, attachment="chat_attachments/photo.jpg")
    refused = {
        old.message(ana.pk, ben.pk, "", 2, attachment=path): reason
        for path, reason in {
            "chat_attachments/tool.exe": "its attachment: Files of this type are not accepted.",
            "chat_attachments/gone.pdf": "the file of its attachment is not there",
            "chat_attachments/../secret.txt": "its attachment is no file of the chat",
            "/etc/passwd": "its attachment is no file of the chat",
        }.items()
    }
    outcome = run("--media", str(media))
    assert outcome["attachments"] == 1
    assert {one["id"]: one["reason"] for one in outcome["refusals"]} == refused
    attachment = Attachment.objects.get(message=photo)
    assert (attachment.name, attachment.kind, attachment.state) == ("photo.jpg", "image", "ready")
    assert samples.SECRET.encode() not in attachment.file.read()
    assert Message.objects.count() == 5
    assert set(Attachment.objects.exclude(message=photo).values_list("state", flat=True)) == {"refused"}


def test_a_later_import_brings_files_that_were_missing(old, run, ana, ben, tmp_path, settings):
    settings.MEDIA_ROOT = str(tmp_path / "media")
    folder = tmp_path / "old-media" / "chat_attachments"
    folder.mkdir(parents=True)
    (folder / "notes.txt").write_text("notes")
    message = old.message(ana.pk, ben.pk, "", 1, attachment="chat_attachments/notes.txt")
    assert run()["refusals"][0]["reason"] == "its attachment is not imported without --media"
    for _ in range(2):
        assert run("--media", str(folder.parent))["refused"] == 0
    [attachment] = Attachment.objects.all()
    assert (attachment.message_id, attachment.state, attachment.file.read()) == (message, "ready", b"notes")


def test_many_messages_are_imported_in_batches(old, run, ana, ben):
    place = old.conversation(ana.pk, ben.pk)
    rows = [(number, str(ana.pk), str(ben.pk), place, f"Message {number}", False) for number in range(1, 2502)]
    old.execute("BEGIN")
    for row in rows:
        old._connection.execute(
            "INSERT INTO chat_message (id, sender_id, receiver_id, conversation_id, message, is_read, timestamp) "
            "VALUES (?, ?, ?, ?, ?, ?, '2026-01-09 08:00:00')",
            row,
        )
    old._connection.commit()
    assert run()["messages"] == 2501
    assert Conversation.objects.get().last_seq == 2501
    assert unread.per_conversation(ben) == {place: 2501}


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mysql://ana:secret@db/old", "The address may be"),
        ("sqlite:////nowhere/old.sqlite3", "There is no file"),
        ("postgres://ana:secret@127.0.0.1:1/old", "The database refused"),
        ("nothing", "The address may be"),
    ],
)
def test_a_database_that_cannot_be_read_is_one_line_without_its_password(url, words):
    with pytest.raises(CommandError) as fault:
        call_command("import_chat", url)
    assert words in str(fault.value)
    assert "secret" not in str(fault.value)
    assert "\n" not in str(fault.value)


def test_a_database_of_something_else_is_refused(tmp_path, ana):
    path = tmp_path / "other.sqlite3"
    sqlite3.connect(path).execute("CREATE TABLE conversation (id integer)").connection.close()
    with pytest.raises(CommandError, match="The table conversation has no column user1_id"):
        call_command("import_chat", f"sqlite:///{path}")


def test_the_old_database_is_not_changed(old, run, tmp_path, ana, ben):
    old.message(ana.pk, ben.pk, "x", 1)
    path: Path = tmp_path / "old.sqlite3"
    before = path.read_bytes()
    run()
    assert path.read_bytes() == before


def test_people_read_what_was_done_and_what_was_refused(old, tmp_path, ana, ben):
    old.message(ana.pk, ben.pk, "x", 1, id=1)
    old.message(ana.pk, "4711", "x", 1, id=2)
    out, err = io.StringIO(), io.StringIO()
    call_command("import_chat", f"sqlite:///{tmp_path / 'old.sqlite3'}", "--dry-run", stdout=out, stderr=err)
    assert "1 messages in 1 new conversations imported" in out.getvalue()
    assert "Only tried: nothing was written." in out.getvalue()
    assert "chat_message 2: there is no account 4711" in err.getvalue()
