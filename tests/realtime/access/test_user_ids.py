"""Ids of people: of the type of the user model in the program, and as JSON holds them in the log."""

import json
import os
import subprocess
import sys
import uuid

import pytest

from realtime.access.user_ids import all_of_json, of_json, sort_key, to_json
from tests.support.site import ROOT

ONE = uuid.UUID("0e6dd36b-4f8a-4a4e-8e9c-1b2f3a4c5d6e")


@pytest.mark.parametrize(("said", "user_id"), [(7, 7), ("7", 7), (0, 0)])
def test_a_number_that_json_or_a_text_holds_is_the_id(said, user_id):
    assert of_json(said) == user_id


@pytest.mark.parametrize("said", [None, True, False, "", "x", "7x", str(ONE), "9" * 5_000, [7], {"id": 7}, 7.0])
def test_what_cannot_be_an_id_is_none(said):
    assert of_json(said) is None
    assert all_of_json([said, 7]) == {7}


def test_json_holds_numbers_as_numbers_and_anything_else_as_text():
    assert json.loads(json.dumps([to_json(7), to_json(ONE), to_json("ana")])) == [7, str(ONE), "ana"]


def test_numbers_are_sorted_by_value_and_others_by_their_text():
    assert sorted([10, 9, 100], key=sort_key) == [9, 10, 100]
    assert sorted(["b", "a"], key=sort_key) == ["a", "b"]
    other = uuid.UUID(int=1)
    assert sorted([ONE, other], key=sort_key) == [other, ONE]


def test_a_site_whose_people_have_uuids_has_all_of_realtime_and_messaging(tmp_path):
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.support.uuid_users.settings",
        "UUID_USERS_DATABASE": str(tmp_path / "site.sqlite3"),
    }
    command = [sys.executable, "-m", "tests.support.uuid_users.check"]
    said = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert said.returncode == 0, said.stderr
    assert json.loads(said.stdout) == {
        "letters": ["for Ana"],
        "same user": True,
        "another user": True,
        "named in the log": True,
        "applied": True,
        "demoted": ["sse", "shadow"],
        "decisions": "taken away from this person: Their proxy.",
        "share": True,
        "receipt": [200, '{"accepted": 1, "refused": 0}'],
        "their rights have changed since": True,
        "kept": [1, True],
        "rows": [["ana", True, False], ["ben", False, True]],
        "online": True,
        "told": True,
        "unread": True,
        "delivered": True,
        "signed out": True,
        "soon": True,
        "of JSON": True,
    }
