"""A condition variable for a thousand threads: they are woken a few at a time, and each wakes the next.

A thousand threads that wake at once all compete for Python's global lock. Each of them asks for it two hundred times a
second (``sys.setswitchinterval``), so the processor does little else and events arrive seconds late.
"""

import threading
from collections.abc import Callable

AT_ONCE = 8  # enough for the cores: a running thread waits for the kernel most of the time


class StaggeredCondition(threading.Condition):
    """A condition whose notification passes from one waiting thread to the next. Hold its lock for both calls."""

    def start(self) -> None:
        """Wake the first threads; each of them checks its predicate and wakes another."""
        self.notify(AT_ONCE)

    def wait_turn(self, predicate: Callable[[], bool], seconds: float) -> bool:
        """Wait until ``predicate`` holds, for at most so many seconds. Return whether it holds.

        A thread whose predicate holds wakes the next thread at once, before it goes on. A thread that was woken in vain
        moves to the end of the queue.
        """
        if predicate():
            return True
        holds = self.wait_for(predicate, seconds)
        if holds:
            self.notify()
        return holds
