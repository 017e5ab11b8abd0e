"""What befalls the servers. Each is under a supervisor that starts it again (tests/support/restarting_site.py)."""

import random
import signal
from collections.abc import Callable, Iterator

from ..nemesis import Befall, fault
from ..office import SERVERS, Office


def _ended(server: str, number: signal.Signals) -> Befall:
    def befall(office: Office, rng: random.Random) -> Iterator[None]:
        site = office.sites[server]
        site.signal(number, site.processes()[:1])
        yield

    befall.__name__ = f"{server}_{number.name.lower()}"
    befall.__doc__ = f"{number.name} to {server} itself; its supervisor starts it again."
    return befall


def _frozen(server: str) -> Befall:
    def befall(office: Office, rng: random.Random) -> Iterator[None]:
        site = office.sites[server]
        pids = site.processes()
        site.signal(signal.SIGSTOP, pids)
        yield
        site.signal(signal.SIGCONT, pids)

    befall.__name__ = f"{server}_frozen"
    befall.__doc__ = f"SIGSTOP to every process of {server}."
    return befall


for _server in SERVERS:
    fault(_server, (2, 6))(_ended(_server, signal.SIGKILL))
    fault(_server, (2, 6))(_ended(_server, signal.SIGTERM))
    fault(_server, (3, 20))(_frozen(_server))


def _worker(number: signal.Signals) -> Callable[[Office, random.Random], Iterator[None]]:
    def befall(office: Office, rng: random.Random) -> Iterator[None]:
        site = office.sites["gunicorn"]
        workers = site.processes()[1:]
        site.signal(number, rng.sample(workers, min(1, len(workers))))
        yield

    befall.__name__ = f"worker_{number.name.lower()}"
    befall.__doc__ = f"{number.name} to one of Gunicorn's workers; its master starts another."
    return befall


for _number in (signal.SIGKILL, signal.SIGTERM):
    fault("gunicorn", (2, 5))(_worker(_number))
