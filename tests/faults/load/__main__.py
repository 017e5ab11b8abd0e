"""Load that is held for minutes, or thousands who come and go, against servers on this machine.

    python -m tests.faults.load [--clients 2000] [--rate 50] [--minutes 5] [--server daphne]
    python -m tests.faults.load --churn 10000 [--server gunicorn+daphne]

Half of the clients are on each transport; each is shown every event. The report goes to reports/load-*.json and, in
words (or as JSON with --json), to the standard output; progress to the standard error. Exit code 1: something did not
hold. Needs redis-server and PostgreSQL.
"""

import argparse
import json
import os
import platform
import random
import sys
import time
from contextlib import ExitStack
from importlib.metadata import version
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django

django.setup()

from tests import evidence  # noqa: E402
from tests.faults.load import churn, report_text, sustained  # noqa: E402
from tests.faults.load.office import SERVERS, Servers  # noqa: E402
from tests.support.database import migrate, using_database  # noqa: E402
from tests.support.postgres import Postgres  # noqa: E402
from tests.support.redis import Redis  # noqa: E402

PACKAGES = ("django", "daphne", "uvicorn", "gunicorn", "channels", "channels-redis", "redis", "psycopg", "twisted")


def main() -> int:
    """Do what the command line says; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=2000, help="how many, half on each transport")
    parser.add_argument("--rate", type=float, default=50, help="events a second")
    parser.add_argument("--minutes", type=float, default=5, help="how long")
    parser.add_argument("--server", choices=SERVERS, default="daphne", help="what serves streams and sockets")
    parser.add_argument("--churn", type=int, metavar="CONNECTS", help="so many connects and disconnects instead")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="of who leaves how, and when")
    parser.add_argument("--json", action="store_true", help="the report as JSON on the standard output")
    options = parser.parse_args()
    if options.clients < 2 or options.rate <= 0 or options.minutes <= 0 or (options.churn or 500) < 500:
        parser.error("at least 2 clients, 500 connects, and more than no events in more than no time")
    report = measure(options)
    kind = "churn" if options.churn else "held"
    path = evidence.write(f"load-{kind}-{options.server.replace('+', '-')}", **report)
    sys.stdout.write(json.dumps(report) + "\n" if options.json else report_text.as_text(report))
    sustained.write_progress(f"kept as {path}")
    return 1 if report["faults"] else 0


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Start what is needed, measure, and stop it again."""
    sustained.write_progress(f"seed {options.seed}")
    with ExitStack() as stack:
        postgres, redis = Postgres(), Redis()
        stack.callback(postgres.stop)
        stack.callback(redis.stop)
        url = postgres.create("office")
        migrate(url)
        stack.enter_context(using_database(url))
        streams = str(max(1000, options.clients))
        servers = stack.enter_context(Servers(options.server, url, redis.port, SSE_MAX_STREAMS=streams))
        sustained.write_progress(f"{options.server} is up")
        if options.churn:
            report = churn.run(servers, options.churn, options.seed)
        else:
            report = sustained.run(servers, options.clients, options.rate, options.minutes * 60)
            report["faults"] += sustained.growing_processes(report)
    versions = {name: version(name) for name in PACKAGES}
    machine = {"cores": len(os.sched_getaffinity(0)), "python": platform.python_version()}
    ended = time.strftime("%Y-%m-%d %H:%M:%S")
    return {"server": options.server, "seed": options.seed, "ended": ended, **machine, "versions": versions, **report}


if __name__ == "__main__":
    sys.exit(main())
