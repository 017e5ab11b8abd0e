"""The linters are listed once, in .pre-commit-config.yaml: ``make lint`` runs that list, and every linter can fail."""

import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path

import pytest
import yaml
from packaging.utils import canonicalize_name

from tests.support.site import ROOT

BIN = Path(sys.executable).parent
REPOSITORIES = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]
HOOKS = {hook["id"]: hook for repository in REPOSITORIES for hook in repository["hooks"]}
# For each hook a file with a fault, and what must be said of it.
FAULTS = {
    "ruff-format": ("projeng/unformatted.py", "NAMES = ( 'a' )\n", "unformatted.py"),
    "ruff-check": ("projeng/unused.py", "import os\n", "unused.py:1:8"),
    "import-linter": ("realtime/access/upward.py", "import realtime.log\n", "realtime.access.upward -> realtime.log"),
    "mypy": ("realtime/access/mistyped.py", 'COUNT: int = "one"\n', "realtime/access/mistyped.py:1"),
    "djlint": ("templates/nameless.html", '<img src="/picture.png">\n', "H013"),
    "shellcheck": ("scripts/unquoted.sh", "#!/bin/sh\nrm -- $1\n", "SC2086"),
    "javascript": ("static/js/undeclared.js", "let never = undeclared;\n", "undeclared"),
}


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository like this one, in which every linter has something to find."""
    folder = tmp_path_factory.mktemp("faulty")
    for name in git("ls-files", "--cached", "--others", "--exclude-standard", cwd=ROOT).splitlines():
        if (ROOT / name).is_file():  # as it is in the work tree, committed or not
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    (folder / ".venv").symlink_to(BIN.parent)
    if (ROOT / "node_modules").exists():
        (folder / "node_modules").symlink_to(ROOT / "node_modules")
    for name, text, _ in FAULTS.values():
        (folder / name).write_text(text, encoding="utf-8")
    # mypy needs a quarter of the time for the one file.
    configuration = (folder / "pyproject.toml").read_text(encoding="utf-8")
    narrowed = re.sub(r"(?m)^files = .*$", f'files = ["{FAULTS["mypy"][0]}"]', configuration)
    assert narrowed != configuration
    (folder / "pyproject.toml").write_text(narrowed, encoding="utf-8")
    git("init", "--quiet", cwd=folder)
    git("add", "--all", cwd=folder)
    return folder


def git(*args: str, cwd: Path) -> str:
    return subprocess.run(["git", *args], cwd=cwd, check=True, capture_output=True, text=True, timeout=50).stdout


def test_make_lint_runs_the_hooks_and_names_no_linter_beside_them():
    recipe = subprocess.run(
        ["make", "--dry-run", "lint"], cwd=ROOT, check=True, capture_output=True, text=True, timeout=10
    ).stdout
    assert ".venv/bin/pre-commit run --all-files" in recipe
    assert not [name for name, hook in HOOKS.items() if hook["entry"].split()[0] in recipe]


@pytest.mark.parametrize("name", HOOKS)
def test_a_hook_runs_what_is_pinned_or_kept_here(name):
    program = Path(HOOKS[name]["entry"].split()[0])
    assert HOOKS[name]["language"] == "system"
    if program.parent == Path(".venv/bin"):
        owners = {
            canonicalize_name(one.name)
            for one in distributions()
            if str(Path("../../../bin", program.name)) in map(str, one.files or ())
        }
        wanted = (ROOT / "requirements-dev.in").read_text(encoding="utf-8").splitlines()
        assert [line for line in wanted if line.split(" ")[0] in owners], owners
    else:
        assert os.access(ROOT / program, os.X_OK)


def test_there_is_a_fault_for_every_hook():
    assert set(FAULTS) == set(HOOKS)


@pytest.mark.timeout(180)  # mypy begins without a cache, perhaps on a busy machine
@pytest.mark.parametrize("name", HOOKS)
def test_a_hook_fails_and_says_where(name, faulty, tmp_path):
    if name == "javascript" and not (ROOT / "node_modules").exists():
        pytest.skip("the linter of the ES modules is not installed: npm ci")
    environment = {**os.environ, "PRE_COMMIT_HOME": str(tmp_path), "STRICT": "1"}
    run = subprocess.run(
        [BIN / "pre-commit", "run", name, "--all-files", "--color", "never"],
        cwd=faulty,
        env=environment,
        capture_output=True,
        text=True,
        timeout=170,
    )
    assert run.returncode == 1, run.stdout + run.stderr
    assert FAULTS[name][2] in run.stdout


def test_without_npm_it_is_said_that_the_modules_were_not_checked(tmp_path):
    for name in ("sh", "dirname"):
        (tmp_path / name).symlink_to(shutil.which(name) or "")
    for strict, code in (("", 0), ("1", 1)):
        run = subprocess.run(
            ["scripts/lint-js.sh"],
            cwd=ROOT,
            env={"PATH": str(tmp_path), "STRICT": strict},
            capture_output=True,
            text=True,
            timeout=10,
        )
        assert (run.returncode, run.stderr) == (
            code,
            "lint: the ES modules were NOT CHECKED: npm is missing (apt-get install npm)\n",
        )
