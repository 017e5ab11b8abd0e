"""The college's site from outside: `college_people`, its people's tokens, and whom they find."""

import json
import uuid

import httpx
import pytest

FIRST = {
    "id": "11111111-1111-4111-8111-111111111111",
    "username": "asha",
    "password": "asha-has-a-password",
    "first_name": "Asha",
    "last_name": "Rao",
    "user_type": "student",
    "college": 7,
    "is_active": True,
    "is_superuser": False,
    "token": "a" * 40,
}
TEACHER = {"username": "bala", "password": "bala-has-one", "user_type": "teacher", "college": 7}
STRANGER = {"username": "chitra", "first_name": "Chitra", "college": 8}
MANAGER = {"username": "meera", "user_type": "central_manager", "college": None}
GONE = {"username": "gone", "college": 7, "is_active": False}
ROWS = [FIRST, TEACHER, STRANGER, MANAGER, GONE]


@pytest.fixture(scope="module")
def people(college, folder):
    return college.people(ROWS, folder / "people.json")


def get(college, token, path="accounts/users/", **parameters):
    url = f"{college.url}/api/v1/{path}"
    return httpx.get(url, params=parameters, headers={"Authorization": f"Bearer {token}"}, timeout=30)


def test_each_person_has_a_uuid_and_a_token_and_keeps_them(college, people, folder):
    assert set(people) == {"asha", "bala", "chitra", "meera", "gone"}
    assert people["asha"] == {"id": FIRST["id"], "token": FIRST["token"]}
    assert all(uuid.UUID(person["id"]) for person in people.values())
    assert college.people(ROWS, folder / "again.json") == people


@pytest.mark.parametrize(
    ("reader", "found"),
    [("asha", {"asha", "bala"}), ("chitra", {"chitra"}), ("meera", {"asha", "bala", "chitra", "meera"})],
)
def test_people_find_their_own_college_and_global_people_everybody(college, people, reader, found):
    said = get(college, people[reader]["token"], page_size=100).json()
    # Global people find those of other tests' colleges, too.
    assert {person["username"] for person in said["results"]} & set(people) == found


def test_the_token_of_a_disabled_person_is_refused(college, people):
    answer = get(college, people["gone"]["token"])
    assert (answer.status_code, answer.json()) == (401, {"detail": "User inactive or deleted."})


def test_signing_in_gives_the_token_and_the_college(college, people):
    given = {"username": "bala", "password": "bala-has-one"}
    said = httpx.post(f"{college.url}/api/v1/auth/login/", json=given, timeout=30).json()
    assert (said["key"], said["user"]["id"]) == (people["bala"]["token"], people["bala"]["id"])
    assert (said["college_id"], said["tenant_ids"], said["user_roles"]) == (7, [7], ["teacher"])
    assert said["user"]["user_type"] == "teacher"


def test_bad_rows_are_refused_by_name_and_change_nothing(college, people, folder):
    rows = [
        {"username": "new"},
        {"username": "asha", "id": str(uuid.uuid4())},
        {"username": "dev", "user_type": "king"},
        {"username": "esha", "token": FIRST["token"]},
        {"username": "fay", "age": 4},
        {"username": "gita", "college": "seven"},
        {"username": "new"},
        {"first_name": "Nobody"},
        "text",
    ]
    file = folder / "bad.json"

    file.write_text(json.dumps(rows))
    said = college.manage("college_people", str(file), expect=1).stderr
    begins = [
        "asha: ",
        "dev: user_type",
        "esha: ",
        "fay: ",
        "gita: ",
        "new: is in the file twice",
        "Row 8: ",
        "Row 9: ",
    ]
    assert [begin for begin in begins if begin not in said] == []
    assert get(college, people["meera"]["token"], search="new").json()["count"] == 0
