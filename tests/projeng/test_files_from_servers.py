"""Files of projects as a real ASGI server sends them, which reads them in another way than a WSGI server."""

from django.core.files.base import ContentFile
from django.urls import reverse

from projeng.access import Role
from projeng.models import Project, ProjectDocument
from tests.support import http
from tests.support.people import person, session_cookie


def test_an_asgi_server_sends_files_too(sites, on_database):
    site = sites("daphne", "sqlite")
    on_database(site.database_url)
    project = Project.objects.create(name="Covered court", barangay="Apokon")
    document = ProjectDocument(project=project, name="Program of works")
    document.file.save("anything.PDF", ContentFile(b"%PDF-1.4 plan " * 10_000))
    address, cookie = site.url + reverse("document", args=[document.pk]), session_cookie(person(Role.HEAD))
    answer = http.get(address, headers={"Cookie": cookie}, timeout=20)
    assert (answer.status_code, answer.content) == (200, b"%PDF-1.4 plan " * 10_000)
