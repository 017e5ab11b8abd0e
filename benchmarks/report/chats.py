"""The tables of conversations."""

from ..results import Results
from .table import Table, with_spread

WRITERS = {
    ("chat-pairs", "ours"): "ours, over sockets",
    ("chat-pairs", "plan"): "as the plan would build it, over sockets",
    ("chat-pairs-post", "ours"): "ours, a POST each",
}
RATES = (
    ("messages/s", "a_second", 0),
    ("p50, ms", "p50_ms", 0),
    ("p99, ms", "p99_ms", 0),
    ("processor, ms a message", "cpu_ms", 1),
    ("lost, at all rates", "lost", 0),
    ("too high", "too_high", 0),
)
ROOM = (("p50, ms", "p50_ms", 1), ("p99, ms", "p99_ms", 1), ("processor, ms each", "cpu_ms", 1))
OPENED = {"group": "a group", "direct": "a direct conversation", "list": "the list"}


def tables(results: Results) -> list[Table]:
    """Return the tables of what was measured."""
    rates = [
        [text, *(with_spread(results.figure(measure, name, value), digits) for _, value, digits in RATES)]
        for (measure, name), text in WRITERS.items()
        if results.values(measure, name, "a_second")
    ]
    room = [
        [
            text,
            *(
                with_spread(results.figure("chat-room", "ours", f"{before}{value}"), digits)
                for _, value, digits in ROOM
            ),
        ]
        for text, before in (("a message, from its POST", ""), ("a bare event, from its commit", "event_"))
        if results.values("chat-room", "ours", "p99_ms")
    ]
    opened = [
        [
            text,
            *(
                with_spread(results.figure("chat-open", "ours", f"{kind}_{size}_{value}"), digits)
                for value, digits in (("ms", 1), ("queries", 0))
                for size in ("short", "long")
            ),
        ]
        for kind, text in OPENED.items()
        if results.values("chat-open", "ours", f"{kind}_long_ms")
    ]
    headings = ("short: ms", "long: ms", "short: queries", "long: queries")
    return [
        Table(title, ["", *columns], rows)
        for title, columns, rows in (
            ("A conversation in which all clients are", [one[0] for one in ROOM], room),
            ("Pairs who write to each other, on PostgreSQL: the highest rate", [one[0] for one in RATES], rates),
            ("Opening conversations and their list", headings, opened),
        )
        if rows
    ]
