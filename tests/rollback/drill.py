"""A rollback drill: between phases, with the operators' own scripts, while people are connected and at work.

Fifty clients stay with the site (tests/support/reconnecting_clients.py), twenty changes a second are made, and the site
is moved from phase to phase by scripts/advance.sh and scripts/rollback.sh. Afterwards the log says what each must have
got. Six people are in conversations beside that, with clients of every kind that the chat has known. One of them is
taken out of a group in the middle.
"""

import itertools
import json
import random
import subprocess
import threading
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.db import connections

from projeng import inbox
from projeng.access import Role
from projeng.events import NOTIFICATIONS, PROJECTS
from projeng.models import Project
from realtime.access import authority
from realtime.access.audience import may_see
from realtime.log import replay
from realtime.log.models import Event
from tests.support.conversed import Conversed
from tests.support.conversing import Circle, RequestWriter, ServiceWriter, Writer
from tests.support.people import person, session_cookie
from tests.support.ports import wait_until
from tests.support.reconnecting_clients import ReconnectingClient, ReconnectingClients
from tests.support.site import ROOT
from tests.support.supervised import Supervised
from tests.support.taken_out import TakenOut

PHASES = range(6)
CLIENTS = 50
CHANGES_A_SECOND = 20
FEWEST_CHANGES = 500
CHANGES_IN_EACH = 10  # in each phase, with everybody connected
CHANGES_SECONDS = 30  # more than that many take on a busy machine


def every_way() -> list[int]:
    """A walk from phase 0 that goes from each phase to each other one exactly once, and ends where it began."""
    # Hierholzer's way of finding an Eulerian circuit, in the complete directed graph of the phases.
    left = {one: [other for other in PHASES if other != one] for one in PHASES}
    trail, circuit = [0], []
    while trail:
        if left[trail[-1]]:
            trail.append(left[trail[-1]].pop())
        else:
            circuit.append(trail.pop())
    return circuit[::-1]


@dataclass
class Outcome:
    """What came of a drill: for each way its seconds, and in sum what clients missed, got twice, or out of order."""

    clients: int
    pairs: list[dict[str, Any]] = field(default_factory=list)
    changes: int = 0
    events: int = 0
    lost: int = 0
    repeated: int = 0
    disordered: int = 0
    foreign: int = 0  # events that somebody got who may not see them
    connections: dict[str, int] = field(default_factory=dict)  # by transport, of all clients
    conversations: dict[str, Any] = field(default_factory=dict)  # as of tests/support/conversed.py

    def faults(self) -> list[str]:
        """What must not be, in words; also that there was too little to prove anything."""
        found = [
            f"{number} {what}"
            for number, what in (
                (self.lost, "lost"),
                (self.repeated, "twice"),
                (self.disordered, "out of order"),
                (self.foreign, "to people who may not see them"),
            )
            if number
        ]
        found += [f"{way['from']} to {way['to']} took {way['seconds']} s" for way in self.pairs if way["seconds"] >= 60]
        if not self.events >= self.changes > FEWEST_CHANGES:
            found.append(f"only {self.events} events of {self.changes} changes")
        used = {transport: self.connections.get(transport, 0) for transport in ("sse", "websocket")}
        if min(used.values()) <= len(self.pairs):
            found.append(f"only {used} connections")
        return found + self.conversations.get("faults", [])


class Work:
    """Changes of the office at a steady pace, on a thread of its own, until it is stopped."""

    def __init__(self, projects: list[Project], people: list[User], seed: int) -> None:
        self.changes = 0
        self._projects, self._people, self._random = projects, people, random.Random(seed)
        self._over = threading.Event()
        self._fault: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="work")
        self._thread.start()

    def wait_for(self, number: int) -> None:
        """Wait until so many more changes were made."""
        until = self.changes + number
        wait_until(lambda: self.changes >= until or self._fault, f"{number} changes were made", CHANGES_SECONDS)

    def stop(self) -> None:
        """End it; raises what went wrong meanwhile."""
        self._over.set()
        self._thread.join(30)
        if self._fault:
            raise self._fault

    def _run(self) -> None:
        try:
            due = time.monotonic()
            while not self._over.wait(max(0.0, due - time.monotonic())):
                self._change()
                self.changes += 1
                due += 1 / CHANGES_A_SECOND
        except Exception as error:  # noqa: BLE001 (told by stop)
            self._fault = error
        finally:
            connections.close_all()

    def _change(self) -> None:
        project = self._random.choice(self._projects)
        kind = self._random.randrange(3)
        if kind == 0:
            project.description = f"Change {self.changes}"
            project.save()
        elif kind == 1:
            inbox.send([self._random.choice(self._people)], f"Change {self.changes}")
        else:
            project.status = "in_progress" if project.status != "in_progress" else "planned"
            project.save()


class Talk:
    """Four people in conversations, by the services and by requests, somebody in none, and a guest for a time."""

    def __init__(self, people: list[User], outsider: User, guest: User, url: str, seed: int) -> None:
        self._url = url
        circle = Circle(people, outsider)
        with ExitStack() as stack:
            self.guest = TakenOut(circle, guest, url)
            stack.callback(self.guest.clients.stop)
            self._conversed = Conversed(circle, [url])
            stack.callback(self._conversed.clients.stop)
            self.stop_clients = stack.pop_all().close
        self._writers: list[Writer] = [
            ServiceWriter(circle, "service", seed),
            RequestWriter(circle, "request", seed, [url]),
        ]

    def wait_until_connected(self) -> None:
        """Wait until every client is connected that keeps a connection."""
        wait_until(
            lambda: not self._conversed.disconnected() + self.guest.disconnected(),
            "those in conversations are connected",
            30,
        )

    def stop(self) -> None:
        """End the writing. Raise what went wrong meanwhile."""
        with ExitStack() as stack:
            for writer in self._writers:
                stack.callback(writer.stop)

    def finish(self) -> dict[str, Any]:
        """Wait until everything was told, end the clients, and return what was found."""
        found = self._conversed.finish(self._url)
        found["faults"] += self.guest.finish()
        return found


