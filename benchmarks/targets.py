"""The performance targets, as data: the figure, the figure to compare it with, and the bound.

A figure is written ``measure contender value``, with ``measure@clients`` where it was measured with several numbers of
clients. With ``of``, the figure is divided by another one, since ratios depend less on the machine. With ``minus``,
another one is taken off.
"""

from dataclasses import dataclass

from .results import Results


@dataclass(frozen=True)
class Target:
    """A bound on a figure, on its ratio to another (``of``), or on how much more it is than another (``minus``)."""

    text: str
    figure: str
    of: str = ""
    minus: str = ""
    at_least: float | None = None
    at_most: float | None = None
    unit: str = "×"

    def value(self, results: Results) -> float | None:
        """Return the value, or ``None`` if it was not measured."""
        figure = _median(results, self.figure)
        if figure is None or not (self.of or self.minus):
            return figure
        other = _median(results, self.of or self.minus)
        if self.minus:
            return None if other is None else figure - other
        return figure / other if other else None

    def reached(self, results: Results) -> bool | None:
        """Return whether the target is reached, or ``None`` if it was not measured."""
        value = self.value(results)
        if value is None:
            return None
        return (self.at_least is None or value >= self.at_least) and (self.at_most is None or value <= self.at_most)

    @property
    def bound(self) -> str:
        """The bound as text."""
        if self.at_least is not None:
            return f"≥ {self.at_least:g} {self.unit}"
        return f"≤ {self.at_most:g} {self.unit}"


def _median(results: Results, name: str) -> float | None:
    measure, contender, value = name.split()
    measure, _, clients = measure.partition("@")
    figure = results.figure(measure, contender, value, int(clients) if clients else None)
    return figure.median if figure else None


