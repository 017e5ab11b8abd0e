"""Tables of growth: with clients, with the events of a burst, with processes, with the rows of the log."""

from collections.abc import Callable

from ..contenders import CONTENDERS
from ..results import Figure, Results
from .table import Column, Table, number, with_spread

BY_CLIENTS = (
    Column("Processor time of a delivery, µs", "growth", "cpu_us", 2),
    Column("Deliveries a second in a burst", "growth", "a_second"),
    Column("p99 at 2 events a second, ms", "growth", "p99_ms_2", 1),
    Column("p99 at 20 events a second, ms", "growth", "p99_ms_20", 1),
    Column("Memory of an idle client, KB", "growth", "kb", 1),
    Column("Let in, 1/s", "growth", "let_in"),
)
BY_EVENTS = (
    Column("Processor time of a delivery, µs", "events", "cpu_us", 2),
    Column("Deliveries a second", "events", "a_second"),
)
BY_PROCESSES = (
    Column("queries/s of each, idle", "processes", "queries", 2),
    Column("deliveries/s", "processes", "a_second"),
    Column("processor, µs a delivery", "processes", "cpu_us", 2),
    Column("MB of all", "processes", "mb"),
)


def tables(results: Results) -> list[Table]:
    """Return the tables of all measured growth."""
    return [*_by_clients(results), *_by_events(results), *_by_processes(results), *_by_rows(results)]


def clients(results: Results) -> list[int]:
    """Return the numbers of clients for which growth was measured."""
    return sorted({record["clients"] for record in results.records if record["measure"] == "growth"})


def _by_clients(results: Results) -> list[Table]:
    sizes = clients(results)
    found = []
    for column in BY_CLIENTS:

        def figure(name: str, size: int, column: Column = column) -> Figure | None:
            return results.figure("growth", name, column.value, size)

        found += _growing(f"{column.heading}, by number of clients", sizes, figure, column.digits)
    return found


def numbered(results: Results, measure: str, value: str) -> list[int]:
    """Return the numbers (of events, processes or rows) for which a measure has a value (``value_1000``)."""
    names = {name for record in results.records if record["measure"] == measure for name in record.get("values", ())}
    return sorted(int(name.rpartition("_")[2]) for name in names if name.rpartition("_")[0] == value)


def _by_events(results: Results) -> list[Table]:
    found = []
    for column in BY_EVENTS:

        def figure(name: str, size: int, column: Column = column) -> Figure | None:
            return results.figure("events", name, f"{column.value}_{size}")

        sizes = numbered(results, "events", column.value)
        found += _growing(f"{column.heading}, by number of events in a burst", sizes, figure, column.digits)
    return found


def _growing(heading: str, sizes: list[int], figure: Callable[[str, int], Figure | None], digits: int) -> list[Table]:
    rows = [
        [one.title, *(with_spread(figure(one.name, size), digits) for size in sizes)]
        for one in CONTENDERS
        if any(figure(one.name, size) for size in sizes)
    ]
    return [Table(heading, ["", *map(number, sizes)], rows)] if rows else []


def _by_processes(results: Results) -> list[Table]:
    rows = [
        [
            f"{one.title}: {size}",
            *(
                with_spread(results.figure("processes", one.name, f"{column.value}_{size}"), column.digits)
                for column in BY_PROCESSES
            ),
        ]
        for one in CONTENDERS
        for size in numbered(results, "processes", "queries")
        if results.values("processes", one.name, f"queries_{size}")
    ]
    headings = ["", *(column.heading for column in BY_PROCESSES)]
    return [Table("By number of processes, on one core", headings, rows)] if rows else []


def _by_rows(results: Results) -> list[Table]:
    rows = [
        [number(size), with_spread(results.figure("replay", "ours", f"ms_{size}"), 2)]
        for size in numbered(results, "replay", "ms")
    ]
    return [Table("Reading 500 missed events, ms by rows in the log", ["rows", "median"], rows)] if rows else []
