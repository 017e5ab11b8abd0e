"""A content service over HTTP: what is sent to it, and what is believed of its answers."""

import io
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from messaging.attachments import content_service
from messaging.attachments.content_service import Away, HttpContentService


class Server(ThreadingHTTPServer):
    """Answers with ``answer`` (status, headers, body), and keeps what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer: tuple[int, dict[str, str], bytes] = (200, {}, b"")
        self.asked: list[tuple[str, str, bytes, str]] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/files/"


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.asked.append((self.command, self.path, body, self.headers.get("Content-Type", "")))
        status, headers, content = self.server.answer
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_DELETE = _answer

    def log_message(self, *args) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    thread = threading.Thread(target=made.serve_forever, args=(0.01,))
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


def store(server: Server) -> str:
    return HttpContentService(server.address).store("Plan ü.pdf", "application/pdf", io.BytesIO(b"%PDF-"))


@pytest.mark.parametrize("answer", [{"id": 7}, {"document_id": "7"}])
def test_a_file_is_sent_as_a_form_and_its_id_is_kept(server, answer):
    server.answer = (201, {}, json.dumps(answer).encode())
    assert store(server) == "7"
    [(method, path, body, kind)] = server.asked
    assert (method, path) == ("POST", "/files/api/v1/documents")
    assert kind.startswith("multipart/form-data; boundary=")
    assert 'name="file"; filename="Plan ü.pdf"'.encode() in body
    assert b"\r\n\r\n%PDF-\r\n--" in body


@pytest.mark.parametrize(
    "answer",
    [
        (500, {}, b"{}"),
        (404, {}, b'{"id": 7}'),
        (302, {"Location": "http://127.0.0.1:1/"}, b""),
        (200, {}, b"not JSON"),
        (200, {}, b"[]"),
        (200, {}, b"{}"),
        (200, {}, json.dumps({"id": "x" * 201}).encode()),
    ],
    ids=["failure", "refusal", "redirect", "text", "list", "no id", "long id"],
)
def test_any_other_answer_means_that_it_is_away(server, answer):
    server.answer = answer
    with pytest.raises(Away):
        store(server)
    assert len(server.asked) == 1


def test_a_service_that_is_not_there_is_away():
    with pytest.raises(Away):
        HttpContentService("http://127.0.0.1:1").store("a.txt", "text/plain", io.BytesIO(b"x"))


def test_a_service_that_never_answers_is_not_waited_for(monkeypatch):
    import socket

    monkeypatch.setattr(content_service, "TIMEOUT_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(Away):
        HttpContentService(f"http://127.0.0.1:{silent.getsockname()[1]}").fetch("7", 10)


def test_a_file_is_fetched_if_it_has_the_size_of_what_was_stored(server):
    server.answer = (200, {}, b"Hello")
    service = HttpContentService(server.address)
    assert service.fetch("a/../b", 5).read() == b"Hello"
    assert server.asked[0][:2] == ("GET", "/files/api/v1/documents/a%2F..%2Fb/download")
    for size in (4, 6):
        with pytest.raises(Away):
            service.fetch("7", size)


@pytest.mark.parametrize("status", [200, 204, 404, 410])
def test_a_file_is_deleted_or_was_not_there(server, status):
    server.answer = (status, {}, b"")
    HttpContentService(server.address).delete("a/../b")
    assert server.asked[0][:2] == ("DELETE", "/files/api/v1/documents/a%2F..%2Fb")


@pytest.mark.parametrize("status", [302, 401, 405, 500, 503])
def test_a_file_that_is_not_deleted_is_asked_about_again(server, status):
    server.answer = (status, {"Location": "http://127.0.0.1:1/"}, b"")
    with pytest.raises(Away):
        HttpContentService(server.address).delete("7")
