"""Writers that change the office's data and record the outcome of every transaction, as far as it is known.

``Writer`` is a process that uses the ORM, like a script or a task; run as a module, this is that process. ``Forms``
submits the site's forms. Both record a change before they begin it, so that it is known even if they are killed.
"""

import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Any

import httpx

from tests.support import http
from tests.support.site import ROOT

from .changes import Change, Kind, Outcome

ABANDONED = 0.15  # the share of transactions that are rolled back
CHANGES_A_SECOND = 8.0


class SelfSignalled(StrEnum):
    """Points at which a writer sends itself a signal: between two steps of its own."""

    AFTER_COMMIT = "after-commit"  # before anything else can happen
    BEFORE_SECOND_LOOK = "before-second-look"  # it has numbered events, and its commit was answered
    BEFORE_HINTS = "before-hints"  # it has looked again, and nobody has been told of what it has numbered


class Writer:
    """A process that makes changes until it is stopped or killed.

    ``office`` has the ids of ``projects`` and ``people``. It pauses between changes unless it is ``eager``. From change
    ``signalled_from`` on, it sends itself the signal of this ``number`` when it first comes to this ``point``.
    """

    def __init__(
        self,
        name: str,
        database_url: str,
        office: dict[str, Any],
        seed: str,
        *,
        eager: bool = False,
        point: SelfSignalled | None = None,
        number: signal.Signals = signal.SIGKILL,
        signalled_from: int = 1,
        **environment: str,
    ) -> None:
        self.name = name
        self.changes: dict[int, Change] = {}
        self.stderr: list[str] = []
        plan = {**office, "name": name, "seed": seed, "eager": eager}
        plan |= {"point": point, "signal": number, "signalled_from": signalled_from}
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, json.dumps(plan)],
            cwd=ROOT,
            env={
                **os.environ,
                "DATABASE_URL": database_url,
                "DJANGO_SETTINGS_MODULE": "gistagum.settings",
                **environment,
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._threads = [threading.Thread(target=self._read_changes), threading.Thread(target=self._read_stderr)]
        for thread in self._threads:
            thread.start()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def at_rest(self) -> bool:
        """Whether it has ended or is stopped (SIGSTOP)."""
        if self._process.poll() is not None:
            return True
        state = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0]
        return state in {"T", "t"}

    def kill(self) -> None:
        """Kill it at once."""
        self._process.kill()
        self.wait()

    def stop(self) -> None:
        """Stop it after its current change. One that is stopped by a signal goes on until then."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGCONT)
            self._process.stdin.close()
        self.wait(40)

    def wait(self, seconds: float = 20) -> None:
        """Wait until it has ended. ``changes`` is complete afterwards. Raise AssertionError if it does not end."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)
            raise AssertionError(f"Writer {self.name} did not end by itself:\n{''.join(self.stderr[-30:])}") from None
        finally:
            for thread in self._threads:
                thread.join(10)

    def _read_changes(self) -> None:
        for line in self._process.stdout:
            row = json.loads(line)
            row |= {"kind": Kind(row["kind"]), "outcome": Outcome(row["outcome"])}
            self.changes[row["number"]] = Change(**row | {"recipients": frozenset(row["recipients"])})

    def _read_stderr(self) -> None:
        for line in self._process.stderr:
            self.stderr.append(line)
            del self.stderr[:-200]


class Forms:
    """A thread that creates and renames projects by the site's forms, at random ``urls``, signed in with ``cookie``."""

    def __init__(self, name: str, urls: list[str], cookie: str, office: dict[str, Any], seed: str) -> None:
        self.changes: dict[int, Change] = {}
        self.answers: dict[str, int] = {}  # responses by status or error
        self._name, self._urls, self._cookie, self._office = name, urls, cookie, office
        self._random = random.Random(seed)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"forms-{name}")
        self._thread.start()

    def stop(self) -> None:
        """Stop it after its current form."""
        self._stopped.set()
        self._thread.join(30)

    def _run(self) -> None:
        number = 0
        while not self._stopped.wait(self._random.uniform(0.1, 0.5)):
            number += 1
            name, _, value = self._cookie.partition("=")
            url = self._random.choice(self._urls)
            with http.Client(base_url=url, cookies={name: value}, timeout=10) as browser:
                self._send(browser, number)

    def _send(self, browser: httpx.Client, number: int) -> None:
        create = self._random.random() < 0.5
        project = None if create else self._random.choice(self._office["projects"])
        kind = Kind.CREATED if create else Kind.RENAMED
        change = Change(self._name, number, kind, project)
        address = "/projeng/projects/new/" if create else f"/projeng/projects/{project}/edit/"
        try:
            token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', browser.get(address).text)
            if token is None:
                self._count_answer("no form")
                return
            form = {
                "csrfmiddlewaretoken": token.group(1),
                "name": f"Road {change.mark}",
                "barangay": "Apokon",
                "status": "planned",
                "project_cost": "1000000",
            }
            self.changes[number] = change
            change.began = time.monotonic()
            answer = browser.post(address, data=form, headers={"Referer": str(browser.base_url)})
        except httpx.HTTPError as error:
            self._count_answer(type(error).__name__)
            return
        self._count_answer(str(answer.status_code))
        if answer.status_code == 302:
            change.outcome, change.returned = Outcome.COMMITTED, time.monotonic()
        elif answer.status_code < 500:
            change.outcome = Outcome.ABANDONED

    def _count_answer(self, what: str) -> None:
        self.answers[what] = self.answers.get(what, 0) + 1


