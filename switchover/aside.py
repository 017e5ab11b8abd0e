"""Work that no caller waits for: two threads of each process do it.

One takes jobs from a bounded queue, in turn. Where the queue is full, a job is refused. The other one does what is
regular, and looks after the first: a job that takes too long is given up, its connection to the database is ended, and
another thread takes the jobs after it. Only so many threads may be given up and still be there.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from django.db import DEFAULT_DB_ALIAS, connection, connections

from .faults import told

logger = logging.getLogger(__name__)

MOST_WAITING = 100
PATIENCE_SECONDS = 10.0  # that a job may take
LOOK_SECONDS = 1.0  # between two looks at the job that is being done
MOST_GIVEN_UP = 3  # threads that were given up and have not ended; no further job is begun while there are so many
Job = Callable[[], None]


def _nothing() -> None:
    pass


class _Task(NamedTuple):
    job: Job
    given_up: Job  # called when the job takes too long
    dropped: Job  # called when it is not even begun


class _Worker:
    """A thread that takes jobs, what it does now, and since when."""

    def __init__(self) -> None:
        self.thread: threading.Thread | None = None
        self.task: _Task | None = None
        self.begun = 0.0
        self.database: Any = None  # the thread's own connection

    @property
    def is_alive(self) -> bool:
        return self.thread is not None and self.thread.is_alive()


class Aside:
    """Both threads, the queue, and the regular jobs. They start when they are needed, so after a server's fork."""

    by_hand = False  # in tests: no thread is started, and ``run_waiting`` does their work

    def __init__(self, most_waiting: int = MOST_WAITING, patience: float = PATIENCE_SECONDS) -> None:
        self._waiting: queue.Queue[_Task] = queue.Queue(most_waiting)
        self._patience = patience
        self._intervals: list[tuple[float, Job]] = []
        self._due: list[float] = []
        self._lock = threading.Lock()
        self._worker: _Worker | None = None
        self._given_up: list[_Worker] = []
        self._regular: threading.Thread | None = None

    def every(self, seconds: float, job: Job) -> None:
        """Do this job again and again, with so many seconds between the end of one and the next."""
        self._intervals.append((seconds, job))
        self._due.append(time.monotonic() + seconds)

    def offer(self, job: Job, given_up: Job = _nothing, dropped: Job = _nothing) -> bool:
        """Have a job done. Return ``False`` where too many wait already, or too many have not ended.

        ``given_up`` is called in another thread when the job takes too long, and ``dropped`` when it waited and will
        not be done. Both must be quick.
        """
        if not self.by_hand and not self._start_worker():
            return False
        try:
            self._waiting.put_nowait(_Task(job, given_up, dropped))
        except queue.Full:
            return False
        self.start()
        return True

    def start(self) -> None:
        """Start the thread of what is regular. Calling it again is harmless."""
        if self.by_hand or (self._regular is not None and self._regular.is_alive()):
            return
        with self._lock:
            if self._regular is None or not self._regular.is_alive():
                self._regular = threading.Thread(
                    target=self._do_what_is_regular, name="switchover-regular", daemon=True
                )
                self._regular.start()

    def run_waiting(self) -> None:
        """Do in this thread what waits now, and then what is regular. For tests."""
        while not self._waiting.empty():
            self._waiting.get_nowait().job()
        for _, job in self._intervals:
            job()

    def forget_waiting(self) -> None:
        """Drop what waits. For tests."""
        while not self._waiting.empty():
            self._waiting.get_nowait()

    # --- what is regular ---

    def _do_what_is_regular(self) -> None:
        while True:
            until = min(self._due, default=time.monotonic() + LOOK_SECONDS) - time.monotonic()
            time.sleep(min(LOOK_SECONDS, self._patience, max(0.05, until)))
            self._look_after_worker()
            now = time.monotonic()
            for number, (seconds, job) in enumerate(self._intervals):
                if self._due[number] <= now:
                    _do(job)
                    self._due[number] = time.monotonic() + seconds

    def _look_after_worker(self) -> None:
        with self._lock:
            worker = self._worker
            task = worker.task if worker is not None else None
            if worker is None or task is None or time.monotonic() - worker.begun < self._patience:
                return
            self._worker = None
            self._given_up.append(worker)
        logger.warning("What was to be done aside is given up: it has taken more than %g s", self._patience)
        _do(task.given_up)
        # Ending its connection ends its transaction. That may take a moment, too.
        threading.Thread(target=_end, args=[worker.database], name="switchover-ending", daemon=True).start()
        if not self._start_worker():
            self._drop_waiting()

    # --- jobs ---

    def _start_worker(self) -> bool:
        """Have a thread that takes jobs. Return ``False`` where too many were given up."""
        with self._lock:
            if self._worker is not None and self._worker.is_alive:
                return True
            self._given_up = [one for one in self._given_up if one.is_alive]
            if len(self._given_up) >= MOST_GIVEN_UP:
                return False
            worker = self._worker = _Worker()
            worker.thread = threading.Thread(target=self._work, args=[worker], name="switchover-aside", daemon=True)
            worker.thread.start()
            return True

    def _work(self, worker: _Worker) -> None:
        worker.database = connections[DEFAULT_DB_ALIAS]
        while self._worker is worker:
            task = self._waiting.get()
            with self._lock:
                worker.begun, worker.task = time.monotonic(), task
            _do(task.job)
            with self._lock:
                worker.task = None

    def _drop_waiting(self) -> None:
        while True:
            try:
                task = self._waiting.get_nowait()
            except queue.Empty:
                return
            _do(task.dropped)


def _do(job: Job) -> None:
    try:
        job()
    except BaseException as error:  # noqa: BLE001 (whatever one job does, also SystemExit, the next is to be done)
        logger.error("What was to be done aside failed: %s", told(error))
    finally:
        connection.close()


def _end(database: Any) -> None:
    """Close another thread's connection below Django, which refuses to do that."""
    raw = database.connection
    if raw is None:
        return
    try:
        raw.close()
    except Exception as error:  # noqa: BLE001 (it is closed at the latest when its thread ends)
        logger.info("A connection could not be ended: %s", told(error))


aside = Aside()
