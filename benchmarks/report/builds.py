"""The tables of what is measured on PostgreSQL: our build, the one beside it, and plain inserts."""

from ..results import Results
from .table import Table, with_spread

CASES = {
    "writers-publish-delayed": "one event, commits of 5 ms",
    "writers-publish": "one event",
    "writers-save-delayed": "a save, commits of 5 ms",
    "writers-save": "a save",
}
BUILDS = {"ours": "ours", "beside": "the build beside", "plain": "floor: plain inserts"}
COLUMNS = (
    ("transactions/s", "a_second", 0),
    ("p50, ms", "p50_ms", 1),
    ("p99, ms", "p99_ms", 1),
    ("processor, ms each", "cpu_ms", 2),
    ("from written to in the log, p50 ms", "lag_p50_ms", 1),
    ("p99 ms", "lag_p99_ms", 1),
    ("all in the log, ms after the last commit", "settled_ms", 0),
)


SOCKETS = (
    ("commits of 5 ms: p50", "delayed_p50_ms", 1),
    ("p99", "delayed_p99_ms", 1),
    ("missing, %", "delayed_missing_percent", 1),
    ("no delay: p50", "p50_ms", 1),
    ("p99", "p99_ms", 1),
    ("missing, %", "missing_percent", 1),
)


COMM_SIDES = {"legacy": "old side (DRF)", "ninja": "new side (Ninja)"}
COMM = (
    ("lists of 100/s", "lists_a_second", 0),
    ("processor, ms each", "list_cpu_ms", 2),
    ("creates/s", "creates_a_second", 0),
    ("processor, ms each", "create_cpu_ms", 2),
    ("10,000 rows, ms", "stream_ms", 0),
    ("memory for it, MB", "stream_mb", 1),
    ("1,000 rows looked up, ms", "looked_up_ms", 0),
    ("calls for it", "calls", 0),
)


def tables(results: Results) -> list[Table]:
    """Return the tables of what was measured."""
    cases = [
        [
            f"{case}: {build}",
            *(with_spread(results.figure(measure, name, value), digits) for _, value, digits in COLUMNS),
        ]
        for measure, case in CASES.items()
        for name, build in BUILDS.items()
        if results.values(measure, name, "a_second")
    ]
    sockets = [
        [build, *(with_spread(results.figure("to_socket", name, value), digits) for _, value, digits in SOCKETS)]
        for name, build in BUILDS.items()
        if results.values("to_socket", name, "p50_ms")
    ]
    comm = [
        [side, *(with_spread(results.figure("comm-api", name, value), digits) for _, value, digits in COMM)]
        for name, side in COMM_SIDES.items()
        if results.values("comm-api", name, "calls")
    ]
    writers = max((one["clients"] for one in results.records if one["measure"] == "writers"), default=0)
    return [
        Table(title, ["", *(heading for heading, _, _ in columns)], rows)
        for title, columns, rows in (
            (f"{writers} concurrent writers on PostgreSQL", COLUMNS, cases),
            ("From the commit to a socket on PostgreSQL, 2 events a second, ms", SOCKETS, sockets),
            ("The two sides of the communication API, one process each, on PostgreSQL", COMM, comm),
        )
        if rows
    ]
