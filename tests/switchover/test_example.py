"""The example of docs/switchover.md, run as it stands there: a move by one class and an env file for each phase."""

import json
import re
import shutil

import pytest
from django.core.management import call_command
from django.test import RequestFactory

from switchover import moves
from switchover.aside import aside
from switchover.phases import phase_of, standing
from tests.rollback.office import BASE, FakeOffice, values
from tests.support.site import ROOT

TEXT = (ROOT / "docs" / "switchover.md").read_text(encoding="utf-8")
PYTHON = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
FILES = {
    int(number): text
    for number, text in re.findall(r"`env/greeting-phase-([0-9])\.env`:\n\n```sh\n(.*?)```", TEXT, re.DOTALL)
}
requests = RequestFactory()


@pytest.fixture
def example():
    """The names that the example's code defines. The settings are read by the site, so the last block is left out."""
    names = {}
    for block in PYTHON[:3]:
        exec(compile(block, "docs/switchover.md", "exec"), names)
    yield names
    moves.unregister("greeting")


def greeted(example, **headers):
    request = requests.get("/greeting/", headers=headers)
    response = example["greet"](request)
    request.close()
    aside.run_waiting()
    return response


@pytest.mark.django_db
def test_the_flags_of_each_phase_make_it(example, settings):
    found = [phase_of(number, text) for number, text in FILES.items()]
    assert [phase.name for phase in found] == ["as it was", "shadow", "gradual", "default"]
    for phase in found:
        settings.GREETING = phase.flags["GREETING"]
        settings.GREETING_PERCENT = int(phase.flags["GREETING_PERCENT"])
        settings.GREETING_SHADOW = phase.flags["GREETING_SHADOW"] == "true"
        assert standing(found, example["MOVE"].values()).number == phase.number


@pytest.mark.django_db
def test_it_is_walked_with_evidence(example, settings, capsys):
    assert greeted(example)["X-Served-By"] == "typed"
    settings.GREETING_SHADOW = True
    for _ in range(3):
        assert greeted(example)["X-Served-By"] == "typed"
    call_command("parity_report", "--move", "greeting", "--json")
    report = json.loads(capsys.readouterr().out)
    assert (report["verdict"], report["ways"]["looked-up"]["same"]) == ("good", 3)
    settings.GREETING, settings.GREETING_SHADOW = "looked-up", False
    assert greeted(example)["X-Served-By"] == "looked-up"
    call_command("moves", "take", "--move", "greeting", "--caller", "ana", "--reason", "asked for it")
    assert greeted(example, X_Caller="ana")["X-Served-By"] == "typed"
    assert greeted(example, X_Caller="ben")["X-Served-By"] == "looked-up"


@pytest.mark.django_db
def test_a_difference_is_found_and_told_as_the_class_declares(example, settings):
    settings.GREETING_SHADOW = True
    code = PYTHON[2].replace("Good morning", "Good evening", 2).replace("Good evening", "Good morning", 1)
    exec(compile(code, "docs/switchover.md", "exec"), example)
    greeted(example)
    found = example["MOVE"].measure(*_today())
    assert found.verdict == "bad"
    from switchover.shadow.models import Difference

    kept = Difference.objects.get()
    assert (kept.path, kept.old, kept.new) == ("greeting", '"Good morning"', '"Good evening"')


def test_the_scripts_walk_it(tmp_path):
    for name in ("scripts", "env"):
        shutil.copytree(ROOT / name, tmp_path / "root" / name)
    for number, text in FILES.items():
        (tmp_path / "root" / "env" / f"greeting-phase-{number}.env").write_text(text)
    site = FakeOffice(tmp_path, BASE)
    site.root = tmp_path / "root"
    try:
        for script, number, way in (("advance", 1, "typed"), ("advance", 3, "looked-up"), ("rollback", 0, "typed")):
            done = site.run(script, number, "--move", "greeting")
            assert done.code == 0, done
            assert values(site.file).get("GREETING", "typed") == way
    finally:
        site.close()


def _today():
    from datetime import timedelta

    from django.utils import timezone

    now = timezone.now()
    return now - timedelta(hours=1), now + timedelta(minutes=1)
