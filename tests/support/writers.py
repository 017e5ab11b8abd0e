"""Processes that make changes to the office, some of them slow, some rolled back.

``Writers`` starts several of these processes on a database and waits for them. Run as a module, this is one of them:
its plan is JSON on the command line, and it writes its outcome as JSON to the standard output, with the moments at
which each committed transaction began and was committed.
"""

import json
import os
import random
import subprocess
import sys
import time
from typing import Any

from .site import ROOT

ABANDONED = "ABANDONED"  # in every text of a transaction that is rolled back
ATTEMPTS = 5  # for a transaction that the database aborts because of another


class Writers:
    """``number`` processes, each with a seeded plan of ``transactions`` on these projects and users (ids)."""

    def __init__(
        self,
        database_url: str,
        seed: int,
        *,
        number: int,
        transactions: int,
        projects: list[int],
        people: list[int],
        engineers: list[int],
    ) -> None:
        self.times: dict[str, tuple[float, float]] = {}  # by mark: monotonic, before BEGIN and after COMMIT
        environment = {**os.environ, "DATABASE_URL": database_url, "DJANGO_SETTINGS_MODULE": "gistagum.settings"}
        plan = {"transactions": transactions, "projects": projects, "people": people, "engineers": engineers}
        self._processes = [
            subprocess.Popen(
                [sys.executable, "-m", __name__, json.dumps(plan | {"seed": f"{seed}/{writer}", "writer": writer})],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                text=True,
            )
            for writer in range(number)
        ]

    def busy(self) -> bool:
        """Return whether any process is still running."""
        return any(process.poll() is None for process in self._processes)

    def outcome(self, seconds: float = 60) -> dict[str, int]:
        """Wait for all, and return the total of ``committed``, ``abandoned`` and repeated (``again``) transactions.

        ``times`` is complete afterwards.
        """
        total: dict[str, int] = {}
        for process in self._processes:
            output, _ = process.communicate(timeout=seconds)
            assert process.returncode == 0, f"A writer ended with {process.returncode}"
            result = json.loads(output)
            self.times |= {mark: (began, returned) for mark, (began, returned) in result["times"].items()}
            for name, number in result["done"].items():
                total[name] = total.get(name, 0) + number
        return total

    def __enter__(self) -> "Writers":
        return self

    def __exit__(self, *exc: object) -> None:
        for process in self._processes:
            if process.poll() is None:
                process.kill()
            process.communicate()


class Writer:
    """Executes a plan in this process."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.plan = plan
        self.rng = random.Random(plan["seed"])
        self.done = {"committed": 0, "abandoned": 0, "again": 0}
        self.times: dict[str, tuple[float, float]] = {}

    def work(self) -> None:
        """Execute every transaction of the plan."""
        for number in range(self.plan["transactions"]):
            change = self.rng.choice(
                [
                    self.new_project,
                    self.progress,
                    self.cost,
                    self.status,
                    self.message,
                    self.progress_and_message,
                    self.read,
                ]
            )
            abandoned = self.rng.random() < 0.15
            pause = self.rng.uniform(0.01, 0.05) if self.rng.random() < 0.1 else 0.0
            # The mark is part of the change's text, so that its events show which transaction they came from.
            mark = f"{ABANDONED if abandoned else 'kept'} {self.plan['writer']}.{number}"
            self._transaction(change, mark, abandoned, pause, self.rng.random())

    def _transaction(self, change: Any, mark: str, abandoned: bool, pause: float, seed: float) -> None:
        from django.db import OperationalError, transaction

        for attempt in range(ATTEMPTS):
            self.rng = random.Random(seed)  # the same choices at each attempt and in each run
            began = time.monotonic()
            try:
                with transaction.atomic():
                    change(mark)
                    time.sleep(pause)  # a slow transaction
                    if abandoned:
                        transaction.set_rollback(True)
            except OperationalError:
                if attempt == ATTEMPTS - 1:
                    raise
                self.done["again"] += 1
            else:
                self.done["abandoned" if abandoned else "committed"] += 1
                if not abandoned:
                    self.times[mark] = began, time.monotonic()
                return

    def _project(self) -> Any:
        from projeng.models import Project

        return Project.objects.get(pk=self.rng.choice(self.plan["projects"]))

    def new_project(self, mark: str) -> None:
        from projeng.models import Project

        project = Project.objects.create(name=f"New {mark}", barangay="Apokon", project_cost=1_000_000)
        if self.rng.random() < 0.7:
            project.assigned_engineers.add(self.rng.choice(self.plan["engineers"]))

    def progress(self, mark: str) -> None:
        from projeng.models import ProjectProgress

        ProjectProgress.objects.create(
            project=self._project(), percentage_complete=self.rng.randint(0, 100), description=mark
        )

    def cost(self, mark: str) -> None:
        from projeng.models import ProjectCost

        ProjectCost.objects.create(
            project=self._project(), cost_type="labor", amount=self.rng.randint(1, 100_000), description=mark
        )

    def status(self, mark: str) -> None:
        project = self._project()
        project.status = self.rng.choice(["planned", "in_progress", "completed", "delayed"])
        project.name = f"Renamed {mark}"
        project.save()

    def message(self, mark: str) -> None:
        from django.contrib.auth.models import User

        from projeng import inbox

        ids = self.rng.sample(self.plan["people"], self.rng.randint(1, len(self.plan["people"])))
        inbox.send(User.objects.filter(pk__in=ids), f"Message {mark}")

    def progress_and_message(self, mark: str) -> None:
        self.progress(mark)
        self.message(mark)

    def read(self, mark: str) -> None:
        """Read some of a person's messages and delete one: changes without a text."""
        from django.contrib.auth.models import User

        from projeng import inbox

        user = User.objects.get(pk=self.rng.choice(self.plan["people"]))
        some = list(user.notifications.order_by("-pk").values_list("pk", flat=True)[:3])
        if some and self.rng.random() < 0.5:
            inbox.delete(user, some[0])
        elif self.rng.random() < 0.5:
            inbox.mark_read(user)


if __name__ == "__main__":
    import django

    django.setup()
    writer = Writer(json.loads(sys.argv[1]))
    writer.work()
    sys.stdout.write(json.dumps({"done": writer.done, "times": writer.times}))
