"""`POST documents/upload/`: what is taken, what is refused, and that content and row come together."""

import json
from uuid import UUID, uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from comm_service import callers, services
from comm_service.documents import downloading, uploading
from comm_service.documents.files import signature
from comm_service.documents.store import StorageAway
from comm_service.models import Document

pytestmark = pytest.mark.django_db

UPLOAD = "/comm/api/documents/upload/"
STUDENT = "0b0f5a6e-1c1f-4a3e-9a52-5d1f0f6a7c11"


def a_file(name="report.pdf", content=b"%PDF content", content_type="application/pdf"):
    return SimpleUploadedFile(name, content, content_type)


def stored(folder):
    return [path for path in folder.rglob("*") if path.is_file()] if folder.exists() else []


def test_a_file_and_its_fields_are_kept_and_given_back(new_side, folder):
    offer, owner = str(uuid4()), str(uuid4())
    form = {
        "file": a_file("Relevé de notes – été.pdf"),
        "student_id": STUDENT.upper(),
        "owner_user_id": owner,
        "uploaded_by": "",
        "offer_id": offer,
        "metadata": '{"kind": "report"}',
    }
    response = new_side.post(UPLOAD, form)
    assert response.status_code == 200, response.content
    said = response.json()
    assert list(said) == [
        "id", "storage_path", "filename", "content_type", "size_bytes", "uploaded_at", "download_url", "expires_in",
    ]  # fmt: skip
    assert response["Location"] == f"/comm/api/documents/{said['id']}/"
    row = Document.objects.get(pk=said["id"])
    assert (row.student_id, row.owner_user_id, row.offer_id) == (UUID(STUDENT), UUID(owner), UUID(offer))
    assert (row.uploaded_by, row.metadata) == (None, {"kind": "report"})
    assert said["filename"] == row.filename == "Relevé de notes – été.pdf"
    assert said["storage_path"] == f"documents/{row.pk}/Releve_de_notes_ete.pdf"
    assert (said["size_bytes"], said["expires_in"]) == (12, 3600)
    download = Client().get(said["download_url"])
    assert b"".join(download.streaming_content) == b"%PDF content"
    assert (
        "filename*=utf-8''Relev%C3%A9%20de%20notes%20%E2%80%93%20%C3%A9t%C3%A9.pdf" in download["Content-Disposition"]
    )
    assert download["X-Content-Type-Options"] == "nosniff"


def test_fields_may_stand_in_the_address(new_side, folder):
    response = new_side.post(f"{UPLOAD}?student_id={STUDENT}", {"file": a_file()})
    assert Document.objects.get(pk=response.json()["id"]).student_id == UUID(STUDENT)


def test_wrong_fields_are_refused_all_at_once_before_anything_is_stored(new_side, folder):
    form = {"student_id": "abc", "offer_id": STUDENT, "metadata": "{"}
    response = new_side.post(UPLOAD, form)
    assert response.status_code == 400
    assert response.json() == {
        "file": ["This field is required."],
        "student_id": ["Must be a valid UUID."],
        "metadata": ["Value must be valid JSON."],
    }
    assert new_side.post(UPLOAD, {**form, "file": a_file()}).status_code == 400
    assert stored(folder) == []


@pytest.mark.parametrize(
    "metadata", ["NaN", "1e400", '"\\ud800"', '"\\u0000"', "[" * 100_000, "9" * 5000, "null"], ids=range(7)
)
def test_metadata_that_no_database_can_hold_is_refused(new_side, folder, metadata):
    response = new_side.post(UPLOAD, {"file": a_file(), "metadata": metadata})
    assert (response.status_code, list(response.json())) == (400, ["metadata"])


def test_another_body_than_a_form_is_refused(new_side, folder):
    response = new_side.post(UPLOAD, json.dumps({"file": "x"}), content_type="application/json")
    assert response.status_code == 415
    assert response.json() == {"detail": 'Unsupported media type "application/json" in request.'}
    broken = new_side.post(UPLOAD, b"--x", content_type="multipart/form-data; boundary=")
    assert broken.status_code == 400
    assert broken.json()["detail"].startswith("Multipart form parse error")


@pytest.mark.parametrize("charset", ["hex", "bz2", "rot13", "idna", "undefined", "utf-16", "nonsense", "utf-8"])
@pytest.mark.parametrize("name", ['filename="a.txt"', "filename*=hex''a%41", "filename*=nonsense''a%41"])
def test_a_form_in_any_charset_is_read_or_refused(new_side, folder, charset, name):
    fields = [f'name="file"; {name}\r\n\r\nx', 'name="metadata"\r\n\r\n1']
    form = "".join(f"--BB\r\nContent-Disposition: form-data; {one}\r\n" for one in fields) + "--BB--\r\n"
    response = new_side.generic("POST", UPLOAD, form, f"multipart/form-data; boundary=BB; charset={charset}")
    assert response.status_code in (200, 400)
    assert isinstance(response.json(), dict)
    assert Document.objects.count() == (response.status_code == 200)


