"""Clients that watch a site by each transport, and the events of the log that each of them must have."""

from collections import Counter

from django.contrib.auth.models import User
from django.db import connection

from projeng.events import NOTIFICATIONS, PROJECTS
from realtime.access import accounts, audience
from realtime.log import events, replay
from realtime.log.models import Event
from tests.support.people import session_cookie
from tests.support.ports import wait_until
from tests.support.reconnecting_clients import ReconnectingClient, ReconnectingClients
from tests.support.site import Site

TOPICS = {NOTIFICATIONS, PROJECTS}  # those of ``ReconnectingClient``


class Watchers:
    """One client for each site, user and transport that the site offers. They begin at the head of the log."""

    def __init__(self, sites: list[Site], users: list[User]) -> None:
        self._begin = replay.head()
        clients = [
            ReconnectingClient(
                user_id=user.pk,
                cookie=session_cookie(user),
                follows_server=transport == "sse",  # until it is told otherwise, it uses SSE
                cursor=self._begin,
                url=site.url,
            )
            for site in sites
            for user in users
            for transport in (("sse", "websocket") if site.server == "daphne" else ("sse",))
        ]
        self._clients = ReconnectingClients("", clients)

    def wait_until_connected(self, seconds: float = 30.0) -> None:
        """Wait until every client is connected. One whose WebSocket was refused meanwhile may be on SSE."""
        wait_until(
            lambda: all(client.transport for client in self._clients.all), f"connected: {self._clients.all}", seconds
        )

    def by_transport(self) -> Counter:
        """The number of clients by their transport."""
        return self._clients.count_by_transport()

    def wait_until_complete(self, seconds: float = 30.0) -> int:
        """Wait until each has every event of the log that it may see, once and in order. Return their number."""
        expected = self._expected()
        try:
            wait_until(
                lambda: all(client.got == expected[client.user_id] for client in self._clients.all), "complete", seconds
            )
        except AssertionError:
            self._explain(expected)
            raise
        return sum(map(len, expected.values()))

    def _expected(self) -> dict[int, list[int]]:
        connection.close()  # the one from before a failover
        replay.head()  # once every committed event has its place
        held = audience.keys_of(accounts.read([client.user_id for client in self._clients.all]))
        rows = list(Event.objects.filter(id__gt=self._begin).order_by("id"))
        return {
            user: [
                row.pk
                for row in rows
                if events.topic_of(row.type) in TOPICS and audience.may_see(keys, frozenset(row.audience))
            ]
            for user, keys in held.items()
        }

    def _explain(self, expected: dict[int, list[int]]) -> None:
        for client in self._clients.all:
            wanted = expected[client.user_id]
            lost, more = sorted(set(wanted) - set(client.got)), sorted(set(client.got) - set(wanted))
            twice = sorted({one for one in client.got if client.got.count(one) > 1})
            unordered = client.got != sorted(client.got)
            well = not any((lost, more, twice, unordered))
            assert well, (
                f"{client.transports[0]} at {client.url} ({client.transport or 'away'}, cursor {client.cursor}): "
                f"lost {lost[:9]}, not in the log {more[:9]}, twice {twice[:9]}, out of order: {unordered}"
            )

    def reconnections(self) -> int:
        """How often a client has connected again."""
        return sum(client.used.total() - 1 for client in self._clients.all)

    def stop(self) -> None:
        """Stop all clients. Raise the first error that occurred in one, such as a reset."""
        self._clients.stop()
