"""env/phase-N.env, .env.example, the settings and docs agree on what a phase is."""

import os
import re
import subprocess
import sys

import pytest

from switchover.transport import phases
from tests.docs.markdown import named, section
from tests.support.site import ROOT

from .office import BASE, FLAGS, GUARD_SECONDS, FakeOffice, phase, values

NUMBERS = range(6)
VALID = {"SECRET_KEY": "abcdefghij" * 6, "ALLOWED_HOSTS": "127.0.0.1", "REDIS_URL": "redis://127.0.0.1:6379/0"}


def started(**environment: str) -> subprocess.CompletedProcess:
    """What start.sh would become with this environment."""
    return subprocess.run(
        [sys.executable, "-m", "gistagum.server"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "GISTAGUM_ENV_FILE": os.devnull, **VALID, **environment},
        capture_output=True,
        text=True,
        timeout=GUARD_SECONDS,
        check=False,
    )


@pytest.mark.parametrize("number", NUMBERS)
def test_the_settings_take_the_flags_of_each_phase(number):
    done = started(**phase(number))
    assert done.returncode == 0, done.stderr
    assert ("daphne" in done.stdout) == (number >= 2)


@pytest.mark.parametrize("number", NUMBERS)
def test_every_variable_of_a_phase_is_in_the_example(number):
    assert set(phase(number)) <= set(values(ROOT / ".env.example"))


def test_phase_0_holds_the_defaults():
    assert phase(0).items() <= values(ROOT / ".env.example").items()
    assert phase(1) == phase(0)


@pytest.mark.parametrize("number", NUMBERS)
def test_each_variable_is_explained(number):
    lines = (ROOT / "env" / f"phase-{number}.env").read_text().splitlines()
    for before, line in zip(["", *lines], lines, strict=False):
        assert "=" not in line or line.startswith("#") or before.startswith("# "), line


@pytest.mark.parametrize("number", NUMBERS)
def test_what_a_phase_takes_besides_is_what_the_settings_take(number):
    text = (ROOT / "env" / f"phase-{number}.env").read_text()
    for name, value in re.findall(r"^# or ([A-Z_]+)=(\S+)$", text, re.MULTILINE):
        for one in value.split(".."):
            done = started(**{**phase(number), name: one})
            assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("number", "lines"),
    [
        *((number, lines) for number in NUMBERS for lines in ("", "WEBSOCKET_ROLLOUT_PERCENT=40\n")),
        *((number, "WEBSOCKET_SHADOW=true\n") for number in (2, 3, 4, 5)),  # below, the settings refuse it
        *((number, "SSE_ENABLED=false\n") for number in (0, 1, 2, 3, 5)),
    ],
)
def test_scripts_and_site_agree_on_the_phase(number, lines, tmp_path):
    text = BASE + FLAGS[number] + lines
    one = FakeOffice(tmp_path, text)
    present = one.run("rollback", 0, "--dry-run", "--force", "--json").report["from"]
    one.close()
    held = {**phase(0), "WEBSOCKET_ROLLOUT_PERCENT": "100", **values_of(text)}
    switches = {name: {"true": True, "false": False}.get(value, value) for name, value in held.items()}
    switches |= {"REDIS_URL": held.get("REDIS_URL", ""), "WEBSOCKET_ROLLOUT_GROUPS": []}
    switches["WEBSOCKET_ROLLOUT_PERCENT"] = int(held["WEBSOCKET_ROLLOUT_PERCENT"])
    stands = phases.standing(switches).number
    assert present == ("between" if stands is None else str(stands))


def values_of(text: str) -> dict[str, str]:
    """The variables of an env file's text."""
    return dict(line.split("=", 1) for line in text.splitlines())


@pytest.mark.parametrize("script", ["advance", "rollback"])
def test_every_option_is_documented_and_no_other(script):
    said = subprocess.run(
        [str(ROOT / "scripts" / f"{script}.sh"), "--help"],
        capture_output=True,
        text=True,
        check=True,
        timeout=GUARD_SECONDS,
    ).stdout
    rows = section("docs/operating.md", "Moving from phase to phase").table("option")
    assert {named(row[0]) for row in rows} == set(re.findall(r"^  (--[a-z-]+)", said, re.MULTILINE))
