"""Digests of the code and of the scripts. Recorded evidence (test results, rehearsed rollbacks) names its version."""

import hashlib
from pathlib import Path

PARTS = ("gistagum", "realtime", "projeng", "messaging", "comm_service", "static/js", "templates")
FILES = ("start.sh", "gunicorn.conf.py", "requirements.txt")
KINDS = {".py", ".js", ".html"}
SCRIPT_KINDS = {".sh", ".awk"}


def code_version(root: Path) -> str:
    """Return twelve hex digits that change with the code that serves the site. No Git repository is needed."""
    paths = [path for part in PARTS for path in (root / part).rglob("*") if path.suffix in KINDS]
    return _digest(root, [*paths, *(root / name for name in FILES if (root / name).is_file())])


def scripts_version(root: Path) -> str:
    """Return such a digest of the scripts and env files that move the site between phases."""
    scripts = [path for path in (root / "scripts").rglob("*") if path.suffix in SCRIPT_KINDS]
    return _digest(root, [*scripts, *(root / "env").glob("*.env")])


def _digest(root: Path, paths: list[Path]) -> str:
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(f"{path.relative_to(root).as_posix()}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
