"""Which code this is, so that evidence (a suite's result, a rehearsed rollback) can say for what it holds."""

import hashlib
from pathlib import Path

PARTS = ("gistagum", "realtime", "projeng", "static/js", "templates")
FILES = ("start.sh", "gunicorn.conf.py", "requirements.txt")
KINDS = {".py", ".js", ".html"}
SCRIPT_KINDS = {".sh", ".awk"}


def code_version(root: Path) -> str:
    """Twelve hex digits that change with the code that serves the site, with or without a repository around it."""
    paths = [path for part in PARTS for path in (root / part).rglob("*") if path.suffix in KINDS]
    return _digest(root, [*paths, *(root / name for name in FILES if (root / name).is_file())])


def scripts_version(root: Path) -> str:
    """The same of what moves the site from phase to phase: a rehearsal holds for these scripts and phases."""
    scripts = [path for path in (root / "scripts").rglob("*") if path.suffix in SCRIPT_KINDS]
    return _digest(root, [*scripts, *(root / "env").glob("*.env")])


def _digest(root: Path, paths: list[Path]) -> str:
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(f"{path.relative_to(root).as_posix()}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
