"""The scripts need a shell and the usual tools, and nothing else."""

import os
import re
import shutil
import subprocess

from tests.support.site import ROOT

from .office import BASE, FLAGS, GUARD_SECONDS, values


def test_nothing_of_django_or_python_is_needed(office, tmp_path):
    one = office(BASE + FLAGS[4])
    folder = tmp_path / "elsewhere"
    for name in ("scripts", "env"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("*.py"))
    words = ["--to", "0", "--env-file", ".env", "--restart", one.restart, "--health", f"{one.url}/health/"]
    for name in ("python", "python3"):
        (folder / name).write_text("#!/bin/sh\nexit 99\n")
        (folder / name).chmod(0o755)
    done = subprocess.run(
        ["dash", str(folder / "scripts" / "rollback.sh"), *words],
        cwd=one.folder,
        env={"PATH": f"{folder}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=GUARD_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert values(one.file)["USE_DAPHNE"] == "false"


def test_no_step_of_the_scripts_is_beyond_posix():
    """No word of bash in what must run in any shell; shellcheck says more where it is installed."""
    for name in ("advance.sh", "rollback.sh", "lib/main.sh"):
        text = (ROOT / "scripts" / name).read_text()
        assert not re.search(r"\[\[|\blocal \b|\bfunction \w+ *\{|\$'|<<<|&>|\bpython", text), name
        subprocess.run(["dash", "-n", str(ROOT / "scripts" / name)], check=True, timeout=GUARD_SECONDS)
