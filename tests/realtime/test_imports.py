"""Imports go one way: `realtime` knows nothing of the apps that use it."""

import ast
from pathlib import Path

import pytest

from tests.support.site import ROOT

OURS = {path.parent.name for path in ROOT.glob("*/__init__.py")}
MODULES = sorted((ROOT / "realtime").rglob("*.py"))


def imported_by(module: Path) -> set[str]:
    """The first parts of the names of all that a module imports, at its top or inside a function."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add((node.module or "").split(".")[0])
    return names


def test_there_is_something_to_look_at():
    assert {"realtime", "projeng", "gistagum"} <= OURS
    assert len(MODULES) > 10


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_realtime_imports_no_other_app_of_ours(module):
    assert imported_by(module) & OURS <= {"realtime"}


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_realtime_does_not_reach_for_other_apps_by_name(module):
    """As in ``import_module("projeng.models")`` or ``apps.get_model("projeng.Project")``."""
    texts = {
        node.value
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert not [text for text in texts if text.split(".")[0] in OURS - {"realtime"} and " " not in text]