TARGETS = (
    Target(
        "WebSocket burst, Daphne, to the plan's", "burst daphne-ws a_second", of="burst plan a_second", at_least=100
    ),
    Target(
        "WebSocket burst, Daphne, to python-socketio's",
        "burst daphne-ws a_second",
        of="burst socketio a_second",
        at_least=10,
    ),
    Target(
        "WebSocket burst, Daphne, to the floor's", "burst daphne-ws a_second", of="burst floor-ws a_second", at_least=2
    ),
    Target("Lost in a WebSocket burst, Daphne", "burst daphne-ws lost_percent", at_most=0, unit="%"),
    Target("100 events/s, p99, WebSocket on Daphne", "steady-100 daphne-ws p99_ms", at_most=100, unit="ms"),
    Target("100 events/s, p99, WebSocket on uvicorn", "steady-100 uvicorn-ws p99_ms", at_most=50, unit="ms"),
    Target(
        "the same to the floor's (50 ms where the floor has 15)",
        "steady-100 uvicorn-ws p99_ms",
        of="steady-100 floor-ws p99_ms",
        at_most=3.4,
    ),
    Target(
        "SSE burst, Daphne, to the floor's", "burst daphne-sse a_second", of="burst floor-sse a_second", at_least=0.7
    ),
    Target(
        "SSE burst, uvicorn, to the floor's", "burst uvicorn-sse a_second", of="burst floor-sse a_second", at_least=0.7
    ),
    Target(
        "SSE burst, Gunicorn threads, to the floor's",
        "burst gunicorn-sse a_second",
        of="burst floor-sse a_second",
        at_least=0.15,
    ),
    Target(
        "2 events/s, p99, WebSocket on Daphne, to the plan's",
        "steady-2 daphne-ws p99_ms",
        of="steady-2 plan p99_ms",
        at_most=0.2,
    ),
    Target(
        "2 events/s, p99, WebSocket on uvicorn, to the floor's",
        "steady-2 uvicorn-ws p99_ms",
        of="steady-2 floor-ws p99_ms",
        at_most=2,
    ),
    Target("Memory of an idle WebSocket, Daphne", "accepting daphne-ws kb", at_most=25, unit="KB"),
    Target("Memory of an idle WebSocket, uvicorn", "accepting uvicorn-ws kb", at_most=25, unit="KB"),
    Target("Memory of an idle stream, Daphne", "accepting daphne-sse kb", at_most=25, unit="KB"),
    Target("Memory of an idle stream, uvicorn", "accepting uvicorn-sse kb", at_most=25, unit="KB"),
    Target("Memory of an idle stream, Gunicorn threads", "accepting gunicorn-sse kb", at_most=110, unit="KB"),
    Target("Idle: queries a second with all clients, Daphne", "idle daphne-ws all_clients", at_most=1, unit="/s"),
    Target("Idle: queries a second with all clients, Gunicorn", "idle gunicorn-sse all_clients", at_most=1, unit="/s"),
    Target(
        "Everybody returns: readings of the log, WebSocket on Daphne",
        "returning daphne-ws log_readings",
        at_most=15,
        unit="",
    ),
    Target(
        "Everybody returns: readings of the log, SSE on uvicorn",
        "returning uvicorn-sse log_readings",
        at_most=15,
        unit="",
    ),
    Target("A save with broadcasting on, more than off", "saves ours on_more_ms", at_most=2, unit="ms"),
    Target(
        "A save with Redis refusing, to one with Redis", "saves ours refused_ms", of="saves ours on_ms", at_most=1.1
    ),
    Target("A save with Redis silent, to one with Redis", "saves ours silent_ms", of="saves ours on_ms", at_most=1.1),
    Target(
        "Idle: queries a second of each of four processes, Gunicorn",
        "processes gunicorn-sse queries_4",
        at_most=1,
        unit="/s",
    ),
    Target(
        "Processor time of a delivery, Daphne WebSocket, 5,000 clients to 500",
        "growth@5000 daphne-ws cpu_us",
        of="growth@500 daphne-ws cpu_us",
        at_most=1.2,
    ),
    Target(
        "Processor time of a delivery, uvicorn SSE, 5,000 clients to 500",
        "growth@5000 uvicorn-sse cpu_us",
        of="growth@500 uvicorn-sse cpu_us",
        at_most=1.2,
    ),
    Target(
        "Replay with 1,000,000 rows in the log, to 10,000",
        "replay ours ms_1000000",
        of="replay ours ms_10000",
        at_most=1.2,
    ),
    Target(
        "32 writers, commits of 5 ms, one event: transactions/s to the build beside's",
        "writers-publish-delayed@32 ours a_second",
        of="writers-publish-delayed@32 beside a_second",
        at_least=8,
    ),
    Target(
        "the same to plain inserts",
        "writers-publish-delayed@32 ours a_second",
        of="writers-publish-delayed@32 plain a_second",
        at_least=0.8,
    ),
    Target(
        "the same, p50 to that of a plain insert",
        "writers-publish-delayed@32 ours p50_ms",
        of="writers-publish-delayed@32 plain p50_ms",
        at_most=2,
    ),
    Target(
        "32 writers, commits of 5 ms, saves: transactions/s to the build beside's",
        "writers-save-delayed@32 ours a_second",
        of="writers-save-delayed@32 beside a_second",
        at_least=8,
    ),
    Target(
        "the same to plain inserts of as many rows",
        "writers-save-delayed@32 ours a_second",
        of="writers-save-delayed@32 plain a_second",
        at_least=0.8,
    ),
    Target(
        "the same, p50 to that of these inserts",
        "writers-save-delayed@32 ours p50_ms",
        of="writers-save-delayed@32 plain p50_ms",
        at_most=2,
    ),
    Target(
        "32 writers, no delay, one event: transactions/s to the build beside's",
        "writers-publish@32 ours a_second",
        of="writers-publish@32 beside a_second",
        at_least=1,
    ),
    Target(
        "32 writers, no delay, saves: transactions/s to the build beside's",
        "writers-save@32 ours a_second",
        of="writers-save@32 beside a_second",
        at_least=1,
    ),
    Target(  # 5 ms, and one commit of another 5
        "2 events/s on PostgreSQL, commits of 5 ms, p50: more than the build beside",
        "to_socket ours delayed_p50_ms",
        minus="to_socket beside delayed_p50_ms",
        at_most=10,
        unit="ms",
    ),
    Target(  # 5 ms, and one commit, which takes about 1
        "2 events/s on PostgreSQL, p50: more than the build beside",
        "to_socket ours p50_ms",
        minus="to_socket beside p50_ms",
        at_most=6,
        unit="ms",
    ),
    Target(
        "50 dashboards, 10,000 projects, 2 changes/s, WebSocket on Daphne: processor",
        "paint@50 daphne-ws cpu_percent",
        at_most=10,
        unit="%",
    ),
    Target("the same, SSE on Gunicorn", "paint@50 gunicorn-sse cpu_percent", at_most=10, unit="%"),
    Target("the same, commit to paint, p50", "paint@50 daphne-ws p50_ms", at_most=500, unit="ms"),
    Target("the same, p99", "paint@50 daphne-ws p99_ms", at_most=1_000, unit="ms"),
    Target(
        "Communication API, lists of 100 messages: the new side's requests/s to the old one's",
        "comm-api ninja lists_a_second",
        of="comm-api legacy lists_a_second",
        at_least=3,
    ),
    Target("the same, creates", "comm-api ninja creates_a_second", of="comm-api legacy creates_a_second", at_least=2),
    Target(
        "the same, 10,000 rows streamed: memory more than before", "comm-api ninja stream_mb", at_most=16, unit="MB"
    ),
    Target(
        "the same, 1,000 rows of 20 users: calls of another service", "comm-api ninja calls", at_most=20, unit="calls"
    ),
)
