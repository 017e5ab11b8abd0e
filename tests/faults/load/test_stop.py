"""A server that stops with open connections logs no error."""

from contextlib import ExitStack

from projeng import inbox
from projeng.access import Role
from tests.support.people import person, session_cookie
from tests.support.site import Site
from tests.support.sse import Stream


def test_daphne_stops_with_open_streams_without_a_complaint(new_database, on_database, static_root, scratch):
    """When Daphne cancels a request, Django does not await its task that waits for the disconnect."""
    url = new_database("sqlite")
    on_database(url)
    user = person(Role.HEAD)
    cookie = session_cookie(user)
    with Site(scratch, url, "daphne", STATIC_ROOT=static_root) as site, ExitStack() as stack:
        address = f"{site.url}/projeng/api/realtime/events/"
        streams = [stack.enter_context(Stream(address, cookie)) for _ in range(20)]
        inbox.send([user], "Still there?")
        for stream in streams:
            stream.of_type("notification")
        assert site.terminate() == 0
        said = site.log.read_text()
    assert "never retrieved" not in said
    assert "Traceback" not in said
