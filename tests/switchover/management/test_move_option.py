"""The commands with --move, and manage.py moves."""

import io
import json
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.utils import timezone

from switchover import moves
from switchover.evidence.models import AnswerCount

pytestmark = pytest.mark.django_db


def said(*words):
    out = io.StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()


def outcome(*words):
    return json.loads(said(*words, "--json"))


@pytest.mark.usefixtures("move")
def test_the_report_is_that_of_the_move():
    assert outcome("parity_report", "--move", "greeting")["move"] == "greeting"
    assert "evening: 0 answers" in said("parity_report", "--move", "greeting")
    assert outcome("parity_report").keys() == outcome("parity_report", "--move", "transport").keys()
    assert "transports" in outcome("parity_report")


@pytest.mark.parametrize("command", [["parity_report"], ["migration", "status"], ["watch_rollout"], ["moves", "show"]])
def test_a_move_that_there_is_not_is_refused(command):
    with pytest.raises(CommandError, match="there is no move 'nothing'"):
        call_command(*command, "--move", "nothing")


@pytest.mark.usefixtures("move")
def test_a_phase_that_the_move_has_not_is_refused():
    with pytest.raises(CommandError, match="no phase 2 of greeting; there is none"):
        call_command("migration", "check", "--to", "2", "--move", "greeting")


def test_the_watch_takes_the_new_way_away(move, monkeypatch):
    now = timezone.now().replace(second=10)
    for minutes in range(2):
        AnswerCount.objects.create(
            move="greeting",
            way="evening",
            endpoint="/",
            kind="different",
            within_ms=1,
            count=1,
            minute=now.replace(second=0) + timedelta(minutes=minutes),
        )
        monkeypatch.setattr(timezone, "now", lambda after=minutes + 1: now + timedelta(minutes=after))
        found = outcome("watch_rollout", "--once", "--settle", "0", "--move", "greeting")
    assert found["demoted"]
    assert [held.scope for held in move.demotions.held()] == ["all"]


def test_taken_and_given_back(move):
    words = ["--move", "greeting", "--caller", "ana"]
    with pytest.raises(CommandError, match="Say why"):
        call_command("moves", "take", *words)
    assert outcome("moves", "take", *words, "--reason", "asked")["changed"]
    assert not outcome("moves", "take", *words, "--reason", "asked")["changed"]
    assert "taken away from caller ana: asked" in said("moves", "show")
    assert outcome("moves", "restore", *words)["changed"]
    assert "Nothing was taken" in said("moves", "restore", *words)
    with pytest.raises(CommandError, match="Say for whom"):
        call_command("moves", "take", "--move", "greeting", "--reason", "asked")
    with pytest.raises(CommandError, match="characters"):
        call_command("moves", "take", *words, "--reason", "a" * 301)


@pytest.mark.usefixtures("move")
def test_every_move_is_shown():
    shown = [one["move"] for one in outcome("moves", "show")["moves"]]
    assert shown == ["transport", "comm-api", "greeting"]


def test_nothing_is_taken_without_the_name_of_a_move():
    with pytest.raises(CommandError, match="Say which move"):
        call_command("moves", "take", "--all", "--reason", "asked")


@pytest.mark.parametrize("whom", ["caller", "group"])
def test_the_transport_is_taken_from_whom_there_is_and_from_nobody_else(whom):
    get_user_model().objects.create_user("ana")
    Group.objects.create(name="ana")
    move, words = moves.get("transport"), ["moves", "take", "--move", "transport", "--reason", "asked", f"--{whom}"]
    with pytest.raises(CommandError, match="There is no"):
        call_command(*words, "nobody")
    assert not move.demotions.held()
    call_command(*words, "ana")
    user = get_user_model().objects.get(username="ana")
    taken = move.demotions.taken()
    assert (taken.callers if whom == "caller" else taken.groups).keys() == {str(user.pk) if whom == "caller" else "ana"}