class Drill:
    """A site that is moved from phase to phase, with people on it."""

    def __init__(self, folder: Path, database_url: str, redis_url: str, static_root: str, seed: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._env_file = folder / "site.env"
        self._env_file.write_text(f"# of the drill\nREDIS_URL={redis_url}\nWEBSOCKET_ROLLOUT_PERCENT=50\n")
        self.site = Supervised(folder, database_url, self._env_file, STATIC_ROOT=static_root, WEB_CONCURRENCY="2")
        self._seed = seed
        heads, engineers = [person(Role.HEAD) for _ in range(4)], [person(Role.ENGINEER) for _ in range(4)]
        self.people = [*heads, person(Role.FINANCE), *engineers, person()]
        self.projects = [Project.objects.create(name=f"Road {number}", barangay="Apokon") for number in range(8)]
        for project, engineer in zip(self.projects, itertools.cycle(engineers), strict=False):
            project.assigned_engineers.add(engineer)

    def run(self, walk: list[int]) -> Outcome:
        """Go through these phases, of which the first is where the site begins."""
        outcome = Outcome(CLIENTS)
        with self.site:
            self._move(walk[0])
            begin = replay.head()
            with ExitStack() as stack:
                clients = ReconnectingClients(self.site.url, self._clients(begin))
                stack.callback(clients.stop)
                talk = Talk(self.people[:4], self.people[-1], self.people[4], self.site.url, self._seed)
                stack.callback(talk.stop_clients)
                work = Work(self.projects, self.people, self._seed)
                try:
                    self._walk(walk, outcome, clients, talk, work)
                finally:
                    work.stop()
                    talk.stop()
                end = replay.head()
                wait_until(lambda: min(one.cursor for one in clients.all) >= end, "everybody has read to the end", 30)
                clients.stop()
                outcome.conversations = talk.finish()
        outcome.changes = work.changes
        self._judge(outcome, clients.all, begin, end)
        return outcome

    def _walk(self, walk: list[int], outcome: Outcome, clients: ReconnectingClients, talk: Talk, work: Work) -> None:
        self._all_connected(clients)
        talk.wait_until_connected()
        for number, (here, there) in enumerate(itertools.pairwise(walk)):
            if number == len(walk) // 2:
                talk.guest.take_out()
            told = self._move(there)
            began = time.monotonic()
            self._all_connected(clients)
            back = time.monotonic() - began
            talk.wait_until_connected()
            outcome.pairs.append({"from": here, "to": there, "seconds": told["seconds"], "all_back": round(back, 2)})
            work.wait_for(CHANGES_IN_EACH)

    def _clients(self, cursor: int) -> list[ReconnectingClient]:
        """Of each person several browsers; half of them go by what the site tells, half would rather have a socket."""
        people = itertools.cycle([(user.pk, session_cookie(user)) for user in self.people])
        return [
            ReconnectingClient(*next(people), follows_server=number // len(self.people) % 2 == 0, cursor=cursor)
            for number in range(CLIENTS)
        ]

    def _move(self, phase: int) -> dict[str, Any]:
        """Let the operators' scripts move the site; what they say of it."""
        present = getattr(self, "_present", 0)
        script = "advance.sh" if phase >= present else "rollback.sh"
        command = [
            str(ROOT / "scripts" / script),
            *("--to", str(phase), "--env-file", str(self._env_file), "--restart", self.site.restart),
            *("--health", f"{self.site.url}/health/", "--cookie", session_cookie(self.people[0]), "--force", "--json"),
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=90)
        assert done.returncode == 0, (
            f"{script} --to {phase}: {done.returncode}\n{done.stdout}\n{done.stderr}\n"
            f"{self.site.log.read_text()[-2000:]}"
        )
        self._present = phase
        return json.loads(done.stdout)

    def _all_connected(self, clients: ReconnectingClients) -> None:
        wait_until(
            lambda: clients.count_by_transport()[""] == 0, f"all are connected, not {clients.count_by_transport()}", 30
        )

    def _judge(self, outcome: Outcome, clients: list[ReconnectingClient], begin: int, end: int) -> None:
        rows = Event.objects.filter(id__gt=begin, id__lte=end).order_by("id")
        frames = [frame for frame in map(replay.Frame, rows) if frame.topic in {NOTIFICATIONS, PROJECTS}]
        outcome.events = len(frames)
        viewers = authority.load({client.user_id for client in clients})
        for client in clients:
            keys = viewers[client.user_id].keys
            expected = [frame.id for frame in frames if may_see(keys, frame.audience)]
            got = [one for one in client.got if one <= end]
            outcome.lost += len(set(expected) - set(got))
            outcome.foreign += len(set(got) - set(expected))
            outcome.repeated += len(got) - len(set(got))
            outcome.disordered += sum(first > second for first, second in itertools.pairwise(got))
        outcome.connections = dict(sum((one.used for one in clients), Counter()))
