"""Phase 5: everybody is told to use WebSocket, and SSE is the fallback; 5.2, without SSE, is rehearsed."""

import ast
import re
import time

import httpx
import pytest

from projeng import inbox
from projeng.access import Role
from projeng.models import Project
from realtime.log import replay
from tests.docs.markdown import ROOT, Section
from tests.support import http
from tests.support.people import person, session_cookie
from tests.support.site import Site
from tests.support.sse import Refused, Stream
from tests.support.websocket import Socket

PHASE = dict(
    line.split("=", 1)
    for line in (ROOT / "env" / "phase-5.env").read_text().splitlines()
    if line and not line.startswith("#")
)
STREAMS = "/projeng/api/realtime/"


@pytest.fixture(scope="module")
def office(new_database, static_root, tmp_path_factory):
    """``office("true")``: a site of phase 5, with SSE or (rehearsal) without."""
    running: dict[str, Site] = {}

    def start(sse: str) -> Site:
        if sse not in running:
            flags = {**PHASE, "SSE_ENABLED": sse}
            folder = tmp_path_factory.mktemp("office")
            running[sse] = Site(folder, new_database("postgres"), "daphne", STATIC_ROOT=static_root, **flags).start()
        return running[sse]

    yield start
    for site in running.values():
        site.stop()


@pytest.fixture
def site(office, on_database):
    running = office("true")
    on_database(running.database_url)
    return running


@pytest.fixture
def without_sse(office, on_database):
    running = office("false")
    on_database(running.database_url)
    return running


def _ask(site: Site, cookie: str, address: str) -> httpx.Response:
    return http.get(site.url + STREAMS + address, headers={"Cookie": cookie}, timeout=20)


@pytest.mark.parametrize("role", [*Role, None])
def test_whoever_signs_in_is_told_to_use_websocket(site, role):
    assert _ask(site, session_cookie(person(role)), "status/").json()["transport"] == "websocket"


def test_who_cannot_open_a_socket_has_the_same_events_on_a_stream_and_by_polling(site):
    """The three ways side by side: the same ids, the same JSON."""
    head = person(Role.HEAD)
    cookie, cursor = session_cookie(head), replay.head()
    query = f"?topics=notifications,projects&last_event_id={cursor}"
    with (
        Socket(f"{site.url}/ws/events/{query}", cookie) as socket,
        Stream(site.url + STREAMS + "events/" + query, cookie) as stream,
    ):
        for number in range(5):
            inbox.send([head], f"Number {number}")
        Project.objects.create(name="Library", barangay="Apokon")
        end = replay.head()
        socket.wait_for_cursor(end)
        stream.wait_for_cursor(end)
        polled = [frame for frame in _ask(site, cookie, "poll/" + query).json()["frames"] if "id" in frame]
        assert [dict(frame) for frame in socket.events] == polled
        assert [dict(frame) for frame in stream.frames if "id" in frame and "at" in frame] == polled
        assert len(polled) >= 7


def test_without_sse_streams_are_refused_and_sockets_go_on(without_sse):
    head = person(Role.HEAD)
    cookie = session_cookie(head)
    for address in ("events/", "notifications/", "dashboard/", "projects/"):
        with pytest.raises(Refused) as refused:
            Stream(without_sse.url + STREAMS + address, cookie)
        assert refused.value.status == 503
        assert int(refused.value.headers["retry-after"]) > 0
    with Socket(f"{without_sse.url}/ws/events/", cookie) as socket:
        assert socket.of_type("transport")["transport"] == "websocket"
        inbox.send([head], "Still here")
        socket.saying("Still here")


def test_without_sse_polling_is_what_is_left_where_sockets_are_blocked(without_sse):
    head = person(Role.HEAD)
    cookie, cursor = session_cookie(head), replay.head()
    inbox.send([head], "Still here")
    began = time.monotonic()
    answer = _ask(without_sse, cookie, f"poll/?last_event_id={cursor}").json()
    assert [frame["message"] for frame in answer["frames"] if "message" in frame] == ["Still here"]
    assert time.monotonic() - began < 5


# --- what docs/migration/removing-sse.md says would go ----------------------------------------------------------


def _rows(column: str) -> list[str]:
    page = Section(1, "", (ROOT / "docs" / "migration" / "removing-sse.md").read_text())
    return [row[0].strip("`") for row in page.table(column)]


def _imported_by(path: str) -> set[str]:
    """The files of ours that a file imports, as paths from the root."""
    source = ROOT / path
    if path.endswith(".js"):
        names = re.findall(r'from "(\.[^"]+\.js)"', source.read_text())
        served = {(source.parent / name).resolve().relative_to(ROOT).as_posix() for name in names}
        # The office's scripts import the library as it is served, beside them: /static/realtime/.
        return {re.sub("^static/realtime/", "realtime/static/realtime/", path) for path in served}
    found = set()
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.ImportFrom):
            package = source.parent.relative_to(ROOT).parts
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (base, node.module or "") if part)
            found |= {module, *(f"{module}.{name.name}" for name in node.names)}
    return {f"{name.replace('.', '/')}.py" for name in found}


def test_the_page_on_removing_sse_names_every_file_that_would_go_or_change():
    """Whatever imports a file that would go must be on the page: as going itself, or as changing."""
    going, changing = set(_rows("path")), set(_rows("where"))
    assert all((ROOT / path).is_file() for path in going | changing)
    sources = [path for folder in ("realtime", "projeng", "gistagum") for path in (ROOT / folder).rglob("*.py")]
    sources += [path for folder in ("realtime", "static") for path in (ROOT / folder).rglob("*.js")]
    names = {path.relative_to(ROOT).as_posix() for path in sources if "migrations" not in path.parts}
    touched = {name for name in names - going if _imported_by(name) & going}
    assert touched == changing
    # And the page names nothing that has no part in it.
    for path in going:
        assert any(path in _imported_by(name) for name in going | changing), path
