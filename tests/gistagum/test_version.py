"""The version of the scripts, by which a rehearsed rollback is known to hold for those that are here."""

import shutil
from pathlib import Path

import pytest

from gistagum.version import scripts_version
from tests.support.site import ROOT


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("scripts", "env"):
        shutil.copytree(ROOT / name, tmp_path / name)
    return tmp_path


def moving_parts(folder: Path) -> list[Path]:
    """What moves the site from phase to phase."""
    scripts = folder / "scripts"
    return [scripts / "advance.sh", scripts / "rollback.sh", *(scripts / "lib").iterdir(), *(folder / "env").iterdir()]


def test_it_changes_with_every_part_of_the_scripts_and_every_phase(folder):
    versions = {scripts_version(folder)}
    for path in moving_parts(folder):
        path.write_text(f"{path.read_text()}# changed\n")
        versions.add(scripts_version(folder))
    assert len(versions) == 1 + len(moving_parts(folder))


def test_it_changes_when_a_part_is_missing_or_has_another_name(folder):
    before = scripts_version(folder)
    (folder / "scripts" / "lib" / "lock.sh").rename(folder / "scripts" / "lib" / "locks.sh")
    renamed = scripts_version(folder)
    (folder / "scripts" / "lib" / "locks.sh").unlink()
    assert len({before, renamed, scripts_version(folder)}) == 3


def test_it_is_that_of_the_running_site_and_of_no_other_program(folder, settings):
    (folder / "scripts" / "audit.py").write_text("changed")
    assert scripts_version(folder) == settings.SCRIPTS_VERSION


def test_a_site_without_the_scripts_has_one_too(tmp_path):
    assert len(scripts_version(tmp_path)) == 12
