"""Sites that several modules share, and what each module must leave in them as it was.

Modules run in any order, so what one leaves behind in a shared site, another may meet. New people, projects and events
do no harm: each test makes its own, and reads the log from where it stands. What acts on everybody is compared.
"""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg

from tests.support import http

from .site import Site

Rows = list[tuple[Any, ...]]

# What acts on everybody: the same before and after.
SAME = {
    "how far the log is pruned": "SELECT pruned_to FROM realtime_logmark",
    "demotions to SSE": "SELECT scope, target FROM realtime_transporthold ORDER BY 1, 2",
    "strikes of watch_rollout": "SELECT name, strikes FROM realtime_rolloutwatch ORDER BY 1",
    "groups": "SELECT id, name FROM auth_group ORDER BY 1",
    "permissions of groups": "SELECT group_id, permission_id FROM auth_group_permissions ORDER BY 1, 2",
}
# What the site had when it started (the demo's people and projects): still there, and unchanged.
KEPT = {
    "people": "SELECT id, username, password, is_active, is_staff, is_superuser FROM auth_user",
    "groups of people": "SELECT user_id, group_id FROM auth_user_groups",
    "projects": "SELECT id, name, status, project_cost FROM projeng_project",
    "engineers of projects": "SELECT project_id, user_id FROM projeng_project_assigned_engineers",
}
# What a head is shown holds every project, so a crowd of them slows everybody down.
PROJECTS = "SELECT count(*), coalesce(sum(length(description)), 0) FROM projeng_project"
MORE_PROJECTS = 150
MORE_TEXT = 100_000
LEAVING_SECONDS = 15.0


class SharedSites:
    """All that are running."""

    def __init__(self) -> None:
        self._running: dict[Site, SharedSite] = {}

    def start(self, site: Site) -> Site:
        """Start one, and remember how it is."""
        self._running[site] = SharedSite(site.start())
        return site

    def stop(self, site: Site) -> None:
        """Stop one: its last module is over."""
        del self._running[site]
        site.stop()

    def stop_all(self) -> None:
        """Stop those that are still running."""
        for site in list(self._running):
            self.stop(site)

    def left_behind(self) -> list[str]:
        """What has been left in any of them since this was last asked."""
        return [f"{site}: {what}" for site in self._running.values() for what in site.left_behind()]


class SharedSite:
    """A running site, and what was in it when it was last looked at."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self._state = self._look()
        self._kept = {what: self._rows(query) for what, query in KEPT.items()}
        self._projects = self._rows(PROJECTS)[0]

    def left_behind(self) -> Iterator[str]:
        """What has been left in it since it was last looked at, in words."""
        yield from self._still_open()
        status = self._status_of_a_stranger()
        if status != 401:
            yield f"the allowance of 127.0.0.1 is used up: status {status} instead of 401"
        state = self._look()
        for what, now in state.items():
            if now != self._state[what]:
                yield f"{what}: {self._state[what]} before, {now} after"
        self._state = state
        for what, query in KEPT.items():
            rows = set(self._rows(query))
            if gone := [row for row in self._kept[what] if row not in rows]:
                yield f"{what} that have changed or gone: {gone}"
                self._kept[what] = [row for row in self._kept[what] if row in rows]
        projects = self._rows(PROJECTS)[0]
        more, text = (now - before for now, before in zip(projects, self._projects, strict=True))
        self._projects = projects
        if more > MORE_PROJECTS or text > MORE_TEXT:
            yield f"{more} more projects with {text} characters"

    def __str__(self) -> str:
        return f"{self.site.server} on {self.site.database_url.partition(':')[0]}"

    def _look(self) -> dict[str, Any]:
        parent = self.site.process.pid
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        state = {
            "processes": [parent, *map(int, children)],
            "tracebacks in its log": self.site.log.read_text().count("Traceback"),
        }
        return state | {what: self._rows(query) for what, query in SAME.items()}

    def _rows(self, query: str) -> Rows:
        # Not by Django, whose connections may be another database's, or closed.
        kind, _, path = self.site.database_url.partition(":///")
        connect = sqlite3.connect(path, timeout=30) if kind == "sqlite" else psycopg.connect(self.site.database_url)
        with closing(connect) as connection:
            return [tuple(row) for row in connection.execute(query).fetchall()]

    def _still_open(self) -> Iterator[str]:
        """Wait until the server has noticed closed connections, and report those that are still open."""
        deadline = time.monotonic() + LEAVING_SECONDS
        while number := _connections(self.site.port):
            if time.monotonic() > deadline:
                yield f"{number} connections that are open"
                return
            time.sleep(0.02)

    def _status_of_a_stranger(self) -> int:
        made_up = {"Cookie": f"sessionid={os.urandom(16).hex()}"}
        return http.get(f"{self.site.url}/projeng/api/realtime/status/", headers=made_up, timeout=30).status_code


def _connections(port: int) -> int:
    """How many connections to this port of 127.0.0.1 are open."""
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    rows = (line.split() for line in lines)
    return sum(row[1].endswith(f":{port:04X}") and row[3] == "01" for row in rows)
