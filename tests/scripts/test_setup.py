"""scripts/setup.sh in a folder of its own: what fails half-way, and who gets the demo people."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from django.contrib.auth.models import User

from tests.support.ports import wait_until
from tests.support.site import ROOT

# Makes environments whose python is the one of these tests, and whose pip installs nothing.
FAKE = f"""#!/bin/sh
if [ "${{1:-}} ${{2:-}}" = "-m venv" ]; then
    echo making >> made
    mkdir -p .venv/bin
    cat > .venv/bin/python <<'END'
#!/bin/sh
[ "$1 $2" != "-m pip" ] || {{ echo "$*" >> pip; test -e "$0.whole"; exit $?; }}
[ ! -e asked ] || [ "$1 $2" != "manage.py demo_data" ] || {{ echo "$*" >> asked; exit 0; }}
exec {sys.executable} "$@"
END
    chmod +x .venv/bin/python
    while [ -e slow ]; do sleep 0.05; done
    [ ! -e broken ] || exit 1
    touch .venv/bin/python.whole
    exit 0
fi
exec {sys.executable} "$@"
"""


@pytest.fixture
def folder(tmp_path) -> Path:
    """The project as it was fetched, in a folder with blanks in its name."""
    folder = tmp_path / "the office's site"
    folder.mkdir()
    for name in ("gistagum", "messaging", "projeng", "realtime", "scripts", "switchover", "templates"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("manage.py", "requirements.txt", "requirements-dev.txt"):
        shutil.copy(ROOT / name, folder)
    (folder / "static").mkdir()
    python = folder / "python"
    python.write_text(FAKE)
    python.chmod(0o755)
    return folder


def start(folder: Path, *args: str, **environment: str) -> subprocess.Popen:
    """The script, begun; as somebody calls it who is elsewhere."""
    return subprocess.Popen(
        [str(folder / "scripts" / "setup.sh"), *args],
        cwd="/",
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHON": str(folder / "python"), **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def run(folder: Path, *args: str, **environment: str) -> subprocess.CompletedProcess:
    """The script, ended."""
    process = start(folder, *args, **environment)
    out, err = process.communicate(timeout=50)
    return subprocess.CompletedProcess(args, process.returncode, out, err)


def test_everything_is_made_once(folder, on_database):
    first = run(folder)
    assert first.returncode == 0, first.stderr
    assert "head" in first.stdout
    key = (folder / ".env").read_text()
    on_database(f"sqlite:///{folder / 'var' / 'gistagum.sqlite3'}")
    assert User.objects.filter(username="head").exists()
    again = run(folder)
    assert (again.returncode, (folder / ".env").read_text()) == (0, key)
    assert (folder / "made").read_text().count("making") == 1
    assert (folder / "pip").read_text().count("install") == 1


def test_an_environment_that_cannot_be_made_is_not_left_behind(folder):
    (folder / "broken").touch()
    failed = run(folder, "--dev")
    assert failed.returncode == 1
    assert failed.stderr == "setup: the virtual environment cannot be made: apt-get install python3-venv\n"
    assert not (folder / ".venv").exists()
    (folder / "broken").unlink()
    assert run(folder, "--dev").returncode == 0


def test_an_environment_that_was_broken_off_is_made_anew(folder):
    (folder / "slow").touch()
    process = start(folder, "--dev")
    wait_until((folder / ".venv" / "bin" / "python").exists, "the environment is half made")
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=10)
    assert process.returncode
    (folder / "slow").unlink()
    assert run(folder, "--dev").returncode == 0


def test_an_environment_without_pip_is_made_anew(folder):
    (folder / ".venv" / "bin").mkdir(parents=True)
    (folder / ".venv" / "bin" / "python").symlink_to("/bin/false")
    assert run(folder, "--dev").returncode == 0
    assert (folder / ".venv" / "bin" / "python.whole").exists()


@pytest.mark.parametrize("where", ["environment", ".env"])
def test_the_database_of_a_real_office_gets_no_demo_people(where, folder, new_database, on_database):
    url = new_database("postgres")
    environment = {"DATABASE_URL": url} if where == "environment" else {}
    key = "SECRET_KEY=only-for-the-tests-0123456789-abcdefghijklmnopqrstuvwxyz\nALLOWED_HOSTS=localhost\nHTTPS=false\n"
    (folder / ".env").write_text(key + ("" if environment else f"DATABASE_URL='{url}'\n"))
    done = run(folder, **environment)
    assert done.returncode == 0, done.stderr
    told = [line for line in done.stdout.splitlines() if "demo" in line]
    assert len(told) == 1
    assert told[0].startswith("setup: no demo people are made")
    on_database(url)
    assert not User.objects.exists()


def test_another_sqlite_file_gets_them(folder):
    (folder / "asked").touch()
    assert run(folder, DATABASE_URL=f"sqlite:///{folder / 'elsewhere.sqlite3'}").returncode == 0
    assert (folder / "elsewhere.sqlite3").exists()
    assert (folder / "asked").read_text() == "manage.py demo_data --if-empty\n"
