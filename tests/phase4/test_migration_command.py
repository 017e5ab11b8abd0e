"""``manage.py migration``: what is really in force, and what is missing before the next phase."""

import itertools
import json
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from realtime.delivery.hub import hub
from realtime.rollout.models import ConnectionSample, ServerProcess
from realtime.rollout.presence import GONE_SECONDS, Presence
from switchover.transport import checklist
from tests.support.ports import wait_until


def _run(capsys, *words: str) -> dict:
    call_command("migration", *words, "--json")
    return json.loads(capsys.readouterr().out)


def test_status_tells_what_the_running_servers_run_with(sites, on_database, capsys):
    """Not what this command's own environment says: the two may differ."""
    site = sites("daphne", "postgres")
    on_database(site.database_url)
    wait_until(lambda: ServerProcess.objects.filter(server="daphne").exists(), "Daphne says that it lives")
    status = _run(capsys, "status")
    assert status["here"]["number"] == 0
    [daphne] = [one for one in status["servers"] if one["server"] == "daphne"]
    assert daphne["phase"]["number"] == 2
    call_command("migration", "status")
    assert "What runs is not what is configured here" in capsys.readouterr().out


@pytest.fixture
def reports(settings, tmp_path):
    """An empty folder for the evidence of suites and drills."""
    settings.BASE_DIR = tmp_path
    (tmp_path / "reports").mkdir()
    return tmp_path / "reports"


def _evidence(settings, **fields) -> str:
    versions = {"version": settings.CODE_VERSION, "scripts": settings.SCRIPTS_VERSION}
    return json.dumps({**versions, "finished_at": timezone.now().isoformat(), **fields})


GOOD_DRILL = {
    "clients": 50,
    "lost": 0,
    "repeated": 0,
    "disordered": 0,
    "faults": [],
    "pairs": [{"from": here, "to": there, "seconds": 3.5} for here, there in itertools.permutations(range(6), 2)],
}


@pytest.mark.django_db
def test_check_is_content_when_all_the_evidence_is_there(settings, reports, capsys):
    Presence().beat()
    for phase in (1, 2):
        (reports / f"phase-{phase}.json").write_text(_evidence(settings, passed=40, failed=0))
    (reports / "rollback-drill.json").write_text(_evidence(settings, **GOOD_DRILL))
    outcome = _run(capsys, "check", "--to", "2")
    assert outcome["well"], outcome
    assert len(outcome["findings"]) == 6


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("spoil", "name", "why"),
    [
        (lambda reports, settings: (reports / "phase-1.json").unlink(), "suite of phase 1", "never run here"),
        (
            lambda reports, settings: (reports / "phase-2.json").write_text(_evidence(settings, passed=9, failed=1)),
            "suite of phase 2",
            "9 passed, 1 failed",
        ),
        (
            lambda reports, settings: (reports / "phase-2.json").write_text("half a fi"),
            "suite of phase 2",
            "cannot be read",
        ),
        (
            lambda reports, settings: (reports / "rollback-drill.json").write_text(
                _evidence(settings, **GOOD_DRILL | {"lost": 1})
            ),
            "rollback drill",
            "1 lost",
        ),
        (
            lambda reports, settings: (reports / "rollback-drill.json").write_text(
                _evidence(settings, **GOOD_DRILL | {"pairs": GOOD_DRILL["pairs"][:-1]})
            ),
            "rollback drill",
            "1 ways were not gone, (5, 4) first",
        ),
        (
            lambda reports, settings: (reports / "rollback-drill.json").write_text(
                _evidence(settings, **GOOD_DRILL | {"version": "other"})
            ),
            "rollback drill",
            "other code",
        ),
        (
            lambda reports, settings: (reports / "rollback-drill.json").write_text(
                _evidence(settings, **GOOD_DRILL | {"finished_at": "2020-01-01T00:00:00+08:00"})
            ),
            "rollback drill",
            "too long ago",
        ),
        (
            lambda reports, settings: (reports / "rollback-drill.json").write_text(
                _evidence(settings, **GOOD_DRILL | {"scripts": "other"})
            ),
            "rollback drill",
            "other scripts",
        ),
        (
            lambda reports, settings: (reports / "rollback-drill.json").write_text(
                _evidence(settings, **GOOD_DRILL | {"faults": ["3 to people who may not see them"]})
            ),
            "rollback drill",
            "it failed: 3 to people who may not see them",
        ),
        (lambda reports, settings: ServerProcess.objects.all().delete(), "servers", "no server process"),
        (lambda reports, settings: ServerProcess.objects.update(version="old"), "servers", "restart the site"),
        (
            lambda reports, settings: ServerProcess.objects.update(
                seen_at=timezone.now() - timedelta(seconds=GONE_SECONDS + 1)
            ),
            "servers",
            "no server process",
        ),
    ],
)
def test_check_says_what_is_missing_and_fails(settings, reports, capsys, spoil, name, why):
    Presence().beat()
    for phase in (1, 2):
        (reports / f"phase-{phase}.json").write_text(_evidence(settings, passed=40, failed=0))
    (reports / "rollback-drill.json").write_text(_evidence(settings, **GOOD_DRILL))
    spoil(reports, settings)
    with pytest.raises(CommandError, match=f"Not ready for phase 2: {name}") as raised:
        call_command("migration", "check", "--to", "2", "--json")
    assert raised.value.returncode == 1
    outcome = json.loads(capsys.readouterr().out)
    [missing] = [one for one in outcome["findings"] if not one["well"]]
    assert missing["name"] == name
    assert why in missing["evidence"]


