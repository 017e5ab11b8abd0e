"""Look-ups at a real HTTP server: each object once, side by side, in the time of the answer, and null on failure."""

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import uuid4

import pytest

from comm_service.enrichment import Key, LookUps, look_up
from comm_service.enrichment.looking_up import known
from comm_service.models import Message, Notification
from tests.comm_service.asking import U, V, ask, row_of, shown

ANSWERS = {
    "not_found": (404, b"{}"),
    "refused": (401, b'{"detail":"no"}'),
    "redirect": (302, b"{}"),
    "broken": (500, b"{}"),
    "no_json": (200, b"<html>"),
    "nan": (200, b'{"a":NaN}'),
    "infinite": (200, b'{"a":1e999}'),
    "surrogate": (200, b'{"a":"\\ud800"}'),
    "deep": (200, b"[" * 5000),
    "empty": (200, b""),
    "too_long": (200, json.dumps("x" * 1_000_001).encode()),
}


class Service(ThreadingHTTPServer):
    """Another service. ``answers`` holds status and body by path; a path that is not there answers with its user."""

    daemon_threads = True

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.headers: list[dict[str, str]] = []
        self.answers: dict[str, tuple[int, bytes]] = {}
        self.together = self.most_together = 0
        self.hold = threading.Event()
        self.hold.set()
        self._lock = threading.Lock()
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def called(self, path: str, step: int) -> None:
        with self._lock:
            self.together += step
            self.most_together = max(self.most_together, self.together)
            if step > 0:
                self.calls[path] += 1


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Service

    def do_GET(self) -> None:
        self.server.called(self.path, 1)
        self.server.hold.wait(20)
        status, body = self.server.answers.get(
            self.path, (200, json.dumps({"id": self.path.strip("/").rpartition("/")[2], "name": "é"}).encode())
        )
        self.server.called(self.path, -1)
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/auth/api/v1/users/elsewhere")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def service() -> Iterator[Service]:
    server = Service()
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server
    server.hold.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def auth(service, settings) -> Service:
    settings.AUTH_SERVICE_URL = service.url
    return service


def user(user_id=U) -> Key:
    return Key("auth", "user", str(user_id))


@pytest.mark.parametrize(
    ("key", "path"),
    [
        (("auth", "user"), "/auth/api/v1/users/{}"),
        (("profile", "student"), "/profile/api/students/{}/"),
        (("profile", "encadrant"), "/profile/api/encadrants/{}/"),
        (("core", "offer"), "/core/offers/{}/"),
    ],
)
def test_each_service_is_asked_at_its_address_and_its_json_is_passed_on(service, settings, key, path):
    for name in ("AUTH", "PROFILE", "CORE"):
        setattr(settings, f"{name}_SERVICE_URL", f"{service.url}/")
    service.answers[path.format(U)] = (200, b'{"z":[1,{"b":2,"a":null}],"name":"\xc3\xa9"}')
    wanted = Key(*key, str(U))
    assert look_up([wanted]) == {wanted: {"z": [1, {"b": 2, "a": None}], "name": "é"}}
    assert list(service.calls) == [path.format(U)]


@pytest.mark.parametrize("fault", sorted(ANSWERS))
def test_another_answer_is_null(auth, fault):
    auth.answers[f"/auth/api/v1/users/{U}"] = ANSWERS[fault]
    assert look_up([user()]) == {user(): None}
    assert sum(auth.calls.values()) == 1  # no redirect is followed, nothing is tried again


def test_a_service_that_is_not_there_is_null(settings):
    settings.AUTH_SERVICE_URL = "http://127.0.0.1:9"
    assert look_up([user()]) == {user(): None}


