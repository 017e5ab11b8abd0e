"""A sustained load: many clients on both transports that each receive every event, for minutes."""

import os
import sys
import threading
import time
from collections import Counter
from contextlib import ExitStack
from typing import Any

from realtime.log import replay
from realtime.log.events import AuthorityChanged
from realtime.log.models import OutboxEvent
from tests.support.ports import wait_until

from .crowd import CrowdProcess
from .office import Servers, left_behind, staff
from .publisher import PublisherProcess
from .resources import cpu_seconds, many_files, slope, usual_change
from .tally import STEPS_A_SECOND

TRANSPORTS = ("sse", "websocket")
SERVING = "with_flow_control.<locals>.serve"  # the task of a connection under ASGI (daphne_writer.py)
SAMPLE_SECONDS = 5.0
SETTLE_SECONDS = 120.0
CATCH_UP_SECONDS = 90.0
LOOKED_SECONDS = 3.5  # two looks of each tail (realtime/delivery/hub.py, TAIL_SECONDS)
FLAT_KB_A_MINUTE = 512.0
STRETCH_MINUTES = 1 / 3  # the median change of memory within this time distinguishes a leak from a few steps
FLAT_SHARE = 0.1
WARM_SHARE = 0.2  # of the time, a minute at most, in which bounded structures fill up (above all the ring of events)


class Watch:
    """Samples the servers' resources at intervals, from outside."""

    def __init__(self, servers: Servers, every: float) -> None:
        self._servers, self._every = servers, every
        self.samples: list[tuple[float, dict[str, dict[str, float]]]] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, name="watch")

    def _look(self) -> None:
        begun = time.monotonic()
        while True:
            self.samples.append((round(time.monotonic() - begun, 1), self._servers.measured()))
            if self._over.wait(self._every):
                return

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._over.set()
        self._thread.join()


def run(servers: Servers, clients: int, rate: float, seconds: float) -> dict[str, Any]:
    """Apply the load, then remove it, and return the report. Its ``faults`` are empty if there were none."""
    half = clients // 2
    with many_files(clients + 500), ExitStack() as stack:
        cookies = {"sse": staff(half), "websocket": staff(clients - half)}
        _warm_up(servers, cookies)
        before = servers.resources()
        start = replay.head()
        crowds = [
            stack.enter_context(CrowdProcess(servers.port_of(kind), kind, cookies[kind], start)) for kind in TRANSPORTS
        ]
        opening = {crowd.transport: crowd.opened() for crowd in crowds}
        turned_away = {crowd.transport: crowd.turned_away for crowd in crowds}
        write_progress(f"{clients} clients are open: {opening}")
        held = servers.resources()
        load_before, cpu_before = os.getloadavg(), {crowd.transport: cpu_seconds(crowd.pid) for crowd in crowds}
        with Watch(servers, min(SAMPLE_SECONDS, seconds / 12)) as watch:
            publisher = stack.enter_context(PublisherProcess(servers.for_sockets.environment, rate, seconds))
            _wait_for(publisher, seconds)
            cpu = {crowd.transport: round(cpu_seconds(crowd.pid) - cpu_before[crowd.transport], 1) for crowd in crowds}
            published = publisher.finish()
        came = {crowd.transport: crowd.until(published["last"], CATCH_UP_SECONDS) for crowd in crowds}
        load = {"before": load_before, "after": os.getloadavg()}
        for crowd in crowds:
            crowd.kill()
        after = settled(servers, before)
    report = {
        "clients": clients,
        "rate": rate,
        "seconds": seconds,
        "opening_seconds": opening,
        "turned_away_at_first": turned_away,
        "published": {name: value for name, value in published.items() if name != "moments"},
        "delivery": {kind: _delivery(one, published) for kind, one in came.items()},
        "clients_cpu_seconds": cpu,
        "memory": memory(watch.samples, seconds),
        "load_average": load,
        "held": {"before": before, "open": held, "after": after},
        "samples": watch.samples,
    }
    report["faults"] = _faults(report, clients) + left_behind(before, after, {})
    return report


def _warm_up(servers: Servers, cookies: dict[str, list[str]]) -> None:
    """Connect and disconnect a few clients, so that one-time allocations are made before measuring."""
    with ExitStack() as stack:
        few = [
            stack.enter_context(CrowdProcess(servers.port_of(kind), kind, cookies[kind][:40], replay.head()))
            for kind in TRANSPORTS
        ]
        for crowd in few:
            crowd.opened()
        wait_until(lambda: have_all_numbered(servers), "each server has numbered events", 20)
    wait_for_no_connections(servers)


def have_all_numbered(servers: Servers) -> bool:
    """Return whether every server that follows the log has numbered an event and sent its messages.

    Their tails look by themselves for events without a place. Where one always looks a moment after another, it finds
    something only if a new event is there within that moment.
    """
    deadline = time.monotonic() + LOOKED_SECONDS
    while time.monotonic() < deadline:
        if not OutboxEvent.objects.exists():
            OutboxEvent.objects.create(type=AuthorityChanged.type, fields={"user_ids": []})
        time.sleep(0.002)
    following = [servers.inspector.ask(pid) for name, pid, _ in servers.processes()]
    threads = [one["threads"] for one in following if one.get("listeners")]
    sending = [one for one in threads if "realtime-layer-in" in one]
    return all("realtime-numbering" in one for one in threads) and all("realtime-layer-out" in one for one in sending)


