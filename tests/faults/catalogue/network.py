"""Faults of the network: between browsers and servers, and between servers and their databases."""

import random
from collections.abc import Callable, Iterator

from tests.support.tcp_relay import TcpRelay

from ..nemesis import FaultFunction, fault
from ..office import SERVERS, Office

DELAY = 0.5  # seconds
LOSS = 0.1

Choose = Callable[[Office, random.Random], list[TcpRelay]]


def _browsers(office: Office, rng: random.Random) -> list[TcpRelay]:
    """Some or all of the relays in front of servers."""
    ways = [*SERVERS, "nginx"]
    return [office.relays[name] for name in rng.sample(ways, rng.randint(1, len(ways)))]


def _store(name: str) -> Choose:
    return lambda office, rng: [office.relays[name]]


def _cut(relay: TcpRelay) -> None:
    relay.cut()


def _held(relay: TcpRelay) -> None:
    relay.hold()


def _snapped(relay: TcpRelay) -> None:
    relay.snap()


def _slow(relay: TcpRelay) -> None:
    relay.delay = DELAY


def _lossy(relay: TcpRelay) -> None:
    relay.loss = LOSS


WIRES: dict[str, Choose] = {"browsers": _browsers, "redis": _store("redis"), "postgres": _store("postgres")}
# The function that harms a relay, the shortest and the longest duration in seconds, and the description.
HARM: tuple[tuple[Callable[[TcpRelay], None], tuple[float, float], str], ...] = (
    (_cut, (1, 8), "Every connection breaks, and none is taken"),
    (_held, (3, 30), "A black hole: connections stay and new ones are taken, and no byte passes"),
    (_snapped, (0, 2), "Every connection breaks once"),
    (_slow, (5, 15), f"Everything takes {DELAY * 1000:.0f} ms more, in either direction"),
    (_lossy, (5, 15), f"{LOSS:.0%} of what is sent is lost, and comes again"),
)


def _network(wire: str, choose: Choose, harm: Callable[[TcpRelay], None], says: str) -> FaultFunction:
    def inject(office: Office, rng: random.Random) -> Iterator[None]:
        chosen = choose(office, rng)
        for one in chosen:
            harm(one)
        yield
        for one in chosen:
            one.heal()

    inject.__name__ = f"{wire}_wire{harm.__name__}"
    inject.__doc__ = f"{says}, between servers and {wire}."
    return inject


for _wire, _choose in WIRES.items():
    for _harm, _seconds, _says in HARM:
        # One fault at a time for PostgreSQL: without it no change is possible, and the run would show nothing.
        _target = "postgres" if _wire == "postgres" else f"{_wire}-wire"
        fault(_target, _seconds)(_network(_wire, _choose, _harm, _says))
