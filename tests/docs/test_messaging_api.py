"""docs/messaging-api.md: each `curl` in it works as it stands, and every method of every address has one."""

import itertools
import json
import re
import shlex
import subprocess
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.urls import URLPattern, URLResolver, get_resolver, resolve

from tests.messaging.attachments import samples
from tests.support import http
from tests.support.college import College

from .markdown import DOCUMENTS

PAGE = DOCUMENTS["docs/messaging-api.md"]
SHELL = 'AUTH="Authorization: Bearer $TOKEN"; JSON="Content-Type: application/json"\n'
STREAM_SECONDS = "1.5"  # what is known to open needs no longer
DERIVED = {"DIRECT", "REGISTERED_EVENT"}  # of what another variable has made
TIMED_OUT = 28  # the exit status of a curl that was told to stop
PEOPLE = [
    {"username": "asha", "password": "asha-has-one", "first_name": "Asha", "user_type": "teacher", "college": 7},
    {"username": "bala", "password": "bala-has-one", "first_name": "Bala", "user_type": "student", "college": 7},
    {"username": "chitra", "password": "chitra-has-one", "first_name": "Chitra", "user_type": "student", "college": 7},
]
FUNCTIONS = {  # methods of views that are functions
    "chat_stream": {"GET"},
    "chat_stream_test": {"GET"},
    "chat_poll": {"GET"},
    "chat_poll_test": {"GET"},
    "chat_poll_disconnect": {"POST"},
}


def commands() -> list[str]:
    """The commands of the page that call curl, each on one line."""
    blocks = re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.S)
    lines = "".join(blocks).replace("\\\n", " ").splitlines()
    return [re.sub(r"\s+", " ", line) for line in lines if line.startswith("curl ")]


def method_of(command: str) -> str:
    words = shlex.split(command)
    if "-X" in words:
        return words[words.index("-X") + 1]
    return "POST" if {"-d", "-F"} & set(words) else "GET"


def path_of(command: str) -> str:
    """The path of the command's address. Variables in it are ids."""
    [address] = [word for word in shlex.split(command) if word.startswith("$API/")]
    path = urlsplit(address.replace("$API", "/api/v1")).path
    return re.sub(r"\$[A-Z_]+", "1", path)


def addresses() -> Iterator[tuple[str, set[str]]]:
    """The name and the methods of each address of the APIs."""

    def walk(resolver: URLResolver, before: str) -> Iterator[tuple[str, Any]]:
        for entry in resolver.url_patterns:
            route = before + str(entry.pattern)
            if isinstance(entry, URLPattern):
                yield route, entry
            else:
                yield from walk(entry, route)

    for route, entry in walk(get_resolver(), ""):
        if route.startswith("api/v1/"):
            view = entry.callback
            actions = getattr(view, "actions", None) or getattr(view, "cls", None)
            if actions is None:
                yield entry.name, FUNCTIONS[entry.name]
            elif isinstance(actions, dict):
                yield entry.name, {method.upper() for method in actions} - {"HEAD"}
            else:
                known = ("get", "post", "put", "patch", "delete")
                yield entry.name, {method.upper() for method in known if hasattr(actions, method)}


def test_every_method_of_every_address_has_an_example():
    shown = {(resolve(path_of(command)).url_name, method_of(command)) for command in commands()}
    existing = {(name, method) for name, methods in addresses() for method in methods}
    assert sorted(existing - shown) == []
    assert sorted(shown - existing) == []


