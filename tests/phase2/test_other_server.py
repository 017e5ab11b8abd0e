"""What we serve is ASGI: pages, streams and sockets work under another server of it than Daphne."""

import pytest

from projeng.models import Project
from tests.support import http
from tests.support.people import session_cookie
from tests.support.site import Site


@pytest.fixture
def site(new_database, on_database, static_root, scratch):
    """Uvicorn, in place of Daphne."""
    url = new_database("sqlite")
    on_database(url)
    with Site(scratch, url, "uvicorn", STATIC_ROOT=static_root) as running:
        yield running


def test_a_page_a_stream_and_a_socket_tell_the_same_and_end_with_the_server(site, head, listen, talk):
    stream, sockets = listen(head, "events/"), [talk(head, "events/", joined=joined) for joined in (True, False)]
    project = Project.objects.create(name="Under another server", barangay="Apokon")
    told = [one.of_type("project_created") for one in (stream, *sockets)]
    assert told[0] == told[1] == told[2]
    assert told[0]["project_id"] == project.pk
    page = http.get(f"{site.url}/projeng/projects/{project.pk}/", headers={"Cookie": session_cookie(head)}, timeout=20)
    assert page.status_code == 200
    assert project.name in page.text
    sockets[1].send({"type": "ping"})
    sockets[1].of_type("pong")
    site.terminate()
    assert stream.ended.wait(5)
    assert {socket.closed_with() for socket in sockets} == {1012}
    assert "Traceback" not in site.log.read_text()
