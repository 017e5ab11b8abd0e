"""The API of conversations on a site whose people have UUIDs, from outside: HTTP, the WebSocket, and other colleges."""

import json

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.support.ports import wait_until

ROWS = [
    {"username": "kavi", "first_name": "Kavi", "last_name": "Rao", "college": 27},
    {"username": "lata", "first_name": "Lata", "college": 27},
    {"username": "oja", "first_name": "Oja", "college": 27},
    {"username": "mani", "first_name": "Mani", "college": 28},
    {"username": "nila", "first_name": "Nila", "user_type": "central_manager", "college": None},
]


@pytest.fixture(scope="module")
def people(college, folder):
    return college.people(ROWS, folder / "conversations.json")


@pytest.fixture
def call(college, people):
    """``call(name, method, path, body)``: the answer's status and JSON."""

    def ask(name: str, method: str, path: str, body: object = None) -> tuple[int, dict]:
        headers = {"Authorization": f"Bearer {people[name]['token']}"}
        answer = httpx.request(method, f"{college.url}/api/v1/{path}", json=body, headers=headers, timeout=30)
        return answer.status_code, answer.json() if answer.content else {}

    return ask


def test_people_of_a_college_write_to_each_other_and_global_people_to_everybody(call, people):
    kavi, mani = people["kavi"]["id"], people["mani"]["id"]
    status, made = call("lata", "POST", "conversations", {"participants": [kavi], "message": "Good morning"})
    assert status == 201
    assert {one["user_id"] for one in made["participants"]} == {kavi, people["lata"]["id"]}
    assert call("lata", "POST", "conversations", {"participants": [kavi.upper()]}) == (200, made)
    assert call("kavi", "POST", "conversations", {"participants": [mani]})[0] == 422
    assert call("nila", "POST", "messages", {"to_user_id": mani, "message": "Hello"})[0] == 201
    assert call("kavi", "POST", "conversations", {"participants": ["7"]})[0] == 422


def test_a_group_is_kept_by_uuids(call, people):
    ids = {name: people[name]["id"] for name in people}
    _, group = call("kavi", "POST", "conversations", {"type": "group", "participants": [ids["lata"]], "subject": "Lab"})
    path = f"conversations/{group['id']}/participants"
    assert call("kavi", "POST", path, {"user_ids": [ids["nila"]], "role": "readonly"})[0] == 201
    assert call("kavi", "POST", path, {"user_ids": [ids["mani"]]})[0] == 422
    assert call("kavi", "PATCH", f"{path}/{ids['nila']}", {"role": "moderator"})[1]["role"] == "moderator"
    assert call("kavi", "DELETE", f"{path}/{ids['lata']}")[0] == 204
    assert call("kavi", "DELETE", f"{path}/not-a-uuid")[0] == 404
    shown = call("kavi", "GET", f"messaging/presence?user_ids={ids['lata']}")[1]["presence"]
    assert [one["user_id"] for one in shown] == [ids["lata"]]


def frame_of(socket, kind: str) -> dict:
    """The next frame of this type."""
    while True:
        frame = json.loads(socket.recv(timeout=10))
        if frame["type"] == kind:
            return frame


def test_a_ticket_opens_the_socket_once_from_any_origin(college, call, people):
    ticket = call("kavi", "POST", "ws-ticket")[1]["ticket"]
    address = f"ws{college.url.removeprefix('http')}/ws?ticket={ticket}"
    with connect(address, origin="https://elsewhere.example") as socket:
        hello = json.loads(socket.recv(timeout=10))
        assert (hello["type"], hello["user_id"]) == ("hello", people["kavi"]["id"])
        call("oja", "POST", "messages", {"to_user_id": people["kavi"]["id"], "message": "Live"})
        told = frame_of(socket, "message")
        assert (told["message"]["content"], told["message"]["sender_id"]) == ("Live", people["oja"]["id"])
        socket.send(json.dumps({"type": "ack", "id": told["id"]}))
        receipt = frame_of(socket, "receipt")
        assert (receipt["user_id"], receipt["delivered_up_to"]) == (people["kavi"]["id"], told["message"]["id"])
    with connect(address) as again, pytest.raises(ConnectionClosed) as closed:
        again.recv(timeout=10)
    assert closed.value.rcvd.code == 4401


def test_people_of_a_college_and_global_people_know_of_each_other_that_they_are_there(college, call, people):
    def sees(viewer: str, other: str) -> bool:
        [shown] = call(viewer, "GET", f"messaging/presence?user_ids={people[other]['id']}")[1]["presence"]
        return shown["online"]

    tickets = [call(name, "POST", "ws-ticket")[1]["ticket"] for name in ("kavi", "nila")]
    address = f"ws{college.url.removeprefix('http')}/ws?ticket="
    with connect(address + tickets[0]), connect(address + tickets[1]):
        wait_until(lambda: sees("nila", "kavi"), "a global person sees one of a college")
        wait_until(lambda: sees("kavi", "nila"), "one of a college sees a global person")
        assert not sees("mani", "kavi")
