"""What befalls the network: between browsers and servers, and between servers and their stores."""

import random
from collections.abc import Callable, Iterator

from tests.support.tcp_relay import Wire

from ..nemesis import Befall, fault
from ..office import SERVERS, Office

DELAY = 0.5  # seconds
LOSS = 0.1

Choose = Callable[[Office, random.Random], list[Wire]]


def _browsers(office: Office, rng: random.Random) -> list[Wire]:
    """Some or all of the ways in."""
    ways = [*SERVERS, "nginx"]
    return [office.wires[name] for name in rng.sample(ways, rng.randint(1, len(ways)))]


def _store(name: str) -> Choose:
    return lambda office, rng: [office.wires[name]]


def _cut(wire: Wire) -> None:
    wire.cut()


def _held(wire: Wire) -> None:
    wire.hold()


def _snapped(wire: Wire) -> None:
    wire.snap()


def _slow(wire: Wire) -> None:
    wire.delay = DELAY


def _lossy(wire: Wire) -> None:
    wire.loss = LOSS


WIRES: dict[str, Choose] = {"browsers": _browsers, "redis": _store("redis"), "postgres": _store("postgres")}
# What is done to a wire, for how many seconds, and in words.
HARM: tuple[tuple[Callable[[Wire], None], tuple[float, float], str], ...] = (
    (_cut, (1, 8), "Every connection breaks, and none is taken"),
    (_held, (3, 30), "A black hole: connections stay and new ones are taken, and no byte passes"),
    (_snapped, (0, 2), "Every connection breaks once"),
    (_slow, (5, 15), f"Everything takes {DELAY * 1000:.0f} ms more, in either direction"),
    (_lossy, (5, 15), f"{LOSS:.0%} of what is sent is lost, and comes again"),
)


def _network(wire: str, choose: Choose, harm: Callable[[Wire], None], says: str) -> Befall:
    def befall(office: Office, rng: random.Random) -> Iterator[None]:
        chosen = choose(office, rng)
        for one in chosen:
            harm(one)
        yield
        for one in chosen:
            one.heal()

    befall.__name__ = f"{wire}_wire{harm.__name__}"
    befall.__doc__ = f"{says}, between servers and {wire}."
    return befall


for _wire, _choose in WIRES.items():
    for _harm, _seconds, _says in HARM:
        # One fault at a time for PostgreSQL: while it is away nobody can work, and such a run shows nothing.
        _target = "postgres" if _wire == "postgres" else f"{_wire}-wire"
        fault(_target, _seconds)(_network(_wire, _choose, _harm, _says))
