"""The environment of a run: the machine and the versions of packages."""

import os
import platform
import re
import subprocess
from pathlib import Path
from typing import Any

from .process import OURS, PEERS, ROOT

PACKAGES = ("Django", "channels", "channels-redis", "redis", "daphne", "Twisted", "autobahn", "uvicorn", "websockets")
PEERS_PACKAGES = (*PACKAGES, "python-socketio", "django-eventstream")


def environment(beside: Path | None = None) -> dict[str, Any]:
    """Return the machine and the versions of packages. ``beside``: the folder of another build of the site."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "commit": _output(["git", "describe", "--always", "--dirty"]),
        "beside": _output(["git", "describe", "--always", "--dirty"], beside) if beside else "",
        "redis-server": (re.findall(r"v=(\S+)", _output(["redis-server", "--version"])) or ["?"])[0],
        "ours": _versions(OURS, (*PACKAGES, "gunicorn")),
        "peers": _versions(PEERS, PEERS_PACKAGES),
    }


def _versions(python: str, packages: tuple[str, ...]) -> dict[str, str]:
    code = (
        "import sys\nfrom importlib.metadata import version, PackageNotFoundError\n"
        "for name in sys.argv[1:]:\n try: print(name, version(name))\n except PackageNotFoundError: pass"
    )
    lines = _output([python, "-c", code, *packages]).splitlines()
    return dict(line.split() for line in lines)


def _output(command: list[str], folder: Path = ROOT) -> str:
    try:
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=20).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""


def _processor() -> str:
    names = re.findall(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    return names[0] if names else platform.machine()
