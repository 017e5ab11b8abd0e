"""Measures everything side by side and writes the reports.

    python -m benchmarks [--quick] [--only burst daphne-ws plan] [--clients 1000] [--rounds 5] [--json FILE]
    python -m benchmarks --only writers to_socket --beside FOLDER    beside another build, whose code is in that folder
    python -m benchmarks --report    makes the reports again from the JSON alone

Progress goes to stderr. docs/benchmarks.md says what is measured and how.
"""

import argparse
import dataclasses
import os
import resource
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import tests.settings  # noqa: F401 (sets the environment of the sites under test)

from .contenders import BY_NAME, CONTENDERS
from .environment import environment
from .process import CLIENT_CORE, PEERS, ROOT, Failed
from .report import write
from .results import Results
from .run import MEASURES, Run
from .size import FULL, QUICK
from .stage import Office


def main() -> int:
    """Run, and return 0 if every measure of our servers succeeded. A failing peer is a result, not an error."""
    options = _options()
    path = Path(options.json)
    if options.report:
        write(Results.load(path), path)
        return 0
    if not Path(PEERS).exists():
        sys.exit("benchmarks: the peers are not installed: benchmarks/setup.sh")
    if options.beside and not (options.beside / "manage.py").is_file():
        sys.exit(f"benchmarks: {options.beside} is no folder of the site")
    size = QUICK if options.quick else FULL
    wanted = {"clients": options.clients, "rounds": options.rounds, "minutes": options.minutes}
    size = dataclasses.replace(size, **{name: value for name, value in wanted.items() if value})
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    os.sched_setaffinity(0, {CLIENT_CORE % (os.cpu_count() or 1)})
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("benchmarks: told to end"))  # the report is written
    results = Results(path, environment(options.beside), {"only": options.only, **dataclasses.asdict(size)})
    folder = Path(tempfile.mkdtemp(prefix="gistagum-bench-"))
    office = None
    try:
        office = Office(folder, max(size.clients, size.returning, *size.growth))
        Run(office, results, size, options.only, options.beside).everything()
    except (Failed, AssertionError) as error:
        sys.exit(f"benchmarks: {error}")
    finally:
        if office is not None:
            office.close()
        shutil.rmtree(folder, ignore_errors=True)
        if results.records:
            write(results, path)
    peers = {one.name for one in CONTENDERS if not one.ours}
    return 1 if any(record["contender"] not in peers for record in results.failures()) else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="three minutes: few clients, one round")
    parser.add_argument(
        "--only", nargs="+", default=[], metavar="NAME", choices=[*MEASURES, *BY_NAME], help="measures, contenders"
    )
    parser.add_argument(
        "--beside",
        type=lambda text: Path(text).resolve(),
        metavar="FOLDER",
        help="another build: takes part in writers and to_socket",
    )
    parser.add_argument("--clients", type=int, help="of each server at the main measures")
    parser.add_argument("--rounds", type=int, help="of the main measures")
    parser.add_argument("--minutes", type=float, help="after so long nothing new is begun")
    parser.add_argument("--json", default=str(ROOT / "reports/bench.json"), help="where the figures go")
    parser.add_argument("--report", action="store_true", help="only make the reports from the JSON")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
