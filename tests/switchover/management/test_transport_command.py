"""``manage.py transport``: what an operator types, and what they are told."""

import json

import pytest
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command

from realtime.rollout.models import TransportChange
from switchover.transport import grants
from tests.support.people import person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _granted(settings):
    settings.USE_WEBSOCKETS = True


def _run(capsys, *words: str) -> str:
    call_command("transport", *words)
    return capsys.readouterr().out.strip()


def test_taking_it_away_and_giving_it_back(capsys):
    user = person()
    assert _run(capsys, "sse", "--all", "--reason", "the proxy") == "WebSocket is taken away from everybody."
    assert grants.decision(user) == ("sse", "taken away from everybody: the proxy")
    assert _run(capsys, "sse", "--all", "--reason", "again") == "It was taken away from everybody already."
    assert _run(capsys, "restore", "--all") == "Given back to everybody what the flags grant."
    assert grants.decision(user).transport == "websocket"
    assert _run(capsys, "restore", "--all") == "Nothing was taken from everybody."
    assert TransportChange.objects.first().by.endswith("(manage.py transport)")


def test_for_one_user_and_for_a_group(capsys):
    user = person()
    Group.objects.create(name="Surveyors")
    _run(capsys, "sse", "--user", user.username, "--reason", "asked")
    _run(capsys, "sse", "--group", "Surveyors", "--reason", "old tablets")
    shown = json.loads(_run(capsys, "show", "--user", user.username, "--json"))
    assert shown["user"] == {
        "name": user.username,
        "transport": "sse",
        "reason": "taken away from this person: asked",
    }
    assert [(hold["scope"], hold["target"]) for hold in shown["holds"]] == [
        ("user", str(user.pk)),
        ("group", "Surveyors"),
    ]


def test_show_counts_who_has_what_and_names_groups_that_there_are_not(capsys, settings):
    settings.WEBSOCKET_ROLLOUT_GROUPS = ["Surveyers"]
    settings.WEBSOCKET_ROLLOUT_PERCENT = 0
    person()
    text = _run(capsys, "show")
    assert "WEBSOCKET_ROLLOUT_GROUPS names 'Surveyers', which is no group here." in text
    assert "Users: 1 sse, 0 websocket, 0 shadow" in text


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (["sse", "--all"], "Say why"),
        (["sse", "--all", "--reason", "  "], "Say why"),
        (["sse", "--reason", "x"], "Say for whom"),
        (["sse", "--user", "nobody", "--reason", "x"], "There is no user 'nobody'."),
        (["sse", "--group", "nothing", "--reason", "x"], "There is no group 'nothing'."),
        (["sse", "--all", "--reason", "x" * 301], "301 characters"),
    ],
)
def test_what_makes_no_sense_is_one_line_and_changes_nothing(words, fault):
    with pytest.raises(CommandError, match=fault) as raised:
        call_command("transport", *words)
    assert raised.value.returncode == 2
    assert "\n" not in str(raised.value)
    assert not TransportChange.objects.exists()
