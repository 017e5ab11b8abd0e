"""The container's files hold what they must (whether the image builds, only a Docker engine can tell)."""

import fnmatch
import re
import subprocess

import pytest

from tests.support.site import ROOT


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions with their arguments, continued lines joined."""
    text = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text())
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.split()[0], line.split(None, 1)[1]) for line in lines]


INSTRUCTIONS = instructions()
LAST_STAGE = INSTRUCTIONS[max(number for number, (name, _) in enumerate(INSTRUCTIONS) if name == "FROM") :]


def said(name: str) -> list[str]:
    return [words for one, words in LAST_STAGE if one == name]


def test_it_starts_with_start_sh_and_not_as_root():
    assert said("ENTRYPOINT") == ['["./start.sh"]']
    assert said("USER") == ["gistagum"]
    order = [name for name, _ in LAST_STAGE]
    assert order.index("USER") > max(number for number, name in enumerate(order) if name in {"RUN", "COPY"})
    assert {words for name, words in INSTRUCTIONS if name == "FROM"} == {
        "python:3.11-slim AS packages",
        "python:3.11-slim",
    }


def test_it_listens_to_the_outside_and_says_how_it_is():
    [environment] = said("ENV")
    assert "HOST=0.0.0.0" in environment
    [check] = said("HEALTHCHECK")
    code = re.search(r'"-c", "(.*)"\]$', check)[1]
    compile(code, "HEALTHCHECK", "exec")
    assert "/health/" in code
    assert "urllib" in code


def test_the_health_check_tells_a_running_site_from_none(sites):
    import os
    import sys

    [check] = said("HEALTHCHECK")
    code = re.search(r'"-c", "(.*)"\]$', check)[1]
    for port, well in ((sites("daphne", "sqlite").port, True), (1, False)):
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={"PATH": os.environ["PATH"], "PORT": str(port)},
            stderr=subprocess.DEVNULL,
            timeout=15,
            check=False,
        )
        assert (done.returncode == 0) is well


def test_nothing_secret_and_no_demo_goes_in():
    text = (ROOT / "Dockerfile").read_text()
    assert not re.search(r"^(ENV|ARG).*(SECRET|PASSWORD|DATABASE_URL)", text, re.MULTILINE)
    assert "demo_data" not in text
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert lines[1] == "*"
    let_in = [line[1:].rstrip("/") for line in lines if line.startswith("!")]
    for path in (".env", ".git", "var", "tests", "docs", ".venv"):
        assert not [pattern for pattern in let_in if fnmatch.fnmatch(path, pattern)], path


def test_everything_that_it_copies_exists_and_is_let_in():
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    let_in = {line[1:].rstrip("/") for line in lines if line.startswith("!")}
    copied = {
        word.removeprefix("./").rstrip("/")
        for name, words in INSTRUCTIONS
        if name == "COPY" and not words.startswith("--from")
        for word in words.split()[:-1]
    }
    assert copied == let_in
    assert all((ROOT / path).exists() for path in copied)
    # All apps, and whatever start.sh runs.
    assert {"gistagum", "realtime", "projeng", "manage.py", "gunicorn.conf.py", "templates", "static"} <= copied


def service(name: str) -> str:
    """A service's lines in compose.yaml."""
    text = (ROOT / "compose.yaml").read_text()
    return re.search(rf"^  {name}:\n((?:    .*\n|\n)+)", text, re.MULTILINE)[1]


@pytest.mark.parametrize("name", ["postgres", "redis"])
def test_what_the_site_needs_has_a_health_check_that_it_waits_for(name):
    assert "healthcheck:" in service(name)
    assert re.search(rf"{name}:\n\s+condition: service_healthy", service("web"))


def test_the_services_fit_together_and_secrets_come_from_outside():
    web = service("web")
    assert "redis://redis:6379/0" in web
    assert "@postgres:5432/gistagum" in web
    assert re.search(r"SECRET_KEY: \$\{SECRET_KEY:\?", web)
    assert "127.0.0.1:8000:8000" in web, "not open to the network without a proxy"
    example = (ROOT / ".env.example").read_text()
    for variable in re.findall(r"^      ([A-Z_]+):", web, re.MULTILINE):
        assert re.search(rf"^{variable}=", example, re.MULTILINE), variable
    assert "--save" in service("redis")
