"""``python -m tests.faults``: the long form of the kit (``make faults``)."""

import argparse
import json
import logging
import os
import sys
import tempfile
from pathlib import Path


def main() -> int:
    """Run, write the report, and say whether anything was wrong (1) or not (0)."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10, help="of faults mixed at random (10)")
    parser.add_argument("--seed", type=int, default=20261120, help="decides which fault comes when (20261120)")
    parser.add_argument("--only", default="", metavar="FAULT,…", help="these faults only (all)")
    parser.add_argument(
        "--not-alone", action="store_true", help="leave out the part in which each fault comes by itself"
    )
    parser.add_argument("--list", action="store_true", help="say which faults there are, and end")
    parser.add_argument("--json", action="store_true", help="the report on standard output, as JSON")
    options = parser.parse_args()

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django

    django.setup()
    from tests.support.site import collect_static

    from . import report, run
    from .nemesis import CATALOGUE

    if options.list:
        for name, fault in sorted(CATALOGUE.items()):
            sys.stdout.write(f"{name:28} {' '.join(fault.description.split())}\n")
        return 0
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it tells of every request
    with tempfile.TemporaryDirectory(prefix="gistagum-faults-") as folder:
        only = [name for name in options.only.split(",") if name]
        try:
            result = run.run(
                Path(folder),
                collect_static(Path(folder) / "static"),
                options.seed,
                minutes=options.minutes,
                alone=not options.not_alone,
                only=only,
                log_progress=run.write_progress,
            )
        except ValueError as error:
            parser.error(str(error))
    path = report.write(result)
    sys.stdout.write(json.dumps(result.as_json()) + "\n" if options.json else report.page(result))
    sys.stderr.write(f"Kept as {path} and {path.with_suffix('.md')}\n")
    return 1 if result.problems() else 0


if __name__ == "__main__":
    sys.exit(main())
