"""People who save on a site without a pause, and write down what they were told."""

import threading
import time
from dataclasses import dataclass, field

import httpx
from django.contrib.auth.models import User
from django.db import connection

from projeng.models import Project
from tests.support import http
from tests.support.people import session_cookie
from tests.support.site import Site

PAUSE_SECONDS = 0.2
WAIT_SECONDS = 90.0  # longer than the site waits for a server that is silent
WORDS = "out of reach"  # of templates/503.html


@dataclass(frozen=True)
class Attempt:
    """One attempt to save a project of this name: when it began and ended, and the response (0: none)."""

    name: str
    begun: float
    ended: float
    status: int
    text: str

    @property
    def saved(self) -> bool:
        """Whether the site said so."""
        return self.status == 302

    @property
    def refused(self) -> bool:
        """Whether the site refused it in words for people."""
        return self.status == 503 and WORDS in self.text


@dataclass
class Saver:
    """Somebody who works on a site, in a thread."""

    site: Site
    user: User
    name: str
    attempts: list[Attempt] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._over = threading.Event()
        token = http.get(f"{self.site.url}/accounts/login/", timeout=30).cookies["csrftoken"]
        headers = {
            "Cookie": f"{session_cookie(self.user)}; csrftoken={token}",
            "X-CSRFToken": token,
            "Referer": self.site.url,
        }
        self._browser = http.Client(base_url=self.site.url, headers=headers, timeout=WAIT_SECONDS)
        self._thread = threading.Thread(target=self._work, name=self.name, daemon=True)

    def _work(self) -> None:
        while not self._over.wait(PAUSE_SECONDS):
            self.save()

    def save(self) -> Attempt:
        """Save one project, whose name occurs nowhere else."""
        name = f"{self.name} {len(self.attempts)}"
        begun = time.monotonic()
        form = {"name": name, "barangay": "Apokon", "status": "planned", "project_cost": "1000"}
        try:
            answer = self._browser.post("/projeng/projects/new/", data=form)
            status, text = answer.status_code, answer.text
        except httpx.TransportError as error:
            status, text = 0, repr(error)
        self.attempts.append(Attempt(name, begun, time.monotonic(), status, text))
        return self.attempts[-1]

    def saved_since(self, moment: float) -> list[Attempt]:
        """The attempts that succeeded after this moment."""
        return [attempt for attempt in list(self.attempts) if attempt.saved and attempt.ended > moment]

    def refused_since(self, moment: float) -> list[Attempt]:
        """The attempts that were refused in words after this moment."""
        return [attempt for attempt in list(self.attempts) if attempt.refused and attempt.ended > moment]

    def __enter__(self) -> "Saver":
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop after the attempt that is under way."""
        self._over.set()
        self._thread.join(WAIT_SECONDS + 5)
        self._browser.close()


def faults_of(savers: list[Saver]) -> list[str]:
    """Compare what people were told with the database: empty if nobody was told anything that is not so."""
    connection.close()  # the one from before a failover
    stored = list(Project.objects.values_list("name", flat=True))
    attempts = [attempt for saver in savers for attempt in saver.attempts]
    return [
        *(f"saved and gone: {one.name}" for one in attempts if one.saved and one.name not in stored),
        *(f"stored twice: {one.name}" for one in attempts if stored.count(one.name) > 1),
        *(f"neither saved nor refused in words: {one}" for one in attempts if not one.saved and not one.refused),
    ]
