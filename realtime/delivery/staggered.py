"""Threads that wait for the same thing: woken a few at a time, each waking the next.

Woken all at once, a thousand threads wait for Python's lock together, and each of them looks for it two hundred times
a second (``sys.setswitchinterval``): the processor does little else, and events come seconds later.
"""

import threading
from collections.abc import Callable

AT_ONCE = 8  # enough for the cores: who runs waits for the kernel most of the time


class Relay(threading.Condition):
    """A condition that passes from one waiting thread to the next. Its lock must be held for both calls."""

    def start(self) -> None:
        """What the threads wait for may have come: they look, one after the other."""
        self.notify(AT_ONCE)

    def wait_turn(self, come: Callable[[], bool], seconds: float) -> bool:
        """Wait until ``come`` says so, or for so many seconds; whether it has come.

        Who finds that it has wakes the next at once, before whatever it goes on to do. Those who wait in vain stand
        behind: who looked last waits last.
        """
        if come():
            return True
        has_come = self.wait_for(come, seconds)
        if has_come:
            self.notify()
        return has_come
