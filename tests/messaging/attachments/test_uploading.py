"""An upload is checked, cleaned and stored; what is refused leaves nothing behind."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from messaging.attachments import pictures, uploading
from messaging.attachments.models import Attachment
from messaging.attachments.uploading import TooLarge, TryLater, upload
from messaging.attachments.verdicts import Outcome, Verdict
from messaging.errors import Conflict, Invalid

from . import samples

pytestmark = pytest.mark.django_db


class Scanner:
    """Answers what it is told to, and keeps what it was shown."""

    def __init__(self, outcome: Outcome, detail: str = "") -> None:
        self.verdict = Verdict(outcome, detail)
        self.seen: list[bytes] = []

    def scan(self, file):
        file.seek(0)
        self.seen.append(file.read())
        return self.verdict


def stored(settings) -> list[Path]:
    return [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]


def test_a_picture_is_stored_clean_with_its_thumbnail(uploaded, ana):
    sent = samples.picture("JPEG", (640, 320), orientation=6)
    attachment = Attachment.objects.get(pk=uploaded(sent, "IMG_1.HEIC").pk)
    assert (attachment.owner, attachment.message, attachment.state) == (ana, None, "ready")
    assert (attachment.name, attachment.media_type, attachment.kind) == ("IMG_1.HEIC.jpg", "image/jpeg", "image")
    assert (attachment.width, attachment.height) == (320, 640)
    content = attachment.file.read()
    assert samples.SECRET.encode() not in content
    assert attachment.size == len(content)
    assert attachment.thumbnail.read()[8:12] == b"WEBP"
    assert "IMG" not in attachment.file.name


def test_a_document_is_stored_as_it_is(uploaded):
    attachment = Attachment.objects.get(pk=uploaded(b"%PDF-1.7 ...", "Plan.pdf").pk)
    assert attachment.file.read() == b"%PDF-1.7 ..."
    assert (attachment.kind, attachment.width, bool(attachment.thumbnail)) == ("document", None, False)


def test_a_file_of_the_largest_size_is_taken_and_a_larger_one_is_not(uploaded, settings):
    settings.MESSAGE_ATTACHMENT_MAX_MB = 1
    assert uploaded(b"x" * 2**20, "text.txt").size == 2**20
    with pytest.raises(TooLarge) as refused:
        uploaded(b"x" * (2**20 + 1), "text.txt")
    assert (refused.value.status, refused.value.text) == (413, "The file is larger than 1 MB.")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (b"MZ\0\1", "unsupported_type"),
        (samples.picture("PNG")[:60], "broken_picture"),
    ],
)
def test_a_refused_file_leaves_nothing_behind(uploaded, settings, content, code):
    with pytest.raises(Invalid) as refused:
        uploaded(content)
    assert (refused.value.code, refused.value.field) == (code, "file")
    assert not Attachment.objects.exists()
    assert stored(settings) == []


def test_malware_is_refused_by_name(uploaded, settings, monkeypatch):
    scanner = Scanner(Outcome.INFECTED, "Eicar")
    monkeypatch.setattr(uploading, "scanner", lambda: scanner)
    with pytest.raises(Invalid, match="Eicar") as refused:
        uploaded(b"Hello")
    assert refused.value.code == "malware"
    assert scanner.seen == [b"Hello"]
    assert stored(settings) == []


def test_without_an_answer_of_the_scanner_the_attachment_is_pending(uploaded, monkeypatch):
    monkeypatch.setattr(uploading, "scanner", lambda: Scanner(Outcome.UNKNOWN, "The scanner does not answer."))
    attachment = uploaded(b"Hello", "a.txt")
    attachment.refresh_from_db()
    assert (attachment.state, attachment.scanned) == ("pending", False)
    assert attachment.reason == "The scanner does not answer."


def test_a_failure_to_keep_the_row_leaves_no_file_behind(uploaded, settings, monkeypatch):
    def fails(*args, **options):
        raise RuntimeError("no database")

    monkeypatch.setattr(Attachment, "save", fails)
    with pytest.raises(RuntimeError):
        uploaded()
    assert stored(settings) == []


def test_a_person_has_a_bounded_number_of_uploads_that_are_not_sent(uploaded, ben, monkeypatch):
    monkeypatch.setattr(uploading, "MOST_UNSENT", 2)
    for _ in range(2):
        uploaded(b"Hello")
    with pytest.raises(Conflict) as refused:
        uploaded(b"Hello")
    assert refused.value.code == "too_many_unsent"
    uploaded(b"Hello", owner=ben)


def test_an_upload_takes_expired_ones_of_others_along(uploaded, ben, settings):
    old = uploaded(b"Hello", owner=ben)
    Attachment.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(hours=25))
    uploaded(b"Hello")
    assert not Attachment.objects.filter(pk=old.pk).exists()
    assert len(stored(settings)) == 1


def test_too_many_pictures_at_once_are_told_to_come_back(uploaded, monkeypatch):
    monkeypatch.setattr(pictures, "WAIT_SECONDS", 0.01)
    with pictures._room.taken(pictures.MOST_PIXELS, None, 1), pytest.raises(TryLater) as refused:
        uploaded()
    assert refused.value.status == 503


def test_a_name_of_any_length_and_kind_is_taken(ana):
    for name in ("x" * 3000, "\0", "../" * 50, "\ud83d", ""):
        attachment = upload(owner=ana, file=SimpleUploadedFile("x", b"Hello"), name=name)
        attachment.refresh_from_db()
        assert attachment.name.endswith(".txt")
