"""The scripts need a shell and the usual tools, and nothing else; each of their parts can be read by itself."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.site import ROOT

from .office import BASE, FLAGS, GUARD_SECONDS, FakeOffice, values

LIB = ROOT / "scripts" / "lib"
PARTS = [*re.findall(r'^\. "\$lib/(.+)"$', (LIB / "main.sh").read_text(), re.MULTILINE), "main.sh"]


def copy_scripts(folder: Path) -> Path:
    """The scripts in a folder without the site; the Python that is first in ``PATH`` there fails."""
    for name in ("scripts", "env"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("*.py"))
    for name in ("python", "python3"):
        (folder / name).write_text("#!/bin/sh\nexit 99\n")
        (folder / name).chmod(0o755)
    return folder


def roll_back(folder: Path, one: FakeOffice) -> subprocess.CompletedProcess:
    """What the rollback.sh in this folder does when called from the site's folder."""
    words = ["--to", "0", "--env-file", ".env", "--restart", one.restart, "--health", f"{one.url}/health/"]
    return subprocess.run(
        ["dash", str(folder / "scripts" / "rollback.sh"), *words],
        cwd=one.folder,
        env={"PATH": f"{folder}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=GUARD_SECONDS,
        check=False,
    )


def test_nothing_of_django_or_python_is_needed(office, tmp_path):
    one = office(BASE + FLAGS[4])
    done = roll_back(copy_scripts(tmp_path / "elsewhere"), one)
    assert done.returncode == 0, done.stderr
    assert values(one.file)["USE_DAPHNE"] == "false"


@pytest.mark.parametrize(
    "name", ["scripts/lib/lock.sh", "scripts/lib/inspect.awk", "scripts/lib/edit.awk", "env/phase-3.env"]
)
def test_nothing_is_changed_where_a_part_is_missing(name, office, tmp_path):
    one = office(BASE + FLAGS[4])
    folder = copy_scripts(tmp_path / "elsewhere")
    (folder / name).unlink()
    done = roll_back(folder, one)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done
    assert name.rpartition("/")[2] in done.stderr
    assert (one.unchanged(), one.copies, one.restarts) == (True, [], 0)


def test_no_step_of_the_scripts_is_beyond_posix():
    """No word of bash in what must run in any shell; shellcheck (make lint) finds more."""
    for path in (ROOT / "scripts" / "advance.sh", ROOT / "scripts" / "rollback.sh", *LIB.glob("*.sh")):
        text = path.read_text()
        assert not re.search(r"\[\[|\blocal \b|\bfunction \w+ *\{|\$'|<<<|&>|\bpython", text), path
        subprocess.run(["dash", "-n", str(path)], check=True, timeout=GUARD_SECONDS)


# --- the parts --------------------------------------------------------------------------------------------------


def functions(name: str) -> set[str]:
    """The functions that a part defines."""
    return set(re.findall(r"^(\w+)\(\) \{", (LIB / name).read_text(), re.MULTILINE))


def commands(name: str) -> set[str]:
    """The words of a part that stand where a command does."""
    text = re.sub(r"(?m)(^|\s)#.*", "", (LIB / name).read_text())
    return set(re.findall(r"(?m)(?:^|[;&|(){!]|\b(?:if|then|else|do|until|while)\b)\s*(\w+)\b(?![=(])", text))


def test_each_part_is_read_once():
    assert sorted(PARTS) == sorted(path.name for path in LIB.glob("*.sh"))


def test_no_function_is_defined_twice():
    defined = [function for name in PARTS for function in functions(name)]
    assert len(defined) == len(set(defined))


def test_every_function_is_called_and_only_by_itself_or_what_is_read_later():
    read: set[str] = set()
    called: set[str] = set()
    every = set().union(*map(functions, PARTS))
    for name in PARTS:
        read |= functions(name)
        called |= commands(name) & every
        assert not commands(name) & (every - read), name
    traps = set(re.findall(r"^ +trap (\w+) [A-Z]", (LIB / "main.sh").read_text(), re.MULTILINE))
    assert every - called - traps == {"main"}


@pytest.mark.parametrize("name", sorted(path.name for path in LIB.iterdir()))
def test_each_part_is_short(name):
    assert len((LIB / name).read_text().splitlines()) < 200
