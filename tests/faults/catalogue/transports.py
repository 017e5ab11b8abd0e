"""Operators' actions at arbitrary times: demotion from WebSocket and its restoration, another phase or cohort."""

import io
import random
from collections.abc import Iterator

from django.core.management import CommandError, call_command

from tests.support.database import retrying
from tests.support.people import session_cookie

from ..nemesis import fault
from ..office import Office

PHASES = range(6)


@fault("holds", (1, 8))
def websocket_taken_away(office: Office, rng: random.Random) -> Iterator[None]:
    """`manage.py transport sse` for all, a group or a person; then `restore`."""
    group = rng.choice(("Head Engineer", "Project Engineer"))
    scope = rng.choice((["--all"], ["--group", group], ["--user", rng.choice(office.stable_users).username]))
    _transport("sse", *scope, "--reason", "a fault")
    yield
    _transport("restore", *scope)


@fault("holds", (1, 3))
def websocket_taken_and_given_back_at_once(office: Office, rng: random.Random) -> Iterator[None]:
    """The same for all users, several times in immediate succession."""
    for _ in range(4):
        _transport("sse", "--all", "--reason", "a fault")
        _transport("restore", "--all")
    yield


def _transport(*words: str) -> None:
    def call() -> None:
        try:
            call_command("transport", *words, stdout=io.StringIO())
        except CommandError as refused:
            raise refused.__cause__ or refused from None

    retrying(call)


@fault("phased", (0, 4))
def phase_changed(office: Office, rng: random.Random) -> Iterator[None]:
    """scripts/advance.sh and rollback.sh move a site to another phase, and to a third: Daphne and Gunicorn in turn."""
    cookie = retrying(lambda: session_cookie(office.stable_users[0]))
    first, second = rng.sample([other for other in PHASES if other != office.phased.phase], 2)
    office.phased.move(first, cookie)
    yield
    office.phased.move(second, cookie)


@fault("phased", (1, 4))
def cohort_changed(office: Office, rng: random.Random) -> Iterator[None]:
    """Another WEBSOCKET_ROLLOUT_PERCENT and other WEBSOCKET_ROLLOUT_GROUPS, and a restart."""
    office.phased.change_cohort(rng)
    yield
