"""What takes long to make, and is then copied or only read: made once for all processes that share a folder."""

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path

# The folder that a run shares with other runs (Makefile), or that its processes share (tests/conftest.py).
VARIABLE = "GISTAGUM_TESTS_MADE_ONCE"
CHECKOUT = str(Path(__file__).resolve().parents[2]).replace("/", "-")  # a copy, with other tables, makes its own


def made_once(name: str, make: Callable[[Path], object]) -> Path:
    """Return the folder ``name`` that ``make(folder)`` has filled; only the first process that asks calls it.

    Raise KeyError where nobody has set VARIABLE.
    """
    root = Path(os.environ[VARIABLE], CHECKOUT)
    root.mkdir(exist_ok=True)
    folder, part = root / name, root / f"{name}.part"
    with (root / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir()
            make(part)
            part.rename(folder)
    return folder
