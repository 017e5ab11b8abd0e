"""Ending a server's process: its streams at once, and the process soon after, even where a thread stays busy."""

import logging
import os
import threading
import time
from queue import SimpleQueue

logger = logging.getLogger(__name__)

LAST_SECONDS = 4.0  # for threads, once the server has stopped


class StreamsEnd:
    """Ends the streams of this process, and the process soon after, when it is asked to, from anywhere.

    That may be a signal handler, and what it interrupts may hold the hub's lock. So asking takes no lock
    (``SimpleQueue.put`` is reentrant). A process that is short of memory may be unable to start a thread. So the thread
    that does the work is there before.
    """

    def __init__(self) -> None:
        self._asked: SimpleQueue[None] = SimpleQueue()
        self._stopped: SimpleQueue[None] = SimpleQueue()
        threading.Thread(target=self._run, name="end-streams", daemon=True).start()

    def ask(self) -> None:
        """End the streams. Calling it twice is harmless."""
        self._asked.put(None)

    def exit_soon(self) -> None:
        """End the process after ``LAST_SECONDS``, unless it has ended by itself: Python waits for every thread."""
        self.ask()
        self._stopped.put(None)

    def _run(self) -> None:
        from realtime.delivery.hub import hub

        self._asked.get()
        hub.close()
        self._stopped.get()
        _exit_late()


def exit_soon() -> None:
    """Do what ``StreamsEnd.exit_soon`` does, in a process that ends its streams otherwise."""
    threading.Thread(target=_exit_late, name="exit-late", daemon=True).start()


def _exit_late() -> None:
    time.sleep(LAST_SECONDS)
    try:
        logger.warning(
            "A thread was still busy %.0f s after the server stopped; the process ends all the same.", LAST_SECONDS
        )
        logging.shutdown()
    finally:
        os._exit(0)