def test_a_file_that_is_too_large_is_refused_in_json(new_side, folder, settings):
    settings.COMM_DOCUMENT_MAX_MB = 1
    response = new_side.post(UPLOAD, {"file": a_file(content=b"x" * (2**20 + 1))})
    assert (response.status_code, response.json()) == (413, {"file": ["The file is larger than 1 MB."]})
    assert stored(folder) == []
    assert new_side.post(UPLOAD, {"file": a_file(content=b"x" * 2**20)}).status_code == 200


def test_an_empty_file_is_a_document(new_side, folder):
    response = new_side.post(UPLOAD, {"file": a_file(content=b"")})
    assert (response.status_code, response.json()["size_bytes"]) == (200, 0)


def test_without_its_row_a_content_is_removed_again(folder, monkeypatch):
    def failing(*_):
        raise RuntimeError("the database went away")

    monkeypatch.setattr(services, "create", failing)
    with pytest.raises(RuntimeError):
        uploading.upload(a_file(), {}, callers.INTERNAL)
    assert stored(folder) == []


def test_without_storage_there_is_no_row_and_the_caller_is_told(new_side, folder, store, monkeypatch):
    def away(*_):
        raise StorageAway("no")

    monkeypatch.setattr(store, "put", away)
    response = new_side.post(UPLOAD, {"file": a_file()})
    assert (response.status_code, response.json()) == (503, {"error": "Failed to upload file to storage"})
    assert response["Retry-After"]
    assert not Document.objects.exists()


def test_other_methods_are_answered_as_for_any_row(new_side, folder):
    assert new_side.get(UPLOAD).json() == {"detail": "Not found."}
    assert new_side.options(UPLOAD).json()["name"] == "Document Instance"
    assert new_side.put(UPLOAD)["Allow"] == "GET, PUT, PATCH, DELETE, HEAD, OPTIONS"


def test_the_old_side_has_no_uploads(new_side, folder, settings):
    response = new_side.get("/comm/api/documents/")
    assert response.json() == []
    new_side.post(UPLOAD, {"file": a_file()})
    [shown] = new_side.get("/comm/api/documents/").json()
    assert "download_url" not in shown


def test_in_the_secured_form_one_uploads_for_oneself(folder, settings):
    settings.COMM_API = "ninja"
    mine, other = uuid4(), uuid4()
    client = Client(headers={"Authorization": f"Bearer {callers.make_token(mine)}"})
    assert Client().post(UPLOAD, {"file": a_file()}).status_code == 401
    assert client.post(UPLOAD, {"file": a_file(), "owner_user_id": str(other)}).status_code == 403
    assert client.post(UPLOAD, {"file": a_file(), "uploaded_by": str(other)}).status_code == 403
    assert stored(folder) == []
    said = client.post(UPLOAD, {"file": a_file()}).json()
    assert Document.objects.get(pk=said["id"]).uploaded_by == mine
    path = f"/comm/api/documents/{said['id']}/download/"
    assert client.get(path).json()["download_url"]
    stranger = Client(headers={"Authorization": f"Bearer {callers.make_token(other)}"})
    assert stranger.get(path).status_code == 404


def test_a_client_cannot_name_the_object_of_another_row(new_side, folder):
    victim = new_side.post(UPLOAD, {"file": a_file()}).json()
    forged = Document.objects.create(storage_path=victim["storage_path"], filename="mine.pdf")
    assert new_side.get(f"/comm/api/documents/{forged.pk}/download/").json()["download_url"] is None
    assert new_side.delete(f"/comm/api/documents/{forged.pk}/").status_code == 204
    assert len(stored(folder)) == 1


def test_an_object_that_the_service_before_stored_is_its_only_rows(new_side, folder, store, tmp_path):
    key = f"documents/{uuid4()}/old.pdf"
    with (tmp_path / "old").open("w+b") as file:
        store.put(key, file, "application/pdf")
    first = Document.objects.create(storage_path=key, filename="old.pdf")
    path = f"/comm/api/documents/{first.pk}/download/"
    assert new_side.get(path).json()["expires_in"] == 3600
    Document.objects.create(storage_path=key)
    assert new_side.get(path).json()["download_url"] is None