def wait_for_no_connections(servers: Servers) -> None:
    """Wait until the servers serve no connection. Raise AssertionError if they still do after ``SETTLE_SECONDS``."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while True:
        states = {name: servers.inspector.ask(pid) for name, pid, _ in servers.processes()}
        if not any(one.get("listeners") or one["tasks"].get(SERVING) for one in states.values()):
            return
        assert time.monotonic() < deadline, f"Somebody is still served after {SETTLE_SECONDS} s: {states}"
        time.sleep(0.25)


def settled(servers: Servers, before: dict[str, Any], most_threads: dict[str, int] | None = None) -> dict[str, Any]:
    """Wait until nothing is left behind, for ``SETTLE_SECONDS`` at most, and return the resources held."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while left_behind(before, after := servers.resources(), most_threads or {}) and time.monotonic() < deadline:
        time.sleep(0.5)
    return after


def _wait_for(publisher: PublisherProcess, seconds: float) -> None:
    begun = time.monotonic()
    reported = 0.0
    while publisher.working():
        time.sleep(0.1)
        passed = time.monotonic() - begun
        if passed - reported >= 30:
            reported = passed
            write_progress(f"{passed:.0f} of {seconds:.0f} s")
        assert passed < seconds * 2 + 60, "The publisher does not come to an end"


def _delivery(came: dict[str, Any], published: dict[str, Any]) -> dict[str, Any]:
    """Return the deliveries to one crowd, with the delays from commit to client in milliseconds."""
    delays: Counter[int] = Counter()
    first, moments = published["first"], published["moments"]
    writes = 0
    for low, high, step, number in came.pop("arrivals"):
        writes += number
        for one in range(low, high + 1):
            if 0 <= one - first < len(moments):
                # The end of the 5 ms in which it arrived, so that no delay is underestimated.
                delays[round(((step + 1) / STEPS_A_SECOND - moments[one - first]) * 1000)] += number
    return {**came, "events_a_write": round(came["delivered"] / max(1, writes), 1), **_quantiles(delays)}


def _quantiles(delays: Counter[int]) -> dict[str, int]:
    total, seen, found = delays.total(), 0, {}
    wanted = {"p50_ms": 0.5, "p99_ms": 0.99, "p999_ms": 0.999, "longest_ms": 1.0}
    for delay in sorted(delays):
        seen += delays[delay]
        for name, share in wanted.items():
            if name not in found and seen >= share * total:
                found[name] = delay
    return found


def memory(samples: list[tuple[float, dict[str, dict[str, float]]]], seconds: float) -> dict[str, Any]:
    """Return for each process its first and last memory, and the slope after the warm-up."""
    warm = min(60.0, seconds * WARM_SHARE)
    report = {}
    for name in samples[0][1]:
        late = [(moment / 60, sample[name]["rss_kb"]) for moment, sample in samples if moment >= warm]
        first, last = samples[0][1][name], samples[-1][1][name]
        usual = usual_change(late, STRETCH_MINUTES)
        report[name] = {
            "first_kb": first["rss_kb"],
            "warm_kb": late[0][1],
            "last_kb": last["rss_kb"],
            "most_kb": max(sample[name]["rss_kb"] for _, sample in samples),
            "slope_kb_a_minute": round(slope(late), 1),
            "usual_kb_a_minute": None if usual is None else round(usual, 1),
            "cores": round((last["cpu_seconds"] - first["cpu_seconds"]) / max(1, samples[-1][0] - samples[0][0]), 2),
            "most_threads": max(sample[name]["threads"] for _, sample in samples),
            "most_fds": max(sample[name]["fds"] for _, sample in samples),
        }
    return report


def _faults(report: dict[str, Any], clients: int) -> list[str]:
    faults = []
    count = len(range(report["published"]["first"], report["published"]["last"] + 1))
    if not report["published"]["in_step"]:
        faults.append("Others wrote events meanwhile; nothing can be said of what was lost")
    if report["published"]["rate"] < 0.95 * report["rate"]:
        faults.append(f"Only {report['published']['rate']} events a second were published")
    for kind, came in report["delivery"].items():
        for what in ("lost", "twice", "disordered", "closed"):
            if came[what]:
                faults.append(f"{kind}: {what} {came[what]} {came['closed_with'] if what == 'closed' else ''}".strip())
    due = count * clients
    delivered = sum(came["delivered"] for came in report["delivery"].values())
    if delivered != due:
        faults.append(f"{delivered} deliveries of {due}")
    return faults


def growing_processes(report: dict[str, Any]) -> list[str]:
    """Return the processes whose memory keeps growing. It is only meaningful for runs of minutes."""
    return [
        f"{name}: memory grows by {one['slope_kb_a_minute']} KB a minute"
        for name, one in report["memory"].items()
        if one["slope_kb_a_minute"] > FLAT_KB_A_MINUTE
    ]


def write_progress(text: str) -> None:
    """Write a line of progress to stderr."""
    sys.stderr.write(f"load: {text}\n")