@pytest.mark.django_db
def test_servers_that_run_with_different_switches_are_not_ready(settings, reports):
    first, second = Presence(), Presence()
    first.beat()
    settings.SWITCHES = {**settings.SWITCHES, "USE_DAPHNE": {"value": True, "source": "environment"}}
    second.beat()
    found = next(one for one in checklist.findings(1) if one.name == "servers")
    assert not found.well
    assert "they differ" in found.evidence


@pytest.mark.django_db
def test_redis_is_asked_for_from_phase_3_on(settings, reports):
    assert "Redis" not in {one.name for one in checklist.findings(2)}
    assert "Redis" in {one.name for one in checklist.findings(3)}


@pytest.mark.django_db
def test_what_browsers_reported_is_asked_for_from_phase_4_on(settings, reports):
    """Where nobody has reported anything, nothing speaks for it: that is not guessed."""
    assert "parity" not in {one.name for one in checklist.findings(3)}
    found = next(one for one in checklist.findings(4) if one.name == "parity")
    assert not found.well
    assert found.evidence.startswith("not enough data since ")


@pytest.mark.parametrize(
    "fault", [OperationalError("the database is away"), InterfaceError("the connection is closed")]
)
def test_a_process_tells_again_after_whatever_its_database_said(monkeypatch, fault):
    presence, beats = Presence(), []

    def beat():
        beats.append(1)
        if len(beats) == 1:
            raise fault
        monkeypatch.setattr(hub, "closing", True)

    monkeypatch.setattr(presence, "beat", beat)
    monkeypatch.setattr(presence, "leave", lambda: None)
    monkeypatch.setattr(hub, "wait_for_end", lambda seconds: None)
    presence._run()
    assert len(beats) == 2


def test_a_process_that_ends_without_its_database_says_goodbye_once(monkeypatch):
    presence, goodbyes = Presence(), []

    def leave():
        goodbyes.append(1)
        assert len(goodbyes) < 2, "it tries as fast as it can"
        raise OperationalError("the database is away")

    monkeypatch.setattr(hub, "closing", True)
    monkeypatch.setattr(hub, "wait_for_end", lambda seconds: None)
    monkeypatch.setattr(presence, "leave", leave)
    presence._run()


@pytest.mark.django_db
def test_a_process_has_one_row_and_a_sample_a_minute(django_assert_max_num_queries):
    presence = Presence()
    for _ in range(3):
        presence.beat()
    assert ServerProcess.objects.count() == ConnectionSample.objects.count() == 1
    with django_assert_max_num_queries(6):
        presence.beat()
    presence.leave()
    assert not ServerProcess.objects.exists()
