"""The file of a notice and the picture of an event: what is taken, who gets it, and that it cannot run."""

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from messaging.attachments import scanning
from messaging.attachments.verdicts import Outcome, Verdict
from messaging.notices.models import Notice
from tests.messaging.attachments import samples

NOTICES, EVENTS = "/api/v1/communication/notices/", "/api/v1/communication/events/"
NOTICE = {"title": "Holiday", "content": "-", "publish_date": "2026-12-01", "is_published": "true"}
EVENT = {"title": "Open day", "event_date": "2026-12-01"}


@pytest.fixture
def teacher(client_of):
    return client_of("teacher", 1)


def text(name: str = "plan.txt", content: bytes = b"The plan.") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def with_file(teacher, file, status: int = 201):
    answer = teacher.post(NOTICES, {**NOTICE, "attachment": file}, format="multipart")
    assert answer.status_code == status, answer.content
    return answer.json()


def body_of(answer) -> bytes:
    return b"".join(answer.streaming_content)


def test_a_file_is_shown_by_an_address_that_needs_no_header(teacher):
    address = with_file(teacher, text())["attachment"]
    assert address.startswith("http://testserver/")
    answer = APIClient().get(address)
    assert (answer.status_code, body_of(answer)) == (200, b"The plan.")
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"] == 'attachment; filename="plan.txt"'
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_whoever_sees_the_notice_gets_the_file_and_nobody_else(client_of, teacher):
    number = with_file(teacher, text())["id"]
    path = f"{NOTICES}{number}/attachment/"
    assert body_of(client_of("student", 1).get(path)) == b"The plan."
    assert client_of("teacher", 2).get(path).status_code == 404
    assert APIClient().get(path).status_code == 401
    teacher.patch(f"{NOTICES}{number}/", {"is_published": False}, format="json")
    assert client_of("student", 1).get(path).status_code == 404


def test_an_address_ends_with_the_rights_of_whom_it_was_signed_for(client_of, teacher):
    with_file(teacher, text())
    student = client_of("student", 1)
    address = student.get(NOTICES).json()["results"][0]["attachment"]
    assert APIClient().get(address).status_code == 200
    student.person.last_name = "2"
    student.person.save()
    assert APIClient().get(address).status_code == 404
    student.person.is_active = False
    student.person.save()
    assert APIClient().get(address).status_code == 403


def test_an_address_of_another_row_or_an_altered_one_is_refused(teacher):
    first, second = (with_file(teacher, text())["attachment"] for _ in range(2))
    signature = first.partition("?")[2]
    assert APIClient().get(f"{second.partition('?')[0]}?{signature}").status_code == 403
    assert APIClient().get(first[:-1]).status_code == 403
    assert APIClient().get(f"{first.partition('?')[0]}?signature=").status_code == 403


def test_an_event_has_a_picture_without_metadata_and_takes_no_other_file(teacher):
    sent = {**EVENT, "image": SimpleUploadedFile("a.jpg", samples.picture("JPEG"))}
    made = teacher.post(EVENTS, sent, format="multipart").json()
    answer = APIClient().get(made["image"])
    assert answer["Content-Type"] == "image/jpeg"
    assert samples.SECRET.encode() not in body_of(answer)
    refused = teacher.post(EVENTS, {**EVENT, "image": text()}, format="multipart")
    assert (refused.status_code, set(refused.json())) == (400, {"image"})


@pytest.mark.parametrize(
    "file",
    [
        text(content=b""),
        text("run.exe", b"MZ\x90\x00\x03\x00\x00\x00"),
        text("broken.png", samples.picture()[:40]),
        "plan.txt",
        "/etc/passwd",
    ],
    ids=["empty", "program", "broken", "a name", "a path"],
)
def test_what_is_no_file_of_an_accepted_type_is_refused(teacher, file):
    assert set(with_file(teacher, file, 400)) == {"attachment"}
    assert not Notice.objects.exists()


def test_a_file_that_is_too_large_is_refused(teacher, settings):
    settings.MESSAGE_ATTACHMENT_MAX_MB = 1
    with_file(teacher, text(content=b"x" * (2**20 + 1)), 413)


@pytest.mark.parametrize(("outcome", "status"), [(Outcome.INFECTED, 400), (Outcome.UNKNOWN, 503)])
def test_what_the_scanner_does_not_clear_is_refused(teacher, monkeypatch, outcome, status):
    monkeypatch.setattr(scanning.NoScanner, "scan", lambda self, file: Verdict(outcome, "Test"))
    with_file(teacher, text(), status)
    assert not Notice.objects.exists()


def test_a_new_file_takes_the_place_of_the_one_before(teacher, django_capture_on_commit_callbacks):
    made = with_file(teacher, text())
    path, before = f"{NOTICES}{made['id']}/", Notice.objects.get().file.name
    with django_capture_on_commit_callbacks(execute=True):
        changed = teacher.patch(path, {"attachment": text("new.txt", b"New.")}, format="multipart").json()
    assert body_of(APIClient().get(changed["attachment"])) == b"New."
    assert not default_storage.exists(before)

    assert teacher.patch(path, {"title": "Other"}, format="json").json()["attachment"] is not None
    with django_capture_on_commit_callbacks(execute=True):
        assert teacher.patch(path, {"attachment": None}, format="json").json()["attachment"] is None
    assert teacher.get(f"{path}attachment/").status_code == 404
