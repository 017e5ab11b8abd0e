"""Callers at work while the API goes from phase to phase: what each was promised, and what is there in the end."""

import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import httpx

from switchover.moves import get

PATIENCE_SECONDS = 60.0  # of a caller while the service is restarted


@dataclass
class Caller:
    """A program that writes messages, changes them, reads them and deletes some, and checks each answer.

    A request that the service did not answer is looked up before it is repeated, as a careful program does.
    """

    url: str
    user_id: UUID = field(default_factory=uuid4)
    expected: dict[str, dict[str, Any]] = field(default_factory=dict)  # by the text that stays
    deleted: set[str] = field(default_factory=set)
    sides: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    _written: int = 0

    def __post_init__(self) -> None:
        self._http = httpx.Client(base_url=f"{self.url}/comm/api/", timeout=10, verify=False)

    def round(self) -> None:
        """Write one message, mark it as read, change it, read the list, and delete every third."""
        self._written += 1
        body = f"{self.user_id} {self._written}"
        found = self._made(body)
        if found is None:
            return
        self._expect(f"messages/{found['id']}/mark_read/", "POST", 200)
        self._expect(f"messages/{found['id']}/", "PATCH", 200, {"subject": "changed"})
        self.expected[body] = {"subject": "changed", "read": True}
        if self._written % 3 == 0:
            self._expect(f"messages/{found['id']}/", "DELETE", 204, or_status=404)  # its answer may have been lost
            del self.expected[body]
            self.deleted.add(body)
        self.check()

    def check(self) -> None:
        """The list holds what was written and nothing else, newest first."""
        rows = self._rows()
        seen = [row["body"] for row in rows]
        if sorted(seen) != sorted(self.expected):
            self.faults.append(f"{self.user_id}: {len(seen)} rows, expected {len(self.expected)}")
        if seen != sorted(seen, key=lambda text: -int(text.rpartition(" ")[2])):
            self.faults.append(f"{self.user_id}: out of order")
        for row in rows:
            wanted = self.expected.get(row["body"])
            if wanted and (row["subject"], row["read_at"] is not None) != (wanted["subject"], wanted["read"]):
                self.faults.append(f"{self.user_id}: {row['body']} lost a change")

    def _rows(self) -> list[dict[str, Any]]:
        response = self._asked("GET", f"messages/sent/{self.user_id}/")
        rows: list[dict[str, Any]] = response.json()
        return rows

    def _made(self, body: str) -> dict[str, Any] | None:
        """The row of a new message. Its answer has no id, so it is found by its text."""
        values = {"sender_id": str(self.user_id), "receiver_id": str(uuid4()), "body": body}
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            try:
                status = self._once("POST", "messages/", values).status_code
            except httpx.TransportError:
                status = 0
            rows = [row for row in self._rows() if row["body"] == body]
            if status and status != 201:
                self.faults.append(f"POST was answered with {status}")
            if len(rows) > 1 or (status == 201 and not rows):
                self.faults.append(f"{body} is there {len(rows)} times")
            if rows:
                return rows[0]
        self.faults.append(f"{body} could not be written")
        return None

    def _expect(self, path: str, method: str, status: int, values: Any = None, or_status: int = 0) -> None:
        found = self._asked(method, path, values).status_code
        if found not in (status, or_status):
            self.faults.append(f"{method} {path.partition('/')[0]} was answered with {found}")

    def _asked(self, method: str, path: str, values: Any = None) -> httpx.Response:
        """The answer to a request that may be repeated, also while the service is restarted."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return self._once(method, path, values)
            except httpx.TransportError:
                if time.monotonic() > deadline:
                    raise
                threading.Event().wait(0.05)  # between two tries

    def _once(self, method: str, path: str, values: Any) -> httpx.Response:
        response = self._http.request(method, path, json=values)
        if side := response.headers.get("X-Served-By"):
            self.sides[side] += 1
        return response


class Callers:
    """Several callers, each in a thread."""

    def __init__(self, url: str, number: int) -> None:
        self.all = [Caller(url) for _ in range(number)]
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._work, args=[one], daemon=True) for one in self.all]

    def _work(self, caller: Caller) -> None:
        while not self._stop.is_set():
            try:
                caller.round()
            except Exception as error:  # noqa: BLE001 (it is a fault of the drill's result, whatever it is)
                caller.faults.append(f"{type(error).__name__}: {error}")
                return

    def rounds(self) -> int:
        """How many messages have been written."""
        return sum(len(one.expected) + len(one.deleted) for one in self.all)

    def take_sides(self) -> Counter[str]:
        """Which sides have answered since the last call, and how often."""
        found: Counter[str] = Counter()
        for one in self.all:
            found += one.sides
            one.sides = Counter()
        return found

    def __enter__(self) -> "Callers":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(PATIENCE_SECONDS)


def granted(phase: int) -> set[str]:
    """The sides that may answer in a phase, of several callers without a name."""
    move = get("comm-api")
    return {move.old} if phase < 4 else {move.old, move.new} if phase == 4 else {move.new}
