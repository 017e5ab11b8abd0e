"""Ending a server's process: its streams at once, and the process soon after, even where a thread stays busy."""

import logging
import os
import threading
from queue import SimpleQueue

logger = logging.getLogger(__name__)

LAST_SECONDS = 4.0  # for threads, once the server has stopped


class StreamsEnd:
    """Ends the streams of this process when it is asked to, from anywhere: also from a signal handler.

    What a handler interrupts may hold the hub's lock, and a process that is short of memory may be unable to start a
    thread. So the thread that does it is there before, and asking takes no lock (``SimpleQueue.put`` is reentrant).
    """

    def __init__(self) -> None:
        self._asked: SimpleQueue[None] = SimpleQueue()
        threading.Thread(target=self._run, name="end-streams", daemon=True).start()

    def ask(self) -> None:
        """End them. Calling it twice is harmless."""
        self._asked.put(None)

    def _run(self) -> None:
        from realtime.delivery.hub import hub

        self._asked.get()
        hub.close()


def exit_soon() -> None:
    """End the process after ``LAST_SECONDS``, unless it has ended by itself: Python waits for every thread."""
    timer = threading.Timer(LAST_SECONDS, _exit_now)
    timer.daemon = True
    timer.start()


def _exit_now() -> None:
    logger.warning(
        "A thread was still busy %.0f s after the server stopped; the process ends all the same.", LAST_SECONDS
    )
    logging.shutdown()
    os._exit(0)
