"""The parity report as plain text."""

from collections.abc import Iterator

from realtime.log.events import iso
from realtime.parity.compare import Tally, percentile

from .report import NAMES, Parity


def as_text(parity: Parity) -> str:
    """The report for people, its verdict last."""
    return "\n".join(_lines(parity))


def _lines(parity: Parity) -> Iterator[str]:
    yield f"From {iso(parity.since)} to {iso(parity.until)}"
    for name, title in NAMES.items():
        if one := parity.tallies.get(name):
            yield ""
            yield f"{title}: {_people(len(one.people))}"
            yield from _of_transport(one, parity.limits.events)
    if shadow := parity.shadow:
        yield ""
        yield f"Shadow: {_people(shadow['people'])}"
        yield (
            f"  events: {shadow['both']} both ways, {shadow['only_shown']} only as shown, "
            f"{shadow['only_compared']} only by WebSocket"
        )
        if shadow["lead_ms"] is not None:
            yield f"  WebSocket was first with {shadow['websocket_first']}, by {shadow['lead_ms']} ms in the middle"
    yield ""
    if not parity.fallbacks:
        yield "Fallbacks: none"
    for fallback in parity.fallbacks:
        left, taken = NAMES[fallback["from"]], NAMES[fallback["to"]]
        yield f"Fallbacks: {left} to {taken}, {fallback['reason'] or 'no reason'}: {fallback['times']}"
    for transport, said in parity.feedback["transports"].items():
        by = NAMES.get(transport, "another transport")
        yield f"People on {by}: {said['yes']} say that it is live, {said['no']} that it is not"
    for said in parity.feedback["comments"]:
        word = "live" if said["live"] else "not live"
        yield f"  {iso(said['at'])} {word} ({said['transport']}): {_printable(said['comment'])}"
    yield ""
    lag = parity.numbering
    if lag.measured:
        yield f"From writing to its place in the log: p50 {lag.p50_ms} ms, p99 {lag.p99_ms} ms (of {lag.measured})"
    for epoch in parity.epochs:
        yield (
            f"Epoch {epoch.pk} of the log began at {iso(epoch.started_at)}: ids after {epoch.cut} and up to "
            f"{epoch.begins} are of a history that was lost"
        )
    for check in parity.checks:
        yield f"WebSocket: {check}"
    yield f"Verdict: {parity.verdict}"


def _of_transport(one: Tally, enough: int) -> Iterator[str]:
    reasons = ", ".join(f"{reason or 'no reason'} {times}" for reason, times in one.reasons.most_common())
    yield f"  connections: {one.tried} tried, {one.failed} failed{f' ({reasons})' if reasons else ''}, {one.lost} lost"
    if one.away:
        yield f"    {one.away} of them met no server at all, and are not counted as failed"
    yield (
        f"  events: {one.delivered} delivered, {one.missing} missing of {one.owed} owed, {one.duplicates} duplicates, "
        f"{one.out_of_order} out of order, {one.late} late, {one.caught_up} caught up with"
    )
    if one.owed or one.delivered:
        came = f"{one.arrived} came, {one.elsewhere} came on another connection, {one.missing} are missing"
        yield f"    of those owed {came}; {one.beyond} came that were not owed, or not yet"
    if one.delays:
        p50, p95, p99 = (one.percentile(percent) for percent in (50, 95, 99))
        few = "" if len(one.delays) >= enough else f", not enough data: {enough} would be"
        yield f"  commit to browser: p50 {p50} ms, p95 {p95} ms, p99 {p99} ms (of {len(one.delays)}{few})"
    else:
        yield "  commit to browser: not enough data"
    if one.paints:
        p50, p95, p99 = (percentile(one.paints, percent) for percent in (50, 95, 99))
        yield f"  commit to paint: p50 {p50} ms, p95 {p95} ms, p99 {p99} ms (of {len(one.paints)})"
    if one.unjudged:
        yield f"  what {_people(len(one.unjudged))} may see has changed: before that, nothing is judged for them"
    if one.lost_history:
        yield f"  not judged: {one.lost_history} receipts of a history that was lost"
    if one.refused or one.dropped:
        yield f"  not counted: {one.refused} receipts for no event of theirs, {one.dropped} that browsers dropped"


def _people(number: int) -> str:
    return "1 person" if number == 1 else f"{number} people"


def _printable(text: str) -> str:
    """Text that users typed, without control characters for a terminal."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
