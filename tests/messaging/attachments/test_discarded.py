"""Files of attachments that are deleted in whatever way: gone from the storage and from the content service."""

import io
import json
from datetime import timedelta

import pytest
from django.core.files.storage import FileSystemStorage
from django.core.management import call_command
from django.utils import timezone

from messaging import conversations, editing
from messaging.attachments import discarded, pending
from messaging.attachments.content_service import Away
from messaging.attachments.models import Attachment, DiscardedFile

from .test_uploading import stored

pytestmark = pytest.mark.django_db


class Service:
    """A content service that is asked to delete, and does what ``answer`` does."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.fault: Exception | None = None

    def delete(self, content_id: str) -> None:
        self.asked.append(content_id)
        if self.fault:
            raise self.fault


@pytest.fixture
def service(monkeypatch) -> Service:
    made = Service()
    monkeypatch.setattr(discarded, "content_service", lambda: made)
    return made


@pytest.fixture
def committed(django_capture_on_commit_callbacks):
    """``with committed():`` does what a commit at its end does."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


def elsewhere(*names: str) -> None:
    """Attachments that the content service keeps, which are deleted."""
    for name in names:
        Attachment.objects.create(name="a", size=1, content_id=name).delete()


def due() -> None:
    DiscardedFile.objects.update(due_at=timezone.now() - timedelta(seconds=1))


def test_deleting_a_conversation_deletes_the_files_of_its_messages(uploaded, sent, settings, committed):
    message = sent(uploaded(), uploaded(b"Hello", "a.txt"))
    kept = uploaded(b"Not sent", "b.txt")
    assert len(stored(settings)) == 4
    with committed():
        message.conversation.delete()
    assert [path.name for path in stored(settings)] == [kept.file.name.rsplit("/", 1)[1]]
    assert not DiscardedFile.objects.exists()


def test_files_stay_when_the_deletion_is_rolled_back(uploaded, sent, settings, django_capture_on_commit_callbacks):
    message = sent(uploaded(b"Hello", "a.txt"))
    with django_capture_on_commit_callbacks(execute=False):
        message.delete()
    assert len(stored(settings)) == 1


def test_unsent_files_of_a_deleted_person_go_an_hour_later(ana, uploaded, settings, committed):
    uploaded(b"Hello", "a.txt")
    ana.delete()
    assert pending.sweep(10) == 0
    Attachment.objects.update(created_at=timezone.now() - timedelta(hours=1, minutes=1))
    with committed():
        assert pending.sweep(10) == 1
    assert stored(settings) == []


def test_what_the_storage_refuses_is_deleted_later(uploaded, settings, committed, monkeypatch, caplog):
    upload = uploaded(b"Hello", "a.txt")
    with monkeypatch.context() as patched, committed():
        patched.setattr(FileSystemStorage, "delete", lambda *_: (_ for _ in ()).throw(OSError("read-only")))
        upload.delete()
    assert "read-only" in caplog.text
    assert discarded.clear_stored(10) == 0, "it has just been tried"
    due()
    assert discarded.clear_stored(10) == 1
    assert stored(settings) == []


def test_the_content_service_is_asked_once_when_it_answers(service):
    elsewhere("doc-1", "doc-2")
    assert discarded.clear_stored(10) == 0, "an upload does not wait for the service"
    out = io.StringIO()
    call_command("settle_attachments", "--json", stdout=out)
    assert json.loads(out.getvalue())["files_deleted"] == 2
    due()
    assert discarded.clear(10) == 0
    assert sorted(service.asked) == ["doc-1", "doc-2"]


def test_while_it_is_away_it_is_asked_about_one_file_and_later_again(service):
    elsewhere("doc-1", "doc-2")
    service.fault = Away("The content service does not answer.")
    assert discarded.clear(10) == 0
    assert service.asked == ["doc-1"]
    service.fault = None
    assert discarded.clear(10) == 1
    assert service.asked == ["doc-1", "doc-2"]
    due()
    assert discarded.clear(10) == 1


def test_a_file_is_given_up_after_the_last_try_and_said_so(service, caplog):
    elsewhere("doc-1")
    service.fault = Away("The content service answers 405.", 405)
    for _ in range(discarded.MOST_TRIES + 3):
        due()
        discarded.clear(10)
    assert len(service.asked) == discarded.MOST_TRIES
    assert discarded.given_up() == 1
    assert caplog.records[-1].levelname == "ERROR"
    out = io.StringIO()
    call_command("settle_attachments", stdout=out)
    assert "1 given up" in out.getvalue()


def test_pauses_grow_up_to_a_day(service):
    elsewhere("doc-1")
    service.fault = Away("The content service does not answer.")
    pauses = []
    for _ in range(discarded.MOST_TRIES):
        due()
        discarded.clear(10)
        pauses.append(round((DiscardedFile.objects.get().due_at - timezone.now()) / timedelta(minutes=1)))
    assert pauses == [min(2**number, 24 * 60) for number in range(discarded.MOST_TRIES)]


def test_without_a_content_service_nothing_is_tried(monkeypatch):
    monkeypatch.setattr(discarded, "content_service", lambda: None)
    elsewhere("doc-1")
    assert discarded.clear(10) == 0
    assert DiscardedFile.objects.get().tries == 0


def test_deleting_a_message_or_archiving_as_people_do_keeps_the_files(ana, uploaded, sent, settings, committed):
    message = sent(uploaded(b"Hello", "a.txt"))
    with committed():
        editing.delete(actor=ana, message_id=message.pk)
        conversations.archive(ana, message.conversation)
    assert len(stored(settings)) == 1