def test_a_deleted_row_takes_its_content_along(new_side, folder, django_capture_on_commit_callbacks):
    said = new_side.post(UPLOAD, {"file": a_file()}).json()
    assert len(stored(folder)) == 1
    with django_capture_on_commit_callbacks(execute=True):
        assert new_side.delete(f"/comm/api/documents/{said['id']}/").status_code == 204
        assert len(stored(folder)) == 1, "it may still be rolled back"
    assert stored(folder) == []
    assert Client().get(said["download_url"]).status_code == 404


LONG = "a" * 300  # no file has such a name


@pytest.mark.parametrize("name", [LONG, "x" * 1900, "none.pdf"])
def test_a_row_that_names_no_content_has_no_address(new_side, folder, name):
    said = new_side.post(UPLOAD, {"file": a_file()}).json()
    row = f"/comm/api/documents/{said['id']}/"
    for key in (f"documents/{said['id']}/{name}", f"documents/{uuid4()}/{name}"):
        new_side.patch(row, {"storage_path": key}, content_type="application/json")
        answer = new_side.get(f"{row}download/")
        assert (answer.status_code, answer.json()["download_url"], answer.json()["expires_in"]) == (200, None, None)
        Document.objects.filter(pk=said["id"]).update(storage_path=key)
        assert Client().get(f"/comm/documents/{said['id']}/content?signature={signature(key)}").status_code == 404


@pytest.mark.parametrize("name", [LONG, "none.pdf"])
def test_the_deletion_of_a_row_that_names_no_content_is_no_fault_of_the_storage(
    new_side, folder, name, django_capture_on_commit_callbacks
):
    said = new_side.post(UPLOAD, {"file": a_file()}).json()
    row = f"/comm/api/documents/{said['id']}/"
    key = f"documents/{said['id']}/{name}"
    assert new_side.patch(row, {"storage_path": key}, content_type="application/json").status_code == 200
    with django_capture_on_commit_callbacks(execute=True):
        assert new_side.delete(row).status_code == 204
    assert downloading.availability()
    assert new_side.post(UPLOAD, {"file": a_file()}).status_code == 200


@pytest.mark.parametrize("refused", [True, False])
def test_only_a_storage_that_does_not_answer_is_down(
    new_side, folder, store, monkeypatch, refused, django_capture_on_commit_callbacks
):
    def failing(*_, **options):
        raise StorageAway("InvalidObjectName", "InvalidObjectName", refused=refused)

    said = new_side.post(UPLOAD, {"file": a_file()}).json()
    row = f"/comm/api/documents/{said['id']}/"
    for name, ask in (
        ("has", lambda: new_side.get(f"{row}download/").json()["download_url"] is None),
        ("put", lambda: new_side.post(UPLOAD, {"file": a_file()}).status_code == 503),
        ("remove", lambda: new_side.delete(row).status_code == 204),
    ):
        downloading.availability.forget()
        with monkeypatch.context() as patched:
            patched.setattr(store, name, failing)
            with django_capture_on_commit_callbacks(execute=True):
                assert ask()
        assert downloading.availability() is refused


@pytest.mark.parametrize(("fault", "status"), [(FileNotFoundError, 404), (PermissionError, 503)])
def test_a_content_that_cannot_be_opened_is_no_500(new_side, folder, monkeypatch, fault, status):
    said = new_side.post(UPLOAD, {"file": a_file()}).json()

    def failing(path, mode):
        raise fault

    monkeypatch.setattr("comm_service.documents.files.Path.open", failing)
    assert Client().get(said["download_url"]).status_code == status
    assert Client().head(said["download_url"]).status_code == status


def test_an_address_is_for_one_content_and_ends(new_side, folder, monkeypatch):
    first, second = (new_side.post(UPLOAD, {"file": a_file()}).json() for _ in range(2))
    signature = first["download_url"].partition("?")[2]
    path = second["download_url"].partition("?")[0]
    assert Client().get(path).status_code == 403
    assert Client().get(f"{path}?{signature}").status_code == 403
    assert Client().head(first["download_url"]).status_code == 200
    monkeypatch.setattr("comm_service.documents.files.LINK_SECONDS", -1)
    assert Client().get(first["download_url"]).status_code == 403


def test_metadata_is_read_without_an_address_while_the_storage_is_down(new_side, folder, store, monkeypatch):
    said = new_side.post(UPLOAD, {"file": a_file()}).json()
    downloading.availability.failed()
    answer = new_side.get(f"/comm/api/documents/{said['id']}/download/")
    assert answer.status_code == 200
    assert answer.json() == {**said, "download_url": None, "expires_in": None}
