"""The tables of both reports: their figures, order and texts."""

from ..contenders import CONTENDERS
from ..results import Results
from ..targets import TARGETS
from . import builds, chats, growth
from .table import Column, Table, with_spread

COLUMNS = {
    "Bursts": [
        Column("deliveries/s", "burst", "a_second"),
        Column("lost, %", "burst", "lost_percent", 1),
        Column("processor, µs a delivery", "burst", "cpu_us", 2),
        Column("bytes an event", "burst", "bytes"),
    ],
    "Delay from the commit to the client, ms": [
        Column("2/s p50", "steady-2", "p50_ms", 1),
        Column("p99", "steady-2", "p99_ms", 1),
        Column("20/s p50", "steady-20", "p50_ms", 1),
        Column("p99", "steady-20", "p99_ms", 1),
        Column("100/s p50", "steady-100", "p50_ms", 1),
        Column("p99", "steady-100", "p99_ms", 1),
        Column("missing at 100/s, %", "steady-100", "missing_percent", 1),
    ],
    "Letting everybody in, and being idle": [
        Column("KB a client", "accepting", "kb", 1),
        Column("let in, 1/s", "accepting", "a_second"),
        Column("processor, ms each", "accepting", "cpu_ms", 2),
        Column("queries/s, one client", "idle", "one_client", 2),
        Column("queries/s, all", "idle", "all_clients", 2),
    ],
    "Coming back after a restart; a whole change": [
        Column("all back and told, s", "returning", "open_seconds", 1),
        Column("readings of the log", "returning", "log_readings"),
        Column("queries a client", "returning", "queries_a_client", 1),
        Column("save to wire, p50 ms", "whole_path", "p50_ms", 1),
        Column("p99 ms", "whole_path", "p99_ms", 1),
    ],
    "Open dashboards of a large office, 2 changes a second": [
        Column("processor, % of a core", "paint", "cpu_percent", 1),
        Column("without changes, %", "paint", "idle_percent", 1),
        Column("commit to paint, p50 ms", "paint", "p50_ms"),
        Column("p99 ms", "paint", "p99_ms"),
        Column("not painted, %", "paint", "missing_percent", 1),
    ],
}
SAVES = {"off": "broadcasting off", "on": "on", "refused": "on, Redis refuses", "silent": "on, Redis does not answer"}


def figures(results: Results) -> list[Table]:
    """Return the tables of all contenders, then those of our site alone."""
    tables = []
    for title, columns in COLUMNS.items():
        rows = []
        for one in CONTENDERS:
            cells = [
                "failed"
                if not figure and results.failed(column.measure, one.name)
                else with_spread(figure, column.digits)
                for column in columns
                for figure in [results.figure(column.measure, one.name, column.value)]
            ]
            if set(cells) != {"–"}:
                rows.append([one.title, *cells])
        if rows:
            tables.append(Table(title, ["", *(column.heading for column in columns)], rows))
    return [*tables, *_saves(results), *builds.tables(results), *chats.tables(results), *growth.tables(results)]


def _saves(results: Results) -> list[Table]:
    rows = [
        [
            text,
            *(
                with_spread(results.figure("saves", "ours", f"{name}_{value}"), 2)
                for value in ("ms", "p99_ms", "cpu_ms")
            ),
        ]
        for name, text in SAVES.items()
        if results.values("saves", "ours", f"{name}_ms")
    ]
    return [Table("Saving a project, ms", ["", "median", "p99", "processor"], rows)] if rows else []


def targets(results: Results) -> Table:
    """Return each target with its value, and whether it is reached."""
    words = {True: "reached", False: "short", None: "not measured"}
    rows = []
    for target in TARGETS:
        value = target.value(results)
        shown = (
            "–" if value is None else f"{value:,.3g} {target.unit}" if value < 1000 else f"{value:,.0f} {target.unit}"
        )
        rows.append([target.text, target.bound.strip(), shown.strip(), words[target.reached(results)]])
    return Table("Targets", ["", "bound", "seen", ""], rows)


def failures(results: Results) -> list[str]:
    """Return a line for each failed measure."""
    return [
        f"{one['contender']}, {one['clients']:,} clients, round {one['round']}, {one['measure']}: {one['failed']}"
        for one in results.failures()
    ]


def facts(results: Results) -> list[tuple[str, str]]:
    """Return the environment and the time of the run."""
    seen = results.environment
    loads = [record["load"] for record in results.records]

    def versions(side: str) -> str:
        return ", ".join(f"{name} {version}" for name, version in seen[side].items())

    return [
        ("measured", f"{results.began}, {results.options['clients']:,} clients, {results.options['rounds']} rounds"),
        ("machine", f"{seen['processor']}, {seen['cores']} cores, {seen['memory_gb']} GB, {seen['system']}"),
        ("load meanwhile", f"{min(loads):g} to {max(loads):g}; the run itself makes up to 2" if loads else "–"),
        ("code", seen["commit"]),
        *([("the build beside", seen["beside"])] if seen.get("beside") else []),
        ("versions", f"Python {seen['python']}, Redis {seen['redis-server']}; ours: {versions('ours')}"),
        ("versions of the peers", versions("peers")),
    ]
