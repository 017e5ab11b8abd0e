"""What needs an operator's attention, most serious first, and the order of the page's panels that follows from it."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from ..transport import verdict
from ..transport.report import NAMES, Parity
from ..transport.verdict import BAD, FAILED, MISSING, Check
from .charts import milliseconds

ALARM, WARNING = "alarm", "warning"
# The panels of the page in their usual order: each with the id of its first element and its template.
PANELS = {
    "charts": "switchover/charts.html",
    "parity": "switchover/parity.html",
    "switches": "switchover/settings_panels.html",
    "people": "switchover/people.html",
}
PANEL_OF = {"fallbacks": "charts", "demotions": "switches", "words": "switches"}  # parts of a panel that are linked to


class Finding(NamedTuple):
    """Something to look at. ``level``: ``ALARM`` or ``WARNING``. ``part``: the id of the element that shows more."""

    level: str
    part: str
    text: str


def findings(
    servers: dict[str, Any], parity: Parity, fallbacks: dict[str, Any], demotions: dict[str, Any], words: dict[str, Any]
) -> list[Finding]:
    """What is wrong (``ALARM``) and what is unusual (``WARNING``) in the page's data."""
    found = [
        *_of_parity(parity),
        *_of_servers(servers),
        *_of_demotions(demotions),
    ]
    if fallbacks["total"]:
        reason = fallbacks["by_reason"][0]["reason"] or "none given"
        times = _counted(fallbacks["total"], "fallback")
        found.append(
            Finding(WARNING, "fallbacks", f"{times} to a lesser transport; the most frequent reason: {reason}.")
        )
    if complaints := sum(one["no"] for one in words["counts"]):
        said = "answer says" if complaints == 1 else "answers say"
        found.append(Finding(WARNING, "words", f"{complaints} {said} that a page is not live."))
    return sorted(found, key=lambda finding: finding.level != ALARM)


def order(found: Iterable[Finding]) -> list[str]:
    """The templates of the panels: those with alarms first, then those with warnings, else as usual."""
    levels: dict[str, str] = {}
    for finding in found:
        levels.setdefault(PANEL_OF.get(finding.part, finding.part), finding.level)
    rank = {ALARM: 0, WARNING: 1}
    panels = sorted(PANELS, key=lambda panel: rank.get(levels.get(panel, ""), 2))
    return [PANELS[panel] for panel in panels]


def in_words(check: Check) -> str:
    """A limit of the parity report as a sentence for operators."""
    if check.outcome == verdict.UNKNOWN:
        unit = "connections" if check.name == FAILED else "events"
        return f"{_subject(check)}: not known yet, {check.of} of the {check.needed} {unit} that a verdict needs."
    relation = "more than the limit of" if check.outcome == BAD else "within the limit of"
    hit = f" {_counted(check.people, 'person', 'people')} hit." if check.outcome == BAD and check.people else ""
    value, limit = _value(check, check.value or 0), _value(check, check.limit)
    return f"{_subject(check)}: {value} of {_whole(check)}, {relation} {limit}.{hit}"


def _subject(check: Check) -> str:
    if check.name == FAILED:
        return "Connections that failed"
    return "Missing events" if check.name == MISSING else "Delay of 99 in 100 events"


def _value(check: Check, value: float) -> str:
    if check.name == FAILED:
        return f"{value:g} %"
    return f"{value:g}" if check.name == MISSING else milliseconds(value)


def _whole(check: Check) -> str:
    if check.name == FAILED:
        return _counted(check.of, "connection")
    return f"{check.of} owed" if check.name == MISSING else f"{check.of} measured"


def _of_parity(parity: Parity) -> Iterator[Finding]:
    for check in parity.checks:
        if check.outcome == BAD:
            yield Finding(ALARM, "parity", f"WebSocket. {in_words(check)}")
    for name, one in parity.tallies.items():
        if name != "websocket" and one.missing:
            yield Finding(ALARM, "parity", f"{NAMES[name]}. Missing events: {one.missing} of {one.owed} owed.")
        if one.out_of_order:
            yield Finding(ALARM, "parity", f"{NAMES[name]}. {_counted(one.out_of_order, 'event')} came out of order.")
    for epoch in parity.epochs:
        text = f"Epoch {epoch.pk} of the log began: a backup was restored, or a standby took over."
        yield Finding(WARNING, "parity", text)


def _of_servers(servers: dict[str, Any]) -> Iterator[Finding]:
    if servers["differ"]:
        yield Finding(ALARM, "switches", "Servers run with different flags or different code.")
    elif servers["standing"].number is None:
        yield Finding(WARNING, "switches", f"The flags are those of no phase: {servers['standing'].why}.")


def _of_demotions(demotions: dict[str, Any]) -> Iterator[Finding]:
    if everybody := demotions["everybody"]:
        yield Finding(ALARM, "demotions", f"WebSocket is taken away from everybody: {everybody['reason']}.")
    elif demotions["holds"]:
        names = ", ".join(hold["named"] for hold in demotions["holds"][:3])
        more = " and others" if len(demotions["holds"]) > 3 else ""
        yield Finding(WARNING, "demotions", f"WebSocket is taken away from {names}{more}.")


def _counted(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"