class _Process:
    """The main loop of the writer's process."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self._plan = plan
        self._random = random.Random(plan["seed"])
        self._stopped = threading.Event()
        self._armed = False
        self._was_signalled = False

    def _signal_at(self, point: str) -> None:
        if self._armed and not self._was_signalled and self._plan["point"] == point:
            self._was_signalled = True
            os.kill(os.getpid(), self._plan["signal"])

    def _watch_numbering(self) -> None:
        """Have the steps of numbering that have a point call ``_signal_at``."""
        from realtime.log import numbering_postgresql
        from realtime.log.numberer import numberer

        move, numbered = numbering_postgresql.move, numberer.numbered

        def watched_move(limit: int, **how: Any) -> Any:
            moved = move(limit, **how)
            if moved.ids:
                self._signal_at(SelfSignalled.BEFORE_SECOND_LOOK)
            return moved

        def watched_numbered(ids: Any) -> None:
            if ids:
                self._signal_at(SelfSignalled.BEFORE_HINTS)
            numbered(ids)

        numbering_postgresql.move, numberer.numbered = watched_move, watched_numbered

    def run(self) -> None:
        """Make changes until the standard input ends."""
        self._watch_numbering()
        threading.Thread(target=lambda: (sys.stdin.read(), self._stopped.set()), daemon=True).start()
        number = 0
        while not self._stopped.is_set():
            number += 1
            self._armed = number >= self._plan["signalled_from"]
            self._change(number)
            pace = 0.0 if self._plan["eager"] or self._plan["point"] else 1 / CHANGES_A_SECOND
            self._stopped.wait(self._random.uniform(0, 2 * pace))

    def _change(self, number: int) -> None:
        from django.db import Error, connection, transaction

        change, do = self._random.choice([self._message, self._renamed, self._created])(number)
        abandoned = self._random.random() < ABANDONED
        change.began = time.monotonic()
        self._report(change, Outcome.UNKNOWN)
        try:
            with transaction.atomic():
                # Registered before any other on_commit function.
                transaction.on_commit(lambda: self._signal_at(SelfSignalled.AFTER_COMMIT))
                do()
                if self._random.random() < 0.1:
                    time.sleep(self._random.uniform(0.01, 0.1))  # a slow transaction
                if abandoned:
                    transaction.set_rollback(True)
        except Error:
            connection.close()
            self._stopped.wait(0.2)
        else:
            change.returned = time.monotonic()
            self._report(change, Outcome.ABANDONED if abandoned else Outcome.COMMITTED)

    def _report(self, change: Change, outcome: Outcome) -> None:
        row = asdict(change) | {"outcome": outcome, "recipients": sorted(change.recipients)}
        sys.stdout.write(json.dumps(row) + "\n")
        sys.stdout.flush()

    def _message(self, number: int) -> tuple[Change, Callable[[], Any]]:
        from django.contrib.auth.models import User

        from projeng import inbox

        people = self._plan["people"]
        recipients = frozenset(self._random.sample(people, self._random.randint(1, len(people))))
        change = Change(self._plan["name"], number, Kind.MESSAGE, recipients=recipients)
        return change, lambda: inbox.send(User.objects.filter(pk__in=recipients), f"{change.mark} for you")

    def _renamed(self, number: int) -> tuple[Change, Callable[[], Any]]:
        from projeng.models import Project

        change = Change(self._plan["name"], number, Kind.RENAMED, self._random.choice(self._plan["projects"]))

        def rename() -> None:
            project = Project.objects.get(pk=change.project)
            project.name = f"Road {change.mark}"
            project.save()

        return change, rename

    def _created(self, number: int) -> tuple[Change, Callable[[], Any]]:
        from projeng.models import Project

        change = Change(self._plan["name"], number, Kind.CREATED)
        return change, lambda: Project.objects.create(name=f"Road {change.mark}", barangay="Apokon")


if __name__ == "__main__":
    import django

    django.setup()
    _Process(json.loads(sys.argv[1])).run()
