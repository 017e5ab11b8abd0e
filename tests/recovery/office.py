"""A running site with clients, on a database that loses the end of its history."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from django.contrib.auth.models import User

from projeng import inbox
from projeng.access import Role
from realtime.log import replay
from realtime.log.models import Event, LogEpoch
from realtime.log.replay import Frame
from tests.support.database import retrying
from tests.support.people import person, session_cookie
from tests.support.ports import wait_until
from tests.support.reconnecting_clients import ReconnectingClients
from tests.support.site import Site

from .checker import Logged, faults
from .clients import RecordingClient

KINDS = {"daphne": ("sse", "websocket", "poll"), "gunicorn": ("sse", "poll")}  # what each server offers
SECONDS = 40.0


class Office:
    """The site, a user, and the user's browsers."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.user: User = person(Role.HEAD)
        self.cookie = session_cookie(self.user)
        self.start = replay.head()
        self._crowds: list[ReconnectingClients] = []
        self.clients: list[RecordingClient] = []

    def browsers(self, name: str, cursor: int | None = None) -> list[RecordingClient]:
        """Connect a browser by each transport, from this cursor on (``None``: from the beginning of the test)."""
        begin = self.start if cursor is None else cursor
        some = [
            RecordingClient(user_id=self.user.pk, cookie=self.cookie, cursor=begin, name=f"{name} by {kind}", kind=kind)
            for kind in KINDS[self.site.server]
        ]
        self.clients += some
        self._crowds.append(ReconnectingClients(self.site.url, list(some)))
        return some

    def asleep(self, name: str) -> int:
        """Connect browsers until they are at the end of the log, then end them. Return their cursor."""
        sleepers = self.browsers(name)
        self.all_at_end(sleepers)
        self._crowds.pop().stop()
        self.clients = [one for one in self.clients if one not in sleepers]
        return max(one.cursor for one in sleepers)

    def send(self, *messages: str) -> None:
        """Send notifications, each in a transaction of its own. A database that is away is tried again."""
        for message in messages:
            retrying(partial(inbox.send, [self.user], message))

    def head(self) -> int:
        """The id of the newest event."""
        head: int = retrying(replay.head)
        return head

    def all_at_end(self, some: list[RecordingClient] | None = None) -> None:
        """Wait until these browsers (else all) have come to the end of the log."""
        newest = self.head()
        chosen = self.clients if some is None else some
        wait_until(
            lambda: all(one.cursor >= newest for one in chosen),
            f"all are at {newest}; they are at {[(one.name, one.cursor) for one in chosen]}; log: {self.site.log}",
            SECONDS,
        )

    def faults(self) -> list[str]:
        """What is wrong in the end, when every browser has come to the end of the log."""
        self.all_at_end()
        return faults([one.record() for one in self.clients], self._log())

    def go_on(self, live: list[RecordingClient], valid: int, lost: int, cut: int) -> LogEpoch:
        """Go on after the history was cut, have those asleep wake up, and check everybody. Return the new epoch.

        ``live``: those who have seen what was lost. ``valid``, ``lost``: the cursors of those who fell asleep before
        and after the cut.
        """
        self.send("new 1", "new 2")
        woken = self.browsers("asleep before the cut", valid)
        mistaken = self.browsers("asleep after the cut", lost)
        self.all_at_end()
        self.send("new 3")
        assert self.faults() == []
        [epoch] = self.epochs()
        assert epoch.cut == cut
        each = len(KINDS[self.site.server])
        assert [(one.reasons, one.messages()) for one in woken] == [([], ["new 1", "new 2", "new 3"])] * each
        assert [one.reasons for one in mistaken] == [[replay.LOST]] * each
        assert all(one.reasons and set(one.reasons) == {replay.LOST} for one in live)
        return epoch

    def epochs(self) -> list[LogEpoch]:
        """The epochs in which ids were left out."""
        return [one for one in LogEpoch.objects.order_by("id") if one.begins > one.cut]

    def lines(self) -> list[str]:
        """What the site has logged of new epochs."""
        return [line for line in self.site.log.read_text().splitlines() if "The log has a new epoch" in line]

    def close(self) -> None:
        """End the browsers."""
        for crowd in self._crowds:
            crowd.stop()

    @staticmethod
    def _log() -> list[Logged]:
        logged = []
        for row in Event.objects.order_by("id"):
            frame = Frame(row)
            envelope = json.loads(frame.json)
            del envelope["id"]
            logged.append(Logged(row.id, envelope, frame.audience if frame.topic else frozenset()))
        return logged


@contextmanager
def office(site: Site) -> Iterator[Office]:
    """An office on a site that runs, whose database the test's Django uses."""
    made = Office(site)
    try:
        yield made
    finally:
        made.close()