class Things:
    """What the variables of the examples stand for: made when a command names one."""

    def __init__(self, site: College, people: dict[str, dict[str, str]]) -> None:
        self._site = site
        self._people = people
        self._numbers = itertools.count(1)

    def _ask(self, name: str, method: str, path: str, **more: Any) -> Any:
        headers = {"Authorization": f"Token {self._people[name]['token']}"}
        answer = http.request(method, f"{self._site.url}/api/v1/{path}", headers=headers, timeout=20, **more)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def _group(self, creator: str, other: str, **more: Any) -> dict[str, Any]:
        body = {"type": "group", "participants": [self._people[other]["id"]], "subject": "x", **more}
        return self._ask(creator, "POST", "conversations", json=body)

    @cached_property
    def API(self) -> str:
        return f"{self._site.url}/api/v1"

    @cached_property
    def TOKEN(self) -> str:
        return self._people["asha"]["token"]

    @cached_property
    def BALAS_TOKEN(self) -> str:
        return self._people["bala"]["token"]

    @cached_property
    def OLD_TOKEN(self) -> str:
        key = self._ask_login("chitra")
        self._people["chitra"]["token"] = key
        return key

    def _ask_login(self, name: str) -> str:
        body = {"username": name, "password": f"{name}-has-one"}
        return http.post(f"{self.API}/auth/login/", json=body, timeout=20).json()["key"]

    @cached_property
    def BALA(self) -> str:
        return self._people["bala"]["id"]

    @cached_property
    def CHITRA(self) -> str:
        return self._people["chitra"]["id"]

    @property
    def MESSAGE(self) -> str:
        body = {"receiver_id": self.BALA, "message": f"Message {next(self._numbers)}"}
        made = self._ask("asha", "POST", "communication/chats/", json=body)
        self._direct = made["conversation"]
        return str(made["id"])

    @property
    def DIRECT(self) -> str:
        return str(self._direct)

    @property
    def GROUP(self) -> str:
        group = self._group("asha", "bala")["id"]
        self._ask("asha", "PATCH", f"conversations/{group}/participants/{self.BALA}", json={"role": "admin"})
        return str(group)

    @property
    def OPEN_GROUP(self) -> str:
        return str(self._group("bala", "chitra", is_open=True)["id"])

    @property
    def ATTACHMENT(self) -> str:
        files = {"file": ("plan.png", samples.picture("PNG"))}
        return str(self._ask("asha", "POST", "attachments", files=files)["id"])

    @property
    def TICKET(self) -> str:
        return self._ask("asha", "POST", "communication/sse/ticket/")["ticket"]

    @property
    def PUBLIC_KEY(self) -> str:
        return json.dumps({"kty": "EC", "crv": "P-256", "x": "eA", "y": "eQ"})

    @property
    def DEVICE(self) -> str:
        body = {"device_id": "laptop", "public_key": json.loads(self.PUBLIC_KEY)}
        return self._ask("asha", "PUT", "messaging/keys", json=body)["device_id"]

    @property
    def NOTICE(self) -> str:
        body = {"title": "x", "content": "x", "publish_date": "2026-12-01"}
        return str(self._ask("asha", "POST", "communication/notices/", json=body)["id"])

    @property
    def NOTICE_WITH_FILE(self) -> str:
        return self._with_file("notices", self.NOTICE, "attachment")

    @property
    def EVENT_WITH_PICTURE(self) -> str:
        return self._with_file("events", self.EVENT, "image")

    def _with_file(self, kind: str, row_id: str, name: str) -> str:
        files = {name: ("plan.png", samples.picture("PNG"))}
        self._ask("asha", "PATCH", f"communication/{kind}/{row_id}/", files=files)
        return row_id

    @property
    def EVENT(self) -> str:
        body = {"title": "x", "event_date": "2026-12-01"}
        return str(self._ask("asha", "POST", "communication/events/", json=body)["id"])

    @property
    def REGISTRATION(self) -> str:
        self._event = self.EVENT
        return str(self._ask("asha", "POST", "communication/event-registrations/", json={"event": self._event})["id"])

    @property
    def REGISTERED_EVENT(self) -> str:
        return self._event


@pytest.fixture(scope="module")
def things(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Things]:
    """The college's site with the people of the page."""
    folder = tmp_path_factory.mktemp("college")
    with College(folder) as site:
        yield Things(site, site.people(PEOPLE, folder / "people.json"))


@pytest.fixture
def run(things: Things, tmp_path: Path) -> Callable[[str], tuple[int, str]]:
    """``run(command)``: the HTTP status of the command, and what it wrote."""
    (tmp_path / "plan.png").write_bytes(samples.picture("PNG"))

    def call(command: str) -> tuple[int, str]:
        names = re.findall(r"\$([A-Z_]+)", command)
        order = sorted(set(names) - {"AUTH", "JSON"} | {"API", "TOKEN"}, key=lambda name: name in DERIVED)
        values = "".join(f"{name}={shlex.quote(getattr(things, name))}\n" for name in order)
        stops = f" --max-time {STREAM_SECONDS}" if " -sN " in command and "sse/test" not in command else ""
        written = f"{values}{SHELL}{command}{stops} -w '\\n%{{http_code}}'"
        done = subprocess.run(["bash", "-c", written], capture_output=True, text=True, timeout=60, cwd=tmp_path)
        assert done.returncode in ({0, TIMED_OUT} if stops else {0}), done.stderr
        said, _, status = done.stdout.rpartition("\n")
        return int(status), said

    return call


@pytest.mark.servers
@pytest.mark.parametrize("command", commands())
def test_an_example_works_as_it_stands(run, command):
    status, said = run(command)
    assert 200 <= status < 300, said
