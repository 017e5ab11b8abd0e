"""Faults that hostile clients cause. The office's own clients must not be affected."""

import random
from collections.abc import Iterator

from tests.support.ports import wait_until

from ..hostile_clients import Act, HostileClients, never_reads, reads_slowly, stops_half_way, storms, talks_garbage
from ..nemesis import fault
from ..office import SERVERS, Office

RELEASE_SECONDS = 60.0  # until the servers must have released the connections of clients that left


@fault("clients", (10, 25))
def clients_that_read_a_byte_a_second(office: Office, rng: random.Random) -> Iterator[None]:
    """Sixty clients that ask for everything since the beginning and read one byte a second."""
    yield from _harm(office, rng, 60, reads_slowly(_transport(rng), office.begin))


@fault("clients", (10, 30))
def clients_that_never_read(office: Office, rng: random.Random) -> Iterator[None]:
    """Sixty clients that ask for everything since the beginning and read nothing."""
    yield from _harm(office, rng, 60, never_reads(_transport(rng), office.begin))


@fault("clients", (4, 8))
def storm_of_clients(office: Office, rng: random.Random) -> Iterator[None]:
    """A thousand clients at once, by both transports, that come again and again from a cursor in the past."""
    yield from _harm(office, rng, 500, storms("sse", office.begin), storms("websocket", office.begin))


@fault("clients", (5, 15))
def clients_that_send_garbage(office: Office, rng: random.Random) -> Iterator[None]:
    """Forty clients that send what is no request, or no frame."""
    yield from _harm(office, rng, 40, talks_garbage(office.begin))


@fault("clients", (5, 20))
def half_handshakes(office: Office, rng: random.Random) -> Iterator[None]:
    """Three hundred clients that begin a handshake and stop half-way."""
    yield from _harm(office, rng, 300, stops_half_way())


def _transport(rng: random.Random) -> str:
    return rng.choice(("sse", "websocket"))


def _harm(office: Office, rng: random.Random, number: int, *acts: Act) -> Iterator[None]:
    """Run ``number`` hostile clients for each act, spread over all servers. Afterwards no connection may remain."""
    ports = [office.sites[SERVERS[place % len(SERVERS)]].port for place in range(number)]
    cookie = office.hostile_session()
    many = [HostileClients(ports, cookie, act, f"{rng.random()}") for act in acts]
    for group in many:
        group.__enter__()
    try:
        yield
        office.hostile_counts["held_at_the_end"] += sum(group.open_connections() for group in many)
    finally:
        for group in many:
            group.__exit__(None, None, None)
    office.hostile_counts["connections"] += sum(len(group.connections) for group in many)
    wait_until(
        lambda: not any(group.left_behind() for group in many),
        "the servers have let go of all who left",
        RELEASE_SECONDS,
    )
