"""Stored files match their extension, and served files cannot be executed by a browser."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image

from projeng import file_contents
from projeng.models import Project, ProjectCost, ProjectDocument
from projeng.uploads import DOCUMENT_ENDINGS, IMAGE_ENDINGS

from .uploads import EPS, HONEST, HOSTILE, JPEG, PDF, PNG

pytestmark = pytest.mark.django_db


def pictures(files):
    return {what: one for what, one in files.items() if one[0].lower().endswith(tuple(IMAGE_ENDINGS))}


def send(client, project, name, contents, page="document_add", field="file"):
    """Submit a file with the form of this page."""
    data = {"date": "2026-11-19", "cost_type": "material", "amount": "5", "name": "Plan"}
    data |= {"prn": project.prn, "barangay": "Apokon", "status": "planned"} if page == "project_edit" else {}
    return client.post(reverse(page, args=[project.pk]), data | {field: SimpleUploadedFile(name, contents)})


@pytest.mark.parametrize("name", HONEST)
def test_honest_files_are_taken(name, client_of, engineer, project):
    assert send(client_of(engineer), project, name, HONEST[name]).status_code == 302
    document = ProjectDocument.objects.get()
    assert document.file.read() == HONEST[name]
    assert re.fullmatch(r"projectdocument/[0-9a-f]{32}\.[a-z]+", document.file.name)


def test_each_kind_has_an_honest_file():
    assert {f".{name.rpartition('.')[2].lower()}" for name in HONEST} == DOCUMENT_ENDINGS


@pytest.mark.parametrize("what", HOSTILE)
def test_a_document_that_is_not_what_it_says_is_refused(what, client_of, engineer, project):
    response = send(client_of(engineer), project, *HOSTILE[what])
    assert response.status_code == 422
    assert 'id="id_file_error"' in response.content.decode()
    assert not ProjectDocument.objects.exists()


@pytest.mark.parametrize("what", ["HTML as a.jpg", "a PNG of 50,000 by 50,000", "a ZIP bomb as Word", "nothing"])
def test_so_is_a_receipt(what, client_of, engineer, project):
    response = send(client_of(engineer), project, *HOSTILE[what], page="cost_add", field="receipt")
    assert response.status_code == 422
    assert not ProjectCost.objects.exists()


@pytest.mark.parametrize("what", pictures(HOSTILE))
def test_so_is_a_picture(what, client_of, head, project):
    response = send(client_of(head), project, *HOSTILE[what], page="project_edit", field="image")
    assert response.status_code == 422
    assert not Project.objects.get().image


@pytest.mark.parametrize("path", ["project_edit", "admin:projeng_project_change"])
def test_a_picture_is_shown_to_the_reader_of_its_kind_only(path, client_of, head, project, monkeypatch):
    """Pillow reads dozens of formats, some with external programs. Uploads are passed to the expected reader only."""
    opened = []
    real = Image.open
    monkeypatch.setattr(Image, "open", lambda file, **options: opened.append(options) or real(file, **options))
    head.is_staff = head.is_superuser = True
    head.save()
    data = {"prn": project.prn, "name": "Court", "barangay": "Apokon", "status": "planned"}
    response = client_of(head).post(
        reverse(path, args=[project.pk]), data | {"image": SimpleUploadedFile("a.png", EPS)}
    )
    assert response.status_code in {200, 422}
    assert "are not those of a .png file" in response.content.decode()
    assert opened == [{"formats": ["PNG"]}]


@pytest.mark.parametrize(("name", "contents"), [("a.JPG", JPEG), ("a.png", PNG)])
def test_an_honest_picture_is_taken(name, contents, client_of, head, project):
    assert send(client_of(head), project, name, contents, page="project_edit", field="image").status_code == 302
    assert Project.objects.get().image.read() == contents


def test_an_archive_of_very_many_names_is_refused_unread(client_of, engineer, project, monkeypatch):
    monkeypatch.setattr(file_contents.zipfile, "ZipFile", None)
    data = b"PK\x03\x04" + bytes(30) + b"PK\x05\x06" + bytes(8) + (2**22).to_bytes(4, "little") + bytes(6)
    assert send(client_of(engineer), project, "a.zip", data).status_code == 422


# Sent as raw bytes, since Django's test client would correct these names.
NAMES = [
    "../../../etc/passwd.pdf",
    "..\\..\\a.pdf",
    "a\x00.html.pdf",
    "x" * 300 + ".pdf",
    "/etc/cron.d/a.pdf",
    "a\r\nX: y.pdf",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_leads_nowhere(name, client_of, engineer, project, settings):
    body = b'--x\r\nContent-Disposition: form-data; name="file"; filename="' + name.encode() + b'"\r\n'
    body += b"Content-Type: text/html\r\n\r\n" + PDF + b"\r\n--x--\r\n"
    client = client_of(engineer)
    page = reverse("document_add", args=[project.pk])
    response = client.generic("POST", page, body, content_type="multipart/form-data; boundary=x")
    assert response.status_code in {302, 400, 422}
    for document in ProjectDocument.objects.all():
        assert re.fullmatch(r"projectdocument/[0-9a-f]{32}\.pdf", document.file.name)
        served = client.get(reverse("document", args=[document.pk]))
        assert served["Content-Type"] == "application/octet-stream"
        disposition = served["Content-Disposition"]
        assert disposition.startswith("attachment; ")
        assert not re.search(r"[\x00-\x1f/\\]|%00|%2F|%5C|%0A", disposition.partition("''")[2] or disposition[11:])


def test_a_name_that_is_turned_round_is_straightened(client_of, engineer, project):
    ProjectDocument.objects.create(
        project=project, name="Plan \u202efdp.exe\u200b", file=SimpleUploadedFile("a.pdf", PDF)
    )
    served = client_of(engineer).get(reverse("document", args=[ProjectDocument.objects.get().pk]))
    assert served["Content-Disposition"] == 'attachment; filename="Plan fdp.exe.pdf"'
