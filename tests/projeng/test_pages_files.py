"""Files of projects: who gets them, and how they are sent."""

from decimal import Decimal
from io import BytesIO

import pytest
from django.core.files.base import ContentFile
from django.urls import reverse
from PIL import Image

from projeng.models import ProjectCost, ProjectDocument

pytestmark = pytest.mark.django_db


@pytest.fixture
def files(project):
    """The addresses of a document, a receipt and a picture of the project."""
    document = ProjectDocument(project=project, name="Program of works")
    document.file.save("anything.PDF", ContentFile(b"%PDF-1.4 plan"))
    cost = ProjectCost(project=project, cost_type="labor", amount=Decimal(5), date="2026-11-19")
    cost.receipt.save("r.pdf", ContentFile(b"%PDF-1.4 receipt"))
    data = BytesIO()
    Image.new("RGB", (4, 4)).save(data, "PNG")
    project.image.save("p.png", ContentFile(data.getvalue()))
    return {
        "document": reverse("document", args=[document.pk]),
        "receipt": reverse("receipt", args=[cost.pk]),
        "picture": reverse("project_picture", args=[project.pk]),
    }


@pytest.mark.parametrize("kind", ["document", "receipt", "picture"])
@pytest.mark.parametrize(
    ("who", "status"),
    [("head", 200), ("finance", 200), ("engineer", 200), ("other_engineer", 404), ("nobody", 404), (None, 302)],
)
def test_who_gets_a_file(kind, who, status, request, browser, files):
    response = browser(request.getfixturevalue(who) if who else None).get(files[kind])
    assert response.status_code == status


@pytest.mark.parametrize("kind", ["document", "receipt", "picture"])
def test_a_file_is_never_something_that_a_browser_runs(kind, browser, head, files):
    response = browser(head).get(files[kind])
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"].startswith("sandbox")
    assert "private" in response["Cache-Control"]


def test_documents_and_receipts_are_downloads_with_a_name(browser, head, files, project):
    response = browser(head).get(files["document"])
    assert response["Content-Disposition"] == 'attachment; filename="Program of works.pdf"'
    assert b"".join(response.streaming_content) == b"%PDF-1.4 plan"
    response = browser(head).get(files["receipt"])
    assert response["Content-Disposition"] == f'attachment; filename="Receipt 2026-11-19 {project.prn}.pdf"'


def test_the_ending_is_not_said_twice_and_odd_names_are_safe(browser, head, files, project):
    document = ProjectDocument(project=project, name='Pláno "A"\r\nX: y.pdf')
    document.file.save("a.pdf", ContentFile(b"x"))
    disposition = browser(head).get(reverse("document", args=[document.pk]))["Content-Disposition"]
    assert disposition.startswith("attachment; filename*=utf-8''")
    assert "\n" not in disposition
    assert ".pdf.pdf" not in disposition


def test_a_picture_is_shown_in_the_page(browser, head, files):
    response = browser(head).get(files["picture"])
    assert response["Content-Type"] == "image/png"
    assert "attachment" not in response.get("Content-Disposition", "")


def test_what_is_not_there_is_not_found(browser, head, files, project):
    client = browser(head)
    cost = ProjectCost.objects.create(project=project, cost_type="labor", amount=Decimal(5))
    assert client.get(reverse("receipt", args=[cost.pk])).status_code == 404
    assert client.get(reverse("document", args=[999])).status_code == 404
    project.image.storage.delete(project.image.name)
    assert client.get(files["picture"]).status_code == 404
    project.image = "project/evil.svg"
    project.save()
    assert client.get(files["picture"]).status_code == 404


def test_stored_files_have_no_public_address(browser, head, files, project):
    html = browser(head).get(reverse("project_detail", args=[project.pk])).content.decode()
    assert project.image.name not in html
    assert browser(head).get(f"/{project.image.name}").status_code == 404
    assert browser(head).get(f"/media/{project.image.name}").status_code == 404
