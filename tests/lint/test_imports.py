"""Imports go one way: the contracts of ``[tool.importlinter]`` hold, none has an exception, and each can fail."""

import ast
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.support.site import ROOT

PACKAGES = ("comm_service", "gistagum", "messaging", "projeng", "realtime")
LINTER = Path(sys.executable).with_name("lint-imports")


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """What import-linter says of the packages in a folder."""
    environment = {**os.environ, "COLUMNS": "300"}  # no line is broken inside a chain
    return subprocess.run(
        [LINTER, "--no-logo", "--no-cache"], cwd=folder, env=environment, capture_output=True, text=True, timeout=50
    )


def configuration() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the packages' modules and of the contracts."""
    for name in PACKAGES:
        shutil.copytree(
            ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "templates", "static")
        )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_contracts_hold():
    run = lint(ROOT)
    assert run.returncode == 0, run.stdout + run.stderr


def test_no_contract_has_an_exception():
    exceptions = {"ignore_imports", "skip_descendants", "exhaustive_ignores", "exclude_type_checking_imports"}
    for table in (configuration(), *configuration()["contracts"]):
        assert not exceptions & set(table), table


def test_the_contracts_are_about_every_package():
    ours = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "benchmarks"}
    assert ours == set(PACKAGES) == set(configuration()["root_packages"])


@pytest.mark.parametrize(
    ("files", "said"),
    [
        pytest.param(
            {"realtime/access/astray.py": "import projeng.models"},
            "realtime.access.astray -> projeng.models (l.1)",
            id="an application from realtime",
        ),
        pytest.param(
            {"projeng/astray.py": "def late():\n    from gistagum import urls"},
            "projeng.astray -> gistagum.urls (l.2)",
            id="the site from an application, inside a function",
        ),
        pytest.param(
            {"realtime/access/astray.py": "import realtime.log"},
            "realtime.access.astray -> realtime.log (l.1)",
            id="an upper package from a lower one",
        ),
        pytest.param(
            {"realtime/transports/astray.py": "from .. import channel_layer"},
            "realtime.transports.astray -> realtime.channel_layer (l.1)",
            id="a package from another at the same height",
        ),
        pytest.param({"realtime/astray/__init__.py": ""}, "astray", id="a package that has no place in the order"),
        pytest.param(
            {"projeng/one_way.py": "from . import other_way", "projeng/other_way.py": "from . import one_way"},
            "_way -> .",
            id="a circle",
        ),
    ],
)
def test_a_contract_that_is_broken_is_named_with_its_chain(tree, files, said):
    for name, text in files.items():
        path = tree / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text + "\n", encoding="utf-8")
    run = lint(tree)
    assert run.returncode == 1, run.stdout + run.stderr
    assert said in run.stdout


@pytest.mark.parametrize(
    "module", sorted((ROOT / "realtime").rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT))
)
def test_realtime_does_not_reach_for_other_packages_by_name(module):
    """As in ``import_module("projeng.models")`` or ``apps.get_model("projeng.Project")``, which no linter follows."""
    texts = {
        node.value
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    others = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"realtime"}
    assert not [text for text in texts if text.split(".")[0] in others and " " not in text]
