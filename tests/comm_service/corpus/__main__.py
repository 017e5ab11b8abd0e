"""Replays the whole corpus on SQLite and PostgreSQL, and writes the reports.

    python -m tests.comm_service.corpus [--databases sqlite postgres] [--part N/M] [--kept FILE]

Leaves ``reports/comm-parity.html``; ``--kept`` names a Markdown file for the documentation. The exit code is 1 if an
answer differs.
"""

import argparse
import os
import sys
import time
from pathlib import Path

import django

import tests.settings  # noqa: F401 (sets the environment)

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
django.setup()

from .cases import every  # noqa: E402
from .made import DATABASES, fresh, replay_all  # noqa: E402
from .report import Ran, document, page  # noqa: E402

ROOT = Path(__file__).resolve().parents[3]


def main() -> int:
    """Replay, report, and return whether anything differs."""
    options = _options()
    number, _, of = options.part.partition("/")
    cases = every()[int(number) - 1 :: int(of)]
    ran = []
    for kind in options.databases:
        with fresh(kind) as name:
            begin = time.monotonic()
            outcomes = replay_all(cases)
            seconds = time.monotonic() - begin
        ran.append(Ran(name, outcomes, seconds))
        different = [one for one in outcomes if not one.same]
        sys.stderr.write(f"{name}: {len(outcomes)} cases, {len(different)} differ, {seconds:.0f} s\n")
        for one in different[:20]:
            sys.stderr.write(f"  {one.case.endpoint}: {one.case.name}\n")
    path = Path(options.html)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page(ran))
    if options.kept:
        Path(options.kept).write_text(document(ran))
    return int(any(not one.same for part in ran for one in part.outcomes))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.comm_service.corpus", description=__doc__)
    parser.add_argument("--databases", nargs="+", choices=DATABASES, default=list(DATABASES))
    parser.add_argument("--part", default="1/1", metavar="N/M", help="only every Mth case, beginning with the Nth")
    parser.add_argument("--html", default=str(ROOT / "reports/comm-parity.html"))
    parser.add_argument("--kept", metavar="FILE", help="also as Markdown")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
