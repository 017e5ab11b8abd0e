"""How the site reads an env file, whatever editor has saved it. The scripts do the same (tests/rollback)."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from gistagum.env_file import read_env_file
from tests.support.env_files import BASE, CASES, READ, REFUSED
from tests.support.site import ROOT


def start(file: Path, *command: str) -> subprocess.CompletedProcess:
    """A command of the site, with its settings from this file alone."""
    words = command or ("-m", "gistagum.server")
    environment = {"PATH": os.environ["PATH"], "GISTAGUM_ENV_FILE": str(file)}
    return subprocess.run(
        [sys.executable, *words], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("name", READ)
def test_what_can_be_read_is_read(tmp_path, name):
    file = tmp_path / "site.env"
    file.write_bytes(CASES[name].data)
    lines = read_env_file(file).splitlines()
    assert {"USE_DAPHNE=true", *BASE.splitlines()} <= set(lines)
    assert not [line for line in lines if "#" in line or line.startswith("\ufeff")]


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_is_refused_with_its_line(tmp_path, name):
    file = tmp_path / "site.env"
    file.write_bytes(CASES[name].data)
    with pytest.raises(ImproperlyConfigured) as refused:
        read_env_file(file)
    assert str(refused.value).startswith(f"{file}{CASES[name].refusal}")


@pytest.mark.parametrize("name", ["byte order mark", "other bytes in a comment"])
def test_the_site_starts_with_a_file_from_windows(tmp_path, name):
    file = tmp_path / "site.env"
    file.write_bytes(CASES[name].data)
    done = start(file)
    assert (done.returncode, done.stderr) == (0, "")
    assert "daphne" in done.stdout


@pytest.mark.parametrize("command", [("-m", "gistagum.server"), ("manage.py", "check")])
@pytest.mark.parametrize("name", ["UTF-16", "other bytes in a value"])
def test_the_site_refuses_such_a_file_with_one_line(tmp_path, name, command):
    file = tmp_path / "site.env"
    file.write_bytes(CASES[name].data)
    done = start(file, *command)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"gistagum: {file}{CASES[name].refusal}; save the file as UTF-8.\n"


@pytest.mark.parametrize("make", [lambda file: None, lambda file: file.mkdir()], ids=["none", "folder"])
def test_a_named_file_that_is_not_there_is_refused_with_one_line(tmp_path, make):
    file = tmp_path / "site.env"
    make(file)
    done = start(file)
    assert (done.returncode, done.stderr) == (
        1,
        f"gistagum: GISTAGUM_ENV_FILE is {str(file)!r}; there is no such file.\n",
    )
