"""The table of concurrent writers: each case with our build, the one beside it, and plain inserts."""

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


def tables(results: Results) -> list[Table]:
    """Return the table, or nothing if writers were not measured."""
    rows = [
        [
            f"{case}: {build}",
            *(with_spread(results.figure(measure, name, value), digits) for _, value, digits in COLUMNS),
        ]
        for measure, case in CASES.items()
        for name, build in BUILDS.items()
        if results.values(measure, name, "a_second")
    ]
    writers = max((one["clients"] for one in results.records if one["measure"] == "writers"), default=0)
    headings = ["", *(heading for heading, _, _ in COLUMNS)]
    return [Table(f"{writers} concurrent writers on PostgreSQL", headings, rows)] if rows else []