def test_a_service_without_an_address_is_mocked_in_the_compatibility_form_alone(settings, compat):
    keys = [user(), Key("core", "offer", "o"), Key("core", "stage", "s"), Key("profile", "student", "p")]
    said = look_up(keys)
    assert said[keys[0]]["email"] == f"user{U}@example.com"
    assert said[keys[1]]["title"] == "Cardiology Internship"
    assert said[keys[2]]["student_id"] == "student-uuid"
    assert said[keys[3]] is None
    settings.COMM_COMPAT = False
    assert look_up(keys) == dict.fromkeys(keys)


def test_stages_are_null_where_core_is_called(service, settings, compat):
    settings.CORE_SERVICE_URL = service.url
    assert look_up([Key("core", "stage", "s")]) == {Key("core", "stage", "s"): None}
    assert not service.calls


def test_objects_are_asked_for_side_by_side(auth):
    auth.hold.clear()
    keys = [user(uuid4()) for _ in range(8)]
    said = {}
    asking = threading.Thread(target=lambda: said.update(look_up(keys)))
    asking.start()
    deadline = time.monotonic() + 10
    while auth.together < 8 and time.monotonic() < deadline:
        threading.Event().wait(0.01)
    assert auth.together == 8
    auth.hold.set()
    asking.join(10)
    assert [one["id"] for one in said.values()] == [key.id for key in keys]


def test_a_service_that_hangs_costs_an_answer_its_deadline_once(auth):
    auth.hold.clear()
    keys = [user(uuid4()) for _ in range(200)]
    late = user(uuid4())
    look_ups = LookUps(seconds=0.5)
    begun = time.monotonic()
    assert look_ups.of(keys) == dict.fromkeys(keys)
    assert look_ups.of([late]) == {late: None}
    assert time.monotonic() - begun < 5
    assert auth.most_together <= 16


def test_what_was_said_is_kept_for_the_next_answer(auth):
    assert look_up([user()]) == look_up([user()])
    auth.answers[f"/auth/api/v1/users/{V}"] = ANSWERS["broken"]
    assert look_up([user(V)]) == look_up([user(V)]) == {user(V): None}
    assert sorted(auth.calls.values()) == [1, 1]


def test_what_was_said_is_kept_for_a_few_seconds_and_nothing_for_fewer(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("comm_service.enrichment.known.time.monotonic", lambda: now[0])
    known.keep(user(U), {"a": 1})
    known.keep(user(V), None)
    seen = []
    for now[0] in (101.0, 103.0, 111.0):
        seen.append((known.get(user(U))[0], known.get(user(V))[0]))
    assert seen == [(True, True), (True, False), (False, False)]


def test_a_thousand_rows_by_twenty_users_take_twenty_calls(auth, legacy):
    users = [uuid4() for _ in range(20)]
    Message.objects.bulk_create(
        Message(sender_id=users[number % 20], receiver_id=users[(number + 7) % 20]) for number in range(1000)
    )
    said = shown(ask(legacy, "GET", "messages/"))
    assert len(said) == 1000
    assert all(one["sender_data"]["id"] == one["sender_id"] for one in said)
    assert all(one["receiver_data"]["id"] == one["receiver_id"] for one in said)
    assert sorted(auth.calls.values()) == [1] * 20


@pytest.mark.parametrize(
    ("related", "service_called"),
    [
        ("offer", "core"),
        ("Stage", "core"),
        ("STUDENT", "profile"),
        ("encadrant", "profile"),
        ("other", None),
        ("", None),
        (None, None),
    ],
)
def test_what_a_notification_is_about_is_looked_up_by_its_type(legacy, settings, related, service_called):
    row_of("notifications", related_object_type=related, related_object_id=V)
    said = shown(ask(legacy, "GET", "notifications/"))[0]["related_object_data"]
    assert (said or {}).get("id") == (str(V) if service_called == "core" else None)


def test_an_id_that_is_null_is_not_looked_up(auth, legacy):
    row_of("documents")
    row_of("notifications", related_object_type="student")
    assert shown(ask(legacy, "GET", "documents/"))[0]["owner_data"] is None
    assert not auth.calls
    assert Notification.objects.exists()
