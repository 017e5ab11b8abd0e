"""People at work on the office's data, of whose every transaction the outcome is written down as far as it is known.

``Writer`` is a process of its own that uses the ORM, as a script or a task would; run as a module this is that process.
``Forms`` is somebody who sends the site's own forms. Both note a change before they begin it, so that nothing they did
can be forgotten when they die.
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
from typing import Any

import httpx

from tests.support.site import ROOT

from .changes import Change, Kind, Outcome

ABANDONED = 0.15  # the share of transactions that are rolled back
CHANGES_A_SECOND = 8.0


class Writer:
    """A process that changes things until it is stopped, or killed.

    ``office``: ids of ``projects`` and ``people``. ``last_words``: it makes so many changes and is killed between the
    commit of the last one and whatever would follow (announcing, above all).
    """

    def __init__(
        self,
        name: str,
        database_url: str,
        office: dict[str, Any],
        seed: str,
        *,
        last_words: int = 0,
        **environment: str,
    ) -> None:
        self.name = name
        self.changes: dict[int, Change] = {}
        self.stderr: list[str] = []
        plan = {**office, "name": name, "seed": seed, "last_words": last_words}
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
        self._threads = [threading.Thread(target=self._note), threading.Thread(target=self._listen)]
        for thread in self._threads:
            thread.start()

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    def kill(self) -> None:
        """End it at once, whatever it is in the middle of."""
        self._process.kill()
        self.wait()

    def stop(self) -> None:
        """Let it end after its present change."""
        if self._process.poll() is None:
            self._process.stdin.close()
        self.wait(40)

    def wait(self, seconds: float = 20) -> None:
        """Wait until it has ended; afterwards ``changes`` is complete."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)
            raise AssertionError(f"Writer {self.name} did not end by itself:\n{''.join(self.stderr[-30:])}") from None
        finally:
            for thread in self._threads:
                thread.join(10)

    def _note(self) -> None:
        for line in self._process.stdout:
            said = json.loads(line)
            said |= {"kind": Kind(said["kind"]), "outcome": Outcome(said["outcome"])}
            self.changes[said["number"]] = Change(**said | {"recipients": frozenset(said["recipients"])})

    def _listen(self) -> None:
        for line in self._process.stderr:
            self.stderr.append(line)
            del self.stderr[:-200]


class Forms:
    """Somebody who creates and renames projects and is signed in at ``urls``, in turn, with ``cookie``."""

    def __init__(self, name: str, urls: list[str], cookie: str, office: dict[str, Any], seed: str) -> None:
        self.changes: dict[int, Change] = {}
        self.answers: dict[str, int] = {}  # how often each kind of answer came
        self._name, self._urls, self._cookie, self._office = name, urls, cookie, office
        self._random = random.Random(seed)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"forms-{name}")
        self._thread.start()

    def stop(self) -> None:
        """Let it end after its present form."""
        self._over.set()
        self._thread.join(30)

    def _run(self) -> None:
        number = 0
        while not self._over.wait(self._random.uniform(0.1, 0.5)):
            number += 1
            name, _, value = self._cookie.partition("=")
            url = self._random.choice(self._urls)
            with httpx.Client(base_url=url, cookies={name: value}, timeout=10) as browser:
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
                self._answered("no form")
                return
            form = {
                "csrfmiddlewaretoken": token.group(1),
                "name": f"Road {change.mark}",
                "barangay": "Apokon",
                "status": "planned",
                "project_cost": "1000000",
            }
            self.changes[number] = change
            answer = browser.post(address, data=form, headers={"Referer": str(browser.base_url)})
        except httpx.HTTPError as error:
            self._answered(type(error).__name__)
            return
        self._answered(str(answer.status_code))
        if answer.status_code == 302:
            change.outcome = Outcome.COMMITTED
        elif answer.status_code < 500:
            change.outcome = Outcome.ABANDONED

    def _answered(self, what: str) -> None:
        self.answers[what] = self.answers.get(what, 0) + 1


class _Work:
    """What the process does."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self._plan = plan
        self._random = random.Random(plan["seed"])
        self._over = threading.Event()

    def run(self) -> None:
        """Change after change, until the standard input ends."""
        threading.Thread(target=lambda: (sys.stdin.read(), self._over.set()), daemon=True).start()
        number = 0
        while not self._over.is_set():
            number += 1
            last = 0 < self._plan["last_words"] <= number  # or the first one after it that the database takes
            self._change(number, last=last)
            pace = 0.0 if self._plan["last_words"] else 1 / CHANGES_A_SECOND
            self._over.wait(self._random.uniform(0, 2 * pace))

    def _change(self, number: int, *, last: bool) -> None:
        from django.db import Error, connection, transaction

        change, do = self._random.choice([self._message, self._renamed, self._created])(number)
        abandoned = not last and self._random.random() < ABANDONED
        self._tell(change, Outcome.UNKNOWN)
        try:
            with transaction.atomic():
                if last:  # before anything else can ask to be called after the commit
                    transaction.on_commit(lambda: os.kill(os.getpid(), signal.SIGKILL))
                do()
                if self._random.random() < 0.1:
                    time.sleep(self._random.uniform(0.01, 0.1))  # somebody slow between writing and committing
                if abandoned:
                    transaction.set_rollback(True)
        except Error:
            connection.close()
            self._over.wait(0.2)
        else:
            self._tell(change, Outcome.ABANDONED if abandoned else Outcome.COMMITTED)

    def _tell(self, change: Change, outcome: Outcome) -> None:
        told = asdict(change) | {"outcome": outcome, "recipients": sorted(change.recipients)}
        sys.stdout.write(json.dumps(told) + "\n")
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
    _Work(json.loads(sys.argv[1])).run()
