"""Faults of the servers. A supervisor restarts each of them (tests/support/restarting_site.py)."""

import random
import signal
from collections.abc import Callable, Iterator

from ..nemesis import FaultFunction, fault
from ..office import SERVERS, Office


def _ended(server: str, number: signal.Signals) -> FaultFunction:
    def inject(office: Office, rng: random.Random) -> Iterator[None]:
        site = office.sites[server]
        site.signal(number, site.processes()[:1])
        yield

    inject.__name__ = f"{server}_{number.name.lower()}"
    inject.__doc__ = f"{number.name} to {server} itself; its supervisor starts it again."
    return inject


def _frozen(server: str) -> FaultFunction:
    def inject(office: Office, rng: random.Random) -> Iterator[None]:
        site = office.sites[server]
        pids = site.processes()
        site.signal(signal.SIGSTOP, pids)
        yield
        site.signal(signal.SIGCONT, pids)

    inject.__name__ = f"{server}_frozen"
    inject.__doc__ = f"SIGSTOP to every process of {server}."
    return inject


for _server in SERVERS:
    fault(_server, (2, 6))(_ended(_server, signal.SIGKILL))
    fault(_server, (2, 6))(_ended(_server, signal.SIGTERM))
    fault(_server, (3, 20))(_frozen(_server))


def _worker(number: signal.Signals) -> Callable[[Office, random.Random], Iterator[None]]:
    def inject(office: Office, rng: random.Random) -> Iterator[None]:
        site = office.sites["gunicorn"]
        workers = site.processes()[1:]
        site.signal(number, rng.sample(workers, min(1, len(workers))))
        yield

    inject.__name__ = f"worker_{number.name.lower()}"
    inject.__doc__ = f"{number.name} to one of Gunicorn's workers; its master starts another."
    return inject


for _number in (signal.SIGKILL, signal.SIGTERM):
    fault("gunicorn", (2, 5))(_worker(_number))
