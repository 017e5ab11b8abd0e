"""Faults of a process that numbers events: it is killed or stopped at each point of a numbering.

The process is a writer, which numbers what it has written. Whatever happens to it, the others save and number on.
"""

import contextlib
import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

from tests.support.database import retrying
from tests.support.numbering_gate import Point
from tests.support.ports import wait_until
from tests.support.tcp_relay import TcpRelay

from ..log_position import head
from ..nemesis import FaultFunction, fault
from ..office import Office
from ..writers import SelfSignalled, Writer

POINT_SECONDS = 60.0  # until the process has come to the point, which another fault may delay
GATE_SECONDS = 3.0  # for which a gate stays closed, waiting for somebody
PROGRESS_SECONDS = 40.0  # until others have saved and numbered
LASTS = (1.0, 3.0)
HOW = {"killed": signal.SIGKILL, "stopped": signal.SIGSTOP}
AT_GATE = {
    "at_lock": (Point.AT_LOCK, "it has the lock, and has moved nothing yet"),
    "in_move": (Point.IN_MOVE, "events have left the outbox and have got their ids"),
    "commit_sent": (Point.IN_COMMIT, "the server has begun to commit"),
}
BETWEEN = {
    SelfSignalled.AFTER_COMMIT: "its change is committed, and nothing else has happened",
    SelfSignalled.BEFORE_SECOND_LOOK: "it has numbered, and has not looked again",
    SelfSignalled.BEFORE_HINTS: "it has numbered, and has told nobody",
}


def _others_go_on(office: Office) -> None:
    """Wait until somebody has saved something after now, and it has its place. Raise AssertionError if nobody can."""
    before = retrying(head)
    wait_until(lambda: retrying(head) > before, "others save and number", PROGRESS_SECONDS)


@contextlib.contextmanager
def _victim(office: Office, **how: Any) -> Iterator[Writer]:
    """Within this block, a further writer works. It is stopped afterwards, in whatever state it is."""
    writer = office.new_writer(**how)
    try:
        yield writer
    finally:
        writer.stop()
        office.retire(writer)


def _between(point: SelfSignalled, number: signal.Signals) -> FaultFunction:
    def inject(office: Office, rng: random.Random) -> Iterator[None]:
        with _victim(office, point=point, number=number, signalled_from=rng.randint(1, 4)) as writer:
            wait_until(lambda: writer.at_rest, f"{writer.name} has come to the point", POINT_SECONDS)
            _others_go_on(office)
            yield

    return inject


def _at_gate(point: Point, number: signal.Signals) -> FaultFunction:
    def inject(office: Office, rng: random.Random) -> Iterator[None]:
        with _victim(office, eager=True) as writer:
            _catch(office, writer, point, lambda: os.kill(writer.pid, number))
            _others_go_on(office)
            yield

    return inject


def _unanswered(number: signal.Signals) -> FaultFunction:
    def inject(office: Office, rng: random.Random) -> Iterator[None]:
        with TcpRelay(office.postgres.port) as relay:
            url = office.database_url.replace(str(office.relays["postgres"].port), str(relay.port))
            with _victim(office, eager=True, database_url=url) as writer:
                _catch(office, writer, Point.IN_COMMIT, relay.hold_answers)
                wait_until(lambda: not _active(office, writer), "the server has committed, and its answer is held")
                os.kill(writer.pid, number)
                _others_go_on(office)
                yield
                relay.snap()
                relay.heal()

    return inject


def _disconnected(office: Office, rng: random.Random) -> Iterator[None]:
    """The server ends the connection of a process that numbers while it commits, so that nothing is numbered."""

    def terminate() -> None:
        for pid in office.gate.waiting():
            office.gate.execute(f"SELECT pg_terminate_backend({pid})")

    with _victim(office, eager=True) as writer:
        _catch(office, writer, Point.IN_COMMIT, terminate)
        _others_go_on(office)
        yield


def _catch(office: Office, writer: Writer, point: Point, harm: Callable[[], object]) -> None:
    """Call ``harm`` while a numbering of this writer is at this point. Others that come there are let go."""
    deadline = time.monotonic() + POINT_SECONDS
    while time.monotonic() < deadline:
        with office.gate.closed(point), contextlib.suppress(AssertionError):
            pid = office.gate.wait_for(GATE_SECONDS)
            if office.gate.waiting().get(pid) == writer.name:
                harm()
                return
        with contextlib.suppress(AssertionError):
            wait_until(lambda: not office.gate.waiting(), "it has gone on, so that another can come", GATE_SECONDS)
    raise AssertionError(f"{writer.name} has never been at {point.name}")


def _active(office: Office, writer: Writer) -> bool:
    """Whether the server is executing something for this writer's numbering."""
    return bool(
        office.gate.execute(
            f"SELECT 1 FROM pg_stat_activity WHERE application_name = '{writer.name}' AND state = 'active' "
            "AND query LIKE '%pg_try_advisory_xact_lock%'"
        )
    )


def _register(name: str, description: str, inject: FaultFunction) -> None:
    inject.__name__, inject.__doc__ = f"numbering_{name}", description
    fault("postgres", LASTS)(inject)


for _how, _number in HOW.items():
    for _name, (_point, _says) in AT_GATE.items():
        _register(f"{_how}_{_name}", f"A process that numbers is {_how}: {_says}.", _at_gate(_point, _number))
    _register(
        f"{_how}_commit_unanswered",
        f"A process that numbers is {_how}: what it has numbered is committed, and it does not know.",
        _unanswered(_number),
    )
    for _between_point, _says in BETWEEN.items():
        _register(
            f"{_how}_{_between_point.replace('-', '_')}",
            f"A writer is {_how}: {_says}.",
            _between(_between_point, _number),
        )
_register("disconnected_commit_sent", _disconnected.__doc__ or "", _disconnected)
