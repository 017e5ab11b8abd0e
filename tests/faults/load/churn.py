"""Connection churn: thousands of connects and disconnects, after which the servers must hold no more than before."""

import time
from contextlib import ExitStack
from typing import Any

from realtime.delivery.ring import RING_EVENTS
from realtime.log import replay
from tests.support import http
from tests.support.ports import wait_until

from .crowd import CrowdProcess
from .office import Servers, left_behind, staff
from .publisher import PublisherProcess
from .resources import many_files
from .sustained import have_all_numbered, settled, wait_for_no_connections, write_progress
from .visits import AT_ONCE, Visits

KILLED = 300  # connections of a client process that is killed
KILLED_SHARE = 0.25  # of all connects
RATE = 20  # events a second meanwhile, so that servers write to disconnecting clients
FILLING_RATE = 250  # events a second before, until the servers' rings of events are full
WARM_SHARE = 0.15  # of the connects, before the first measurement
ROUNDS = 5
FULL_AFTER = 2  # rounds until pools are filled
GROWTH_KB = 8_192  # of memory, from then on
MANY = 5_000  # connects: with fewer, the run is too short to judge memory


def run(servers: Servers, connects: int, seed: int) -> dict[str, Any]:
    """Make ``connects`` connections and return the report. Its ``faults`` are empty if nothing is left behind."""
    cookies = staff(100)
    killed = min(KILLED, max(20, int(connects * KILLED_SHARE / ROUNDS)))
    done = {"visits": 0, "killed": 0}
    visits = Visits({kind: servers.port_of(kind) for kind in ("sse", "websocket")}, cookies, f"{seed}")

    def a_round(number: int) -> None:
        kills = max(2, round(number * KILLED_SHARE / killed))
        for kill in range(kills):
            _run_and_kill(servers, cookies, killed, kill)
            visits.pay((number - kills * killed) // kills)
        done["killed"] += kills * killed
        done["visits"] = visits.ways.total()

    with many_files(killed + 1_000), ExitStack() as stack:
        begun = time.monotonic()
        _prepare(servers, cookies, fill=connects >= MANY)
        publisher = stack.enter_context(PublisherProcess(servers.for_sockets.environment, RATE, 3600))
        a_round(int(connects * WARM_SHARE))
        wait_for_no_connections(servers)
        most_threads = _most_threads(killed)
        before = servers.resources()
        memory = [{name: one["rss_kb"] for name, one in before.items() if isinstance(one, dict) and "rss_kb" in one}]
        for number in range(ROUNDS):
            a_round(int(connects * (1 - WARM_SHARE) / ROUNDS))
            memory.append({name: one["rss_kb"] for name, one in servers.measured().items()})
            write_progress(
                f"{done['visits'] + done['killed']} of {connects} have come and gone ({number + 1} of {ROUNDS} rounds)"
            )
        publisher.finish()
        after = settled(servers, before, most_threads)
        took = time.monotonic() - begun
    faults = left_behind(before, after, most_threads)
    faults += _unavailable(servers)
    grown = {name: after[name]["rss_kb"] - full for name, full in memory[FULL_AFTER].items()}
    faults += [f"{name}: {growth} KB more than before" for name, growth in grown.items() if growth > GROWTH_KB]
    if visits.refused:
        faults.append(f"{len(visits.refused)} were turned away: {visits.refused[:2]}")
    return {
        "connects": done["visits"] + done["killed"],
        "killed": done["killed"],
        "ways": dict(visits.ways),
        "seconds": round(took, 1),
        "grown_kb": grown,
        "memory_kb": memory,
        "held": {"before": before, "after": after},
        "log": _complaints(servers.log()),
        "log_lines": [line[:300] for line in servers.log().splitlines() if " WARNING " in line or " ERROR " in line][
            -20:
        ],
        "faults": faults,
    }


def _prepare(servers: Servers, cookies: list[str], *, fill: bool) -> None:
    """Have each server number events once, so that what it needs for that is there.

    With ``fill``, fill the servers' rings of events, too, so that later growth of memory is due to connections. At the
    rate of the churn, filling them would take the whole run and look like a leak.
    """
    seconds = 1.2 * RING_EVENTS / FILLING_RATE
    with ExitStack() as stack:
        for kind in ("sse", "websocket"):  # a server follows the log only while it has connections
            few = stack.enter_context(CrowdProcess(servers.port_of(kind), kind, cookies[:8], replay.head()))
            few.opened()
        wait_until(lambda: have_all_numbered(servers), "each server has numbered events", 30)
        if not fill:
            return
        publisher = stack.enter_context(PublisherProcess(servers.for_sockets.environment, FILLING_RATE, seconds))
        wait_until(lambda: not publisher.working(), "the events at hand are all there", 20 * seconds)


def _run_and_kill(servers: Servers, cookies: list[str], number: int, kill: int) -> None:
    """Kill a process of clients, while it opens connections or with all of them open."""
    kind = "websocket" if kill % 2 else "sse"
    own = [cookies[one % len(cookies)] for one in range(number)]
    with CrowdProcess(servers.port_of(kind), kind, own, replay.head()) as crowd:
        crowd.opened()


def _most_threads(killed: int) -> dict[str, int]:
    # Pools keep the threads that they once needed, so only the bound is checked.
    return {"ThreadPoolExecutor": killed + AT_ONCE + 50}


def _unavailable(servers: Servers) -> list[str]:
    """Return faults of sites that do not serve a page or accept clients on both transports."""
    faults = []
    for kind, site in servers.sites.items():
        answer = http.get(f"{site.url}/health/", timeout=10)
        if answer.text != "OK":
            faults.append(f"{kind}: health says {answer.text[:100]}")
    return faults


def _complaints(log: str) -> dict[str, int]:
    """Count the words in a log that indicate errors."""
    words = ("Traceback", "never retrieved", "RequestAborted", "ERROR", "WARNING", "CancelledError")
    return {word: log.count(word) for word in words if word in log}
