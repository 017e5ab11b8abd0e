"""Attachments that wait are asked about again, and those that were never sent are swept."""

import io
import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import timezone

from messaging.attachments import pending, uploading
from messaging.attachments.content_service import Away
from messaging.attachments.models import Attachment
from messaging.attachments.verdicts import Outcome
from realtime.log.models import Event

from .test_uploading import Scanner, stored

pytestmark = pytest.mark.django_db


class Service:
    """A content service in memory, which may be away."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.away = False

    def store(self, name, media_type, file):
        if self.away:
            raise Away("The content service does not answer.")
        self.files[f"doc-{len(self.files)}"] = file.read()
        return f"doc-{len(self.files) - 1}"

    def fetch(self, content_id, size):
        raise AssertionError("not asked for here")


@pytest.fixture
def service(monkeypatch) -> Service:
    made = Service()
    monkeypatch.setattr(pending, "content_service", lambda: made)
    return made


@pytest.fixture
def unscanned(uploaded, monkeypatch) -> Attachment:
    """An upload that came while the scanner was away, some time ago."""
    monkeypatch.setattr(uploading, "scanner", lambda: Scanner(Outcome.UNKNOWN))
    return aged(uploaded(b"Hello", "a.txt"))


def aged(attachment: Attachment) -> Attachment:
    Attachment.objects.filter(pk=attachment.pk).update(tried_at=timezone.now() - 2 * pending.RETRY_AFTER)
    attachment.refresh_from_db()
    return attachment


def changes() -> list[dict]:
    return [event.fields for event in Event.objects.filter(type="attachment_changed")]


def scans_as(monkeypatch, outcome: Outcome, detail: str = "") -> Scanner:
    scanner = Scanner(outcome, detail)
    monkeypatch.setattr(pending, "scanner", lambda: scanner)
    return scanner


def test_a_scanner_that_is_back_makes_the_attachment_ready_and_readers_are_told(unscanned, sent, monkeypatch):
    message = sent(unscanned)
    scanner = scans_as(monkeypatch, Outcome.CLEAN)
    assert pending.settle(10) == 1
    assert scanner.seen == [b"Hello"]
    unscanned.refresh_from_db()
    assert (unscanned.state, unscanned.scanned, unscanned.reason) == ("ready", True, "")
    [change] = changes()
    assert (change["conversation_id"], change["message_id"]) == (message.conversation_id, message.pk)
    assert (change["attachment"]["id"], change["attachment"]["state"]) == (unscanned.pk, "ready")


def test_malware_that_is_found_later_is_deleted_and_readers_are_told(unscanned, sent, settings, monkeypatch):
    sent(unscanned)
    scans_as(monkeypatch, Outcome.INFECTED, "Eicar")
    assert pending.settle(10) == 1
    unscanned.refresh_from_db()
    assert (unscanned.state, unscanned.reason) == ("refused", "Malware: Eicar")
    assert stored(settings) == []
    assert [change["attachment"]["state"] for change in changes()] == ["refused"]


def test_while_the_scanner_is_away_nothing_changes(unscanned, sent, monkeypatch):
    sent(unscanned)
    scans_as(monkeypatch, Outcome.UNKNOWN)
    assert pending.settle(10) == 0
    unscanned.refresh_from_db()
    assert unscanned.state == "pending"
    assert changes() == []


def test_it_is_not_asked_about_again_at_once(unscanned, monkeypatch):
    scanner = scans_as(monkeypatch, Outcome.UNKNOWN)
    for _ in range(3):
        pending.try_again(unscanned)
    assert len(scanner.seen) == 1


def test_nobody_is_told_of_an_upload_that_is_in_no_message(unscanned, monkeypatch):
    scans_as(monkeypatch, Outcome.CLEAN)
    assert pending.settle(10) == 1
    assert changes() == []


def test_a_content_service_keeps_the_file_instead_of_us(uploaded, service, settings):
    attachment = uploaded(b"Hello", "a.txt")
    attachment.refresh_from_db()
    assert (attachment.state, attachment.content_id, attachment.file.name) == ("ready", "doc-0", "")
    assert service.files == {"doc-0": b"Hello"}
    assert stored(settings) == []


def test_while_the_content_service_is_away_the_text_goes_and_the_attachment_is_pending(
    uploaded, sent, service, settings
):
    service.away = True
    attachment = uploaded(b"Hello", "a.txt")
    message = sent(attachment)
    aged(attachment)
    assert (message.pk is not None, attachment.state) == (True, "pending")
    assert len(stored(settings)) == 1
    assert pending.settle(10) == 0
    service.away = False
    aged(attachment)
    assert pending.settle(10) == 1
    assert service.files == {"doc-0": b"Hello"}
    assert [change["attachment"]["state"] for change in changes()] == ["ready"]
    assert stored(settings) == []


def test_what_is_not_scanned_is_not_given_to_the_content_service(unscanned, service, monkeypatch):
    assert service.files == {}
    scans_as(monkeypatch, Outcome.INFECTED, "Eicar")
    pending.settle(10)
    assert service.files == {}


def test_uploads_that_were_not_sent_within_a_day_are_swept_with_their_files(
    uploaded, sent, settings, django_capture_on_commit_callbacks
):
    kept, old, old_but_sent = uploaded(b"1", "1.txt"), uploaded(), uploaded(b"3", "3.txt")
    sent(old_but_sent)
    Attachment.objects.exclude(pk=kept.pk).update(created_at=timezone.now() - timedelta(hours=25))
    with django_capture_on_commit_callbacks(execute=True):
        assert pending.sweep(10) == 1
    assert set(Attachment.objects.all()) == {kept, old_but_sent}
    assert not Attachment.objects.filter(pk=old.pk).exists()
    assert {path.suffix for path in stored(settings)} == {".txt"}


def test_an_upload_that_is_sent_at_this_moment_is_not_swept(uploaded, sent):
    attachment = uploaded(b"Hello")
    sent(attachment)
    assert not pending.discard(attachment)  # it was read before it was sent
    assert Path(attachment.file.path).exists()


def test_the_command_settles_and_sweeps_and_says_so(unscanned, uploaded, settings, monkeypatch):
    scans_as(monkeypatch, Outcome.CLEAN)
    old = Attachment.objects.create(name="old.txt", size=1, created_at=timezone.now() - timedelta(hours=25))
    out = io.StringIO()
    call_command("settle_attachments", "--json", stdout=out)
    said = json.loads(out.getvalue())
    files = {"files_deleted": 0, "files_given_up": 0}
    assert said == {"settled": 1, "pending": 0, "deleted": 1, "answers_deleted": 0, **files}
    assert not Attachment.objects.filter(pk=old.pk).exists()
    call_command("settle_attachments", stdout=out)
    assert out.getvalue().endswith("0 settled, 0 still pending, 0 deleted that were not sent.\n")
