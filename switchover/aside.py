"""Work that no caller waits for: one thread of each process does it, in turn.

Jobs wait in a bounded queue; where it is full, a job is refused. Now and then the thread also does what is regular.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable

from django.db import connection

logger = logging.getLogger(__name__)

MOST_WAITING = 100
Job = Callable[[], None]


class Aside:
    """The thread, its queue, and its regular jobs. It starts with the first job, so after a server's fork."""

    by_hand = False  # in tests: the thread is not started, and ``run_waiting`` does its work

    def __init__(self, most_waiting: int = MOST_WAITING) -> None:
        self._waiting: queue.Queue[Job] = queue.Queue(most_waiting)
        self._intervals: list[tuple[float, Job]] = []
        self._due: list[float] = []
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def every(self, seconds: float, job: Job) -> None:
        """Do this job again and again, with so many seconds between the end of one and the next."""
        self._intervals.append((seconds, job))
        self._due.append(time.monotonic() + seconds)

    def offer(self, job: Job) -> bool:
        """Have a job done. Return ``False`` where too many wait already."""
        try:
            self._waiting.put_nowait(job)
        except queue.Full:
            return False
        self.start()
        return True

    def start(self) -> None:
        """Start the thread. Calling it again is harmless."""
        if self.by_hand:
            return
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="switchover-aside", daemon=True)
                self._thread.start()

    def run_waiting(self) -> None:
        """Do in this thread what waits now, and then what is regular. For tests."""
        while not self._waiting.empty():
            self._waiting.get_nowait()()
        for _, job in self._intervals:
            job()

    def forget_waiting(self) -> None:
        """Drop what waits. For tests."""
        while not self._waiting.empty():
            self._waiting.get_nowait()

    def _run(self) -> None:
        while True:
            timeout = max(0.05, min(self._due, default=time.monotonic() + 60) - time.monotonic())
            try:
                job = self._waiting.get(timeout=timeout)
            except queue.Empty:
                pass
            else:
                self._do(job)
            now = time.monotonic()
            for number, (seconds, job) in enumerate(self._intervals):
                if self._due[number] <= now:
                    self._do(job)
                    self._due[number] = time.monotonic() + seconds

    def _do(self, job: Job) -> None:
        try:
            job()
        except Exception:  # whatever one job does, the next is to be done
            logger.exception("What was to be done aside failed")
        finally:
            connection.close()


aside = Aside()
