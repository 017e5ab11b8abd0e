"""The API of conversations on a site whose people have UUIDs, from outside: HTTP, the WebSocket, and other colleges."""

import json

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.support.college import College

ROWS = [
    {"username": "asha", "first_name": "Asha", "last_name": "Rao", "college": 7},
    {"username": "bala", "first_name": "Bala", "college": 7},
    {"username": "chitra", "first_name": "Chitra", "college": 8},
    {"username": "meera", "first_name": "Meera", "user_type": "central_manager", "college": None},
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("conversations")


@pytest.fixture(scope="module")
def college(folder):
    with College(folder) as running:
        yield running


@pytest.fixture(scope="module")
def people(college, folder):
    return college.people(ROWS, folder / "people.json")


@pytest.fixture
def call(college, people):
    """``call(name, method, path, body)``: the answer's status and JSON."""

    def ask(name: str, method: str, path: str, body: object = None) -> tuple[int, dict]:
        headers = {"Authorization": f"Bearer {people[name]['token']}"}
        answer = httpx.request(method, f"{college.url}/api/v1/{path}", json=body, headers=headers, timeout=30)
        return answer.status_code, answer.json() if answer.content else {}

    return ask


def test_people_of_a_college_write_to_each_other_and_global_people_to_everybody(call, people):
    asha, chitra = people["asha"]["id"], people["chitra"]["id"]
    status, made = call("bala", "POST", "conversations", {"participants": [asha], "message": "Good morning"})
    assert status == 201
    assert {one["user_id"] for one in made["participants"]} == {asha, people["bala"]["id"]}
    assert call("bala", "POST", "conversations", {"participants": [asha.upper()]}) == (200, made)
    assert call("asha", "POST", "conversations", {"participants": [chitra]})[0] == 422
    assert call("meera", "POST", "messages", {"to_user_id": chitra, "message": "Hello"})[0] == 201
    assert call("asha", "POST", "conversations", {"participants": ["7"]})[0] == 422


def test_a_group_is_kept_by_uuids(call, people):
    ids = {name: people[name]["id"] for name in people}
    _, group = call("asha", "POST", "conversations", {"type": "group", "participants": [ids["bala"]], "subject": "Lab"})
    path = f"conversations/{group['id']}/participants"
    assert call("asha", "POST", path, {"user_ids": [ids["meera"]], "role": "readonly"})[0] == 201
    assert call("asha", "POST", path, {"user_ids": [ids["chitra"]]})[0] == 422
    assert call("asha", "PATCH", f"{path}/{ids['meera']}", {"role": "moderator"})[1]["role"] == "moderator"
    assert call("asha", "DELETE", f"{path}/{ids['bala']}")[0] == 204
    assert call("asha", "DELETE", f"{path}/not-a-uuid")[0] == 404
    shown = call("asha", "GET", f"messaging/presence?user_ids={ids['bala']}")[1]["presence"]
    assert [one["user_id"] for one in shown] == [ids["bala"]]


def frame_of(socket, kind: str) -> dict:
    """The next frame of this type."""
    while True:
        frame = json.loads(socket.recv(timeout=10))
        if frame["type"] == kind:
            return frame


def test_a_ticket_opens_the_socket_once_from_any_origin(college, call, people):
    ticket = call("asha", "POST", "ws-ticket")[1]["ticket"]
    address = f"ws{college.url.removeprefix('http')}/ws?ticket={ticket}"
    with connect(address, origin="https://elsewhere.example") as socket:
        hello = json.loads(socket.recv(timeout=10))
        assert (hello["type"], hello["user_id"]) == ("hello", people["asha"]["id"])
        call("bala", "POST", "messages", {"to_user_id": people["asha"]["id"], "message": "Live"})
        told = frame_of(socket, "message")
        assert (told["message"]["content"], told["message"]["sender_id"]) == ("Live", people["bala"]["id"])
        socket.send(json.dumps({"type": "ack", "id": told["id"]}))
        receipt = frame_of(socket, "receipt")
        assert (receipt["user_id"], receipt["delivered_up_to"]) == (people["asha"]["id"], told["message"]["id"])
    with connect(address) as again, pytest.raises(ConnectionClosed) as closed:
        again.recv(timeout=10)
    assert closed.value.rcvd.code == 4401
