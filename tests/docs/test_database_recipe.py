"""The recipe of docs/operating.md that moves an office between SQLite and PostgreSQL, typed as it stands there."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from projeng.models import Project
from tests.support.full_office import contents, make_office
from tests.support.postgres import binaries
from tests.support.site import ROOT

from .markdown import section


@pytest.fixture
def type_in(scratch: Path, postgres):
    """Runs a block of commands in a folder that stands for /srv/gistagum, without systemd."""
    for name in (".venv", "manage.py"):
        (scratch / name).symlink_to(ROOT / name)
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "gistagum.settings",
        "GISTAGUM_ENV_FILE": str(scratch / ".env"),
        "PATH": f"{binaries()}:{os.environ['PATH']}",
        "PGHOST": "127.0.0.1",
        "PGPORT": str(postgres.port),
        "PGUSER": "gistagum",
    }
    environment.pop("DATABASE_URL", None)

    def run(block: str) -> str:
        script = block.replace("sudo systemctl", ": systemctl").replace("/srv/gistagum", str(scratch))
        script = script.replace("127.0.0.1/", f"127.0.0.1:{postgres.port}/")
        command = ["bash", "-euo", "pipefail", "-c", script]
        done = subprocess.run(
            command, cwd=scratch, env=environment, timeout=150, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    yield run
    postgres.run("dropdb", "--if-exists", "--force", "gistagum")


def test_the_office_is_there_on_postgresql_and_again_on_sqlite(type_in, new_database, on_database, postgres, scratch):
    recipe = section("docs/operating.md", "From SQLite to PostgreSQL, and back")
    there, back = [block for _, block in recipe.blocks][:2]
    (scratch / "var").mkdir()
    url = f"sqlite:///{scratch}/var/gistagum.sqlite3"
    shutil.copy(new_database("sqlite").removeprefix("sqlite:///"), scratch / "var" / "gistagum.sqlite3")
    (scratch / ".env").write_text(f"# the office\nDATABASE_URL={url}\nLOG_LEVEL=INFO\n")
    on_database(url)
    make_office()
    before = contents()
    assert "tables copied. Epoch 1 of the log has begun." in type_in(there)
    on_database(f"postgres://gistagum@127.0.0.1:{postgres.port}/gistagum")
    assert without_log(contents()) == without_log(before)
    Project.objects.create(name="New", prn="PRN-NEW", barangay="Apokon")
    before = contents()
    assert "tables copied. Epoch 2 of the log has begun." in type_in(back)
    on_database(f"sqlite:///{scratch}/var/back.sqlite3")
    assert without_log(contents()) == without_log(before)
    assert f"DATABASE_URL=sqlite:///{scratch}/var/back.sqlite3\nLOG_LEVEL=INFO\n" in (scratch / ".env").read_text()


def without_log(rows: dict) -> dict:
    """What is compared: the log goes on with an event of its own."""
    return {label: found for label, found in rows.items() if label != "realtime.Event"}
