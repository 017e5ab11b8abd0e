"""A Gunicorn worker that ends its streams with itself, whatever ends it.

A worker waits for its requests when it ends, and nothing but the master's patience (``timeout``) ends that wait. A
stream is a request that never ends by itself, and until the worker is gone no other takes its place. Signals are only
one way: a worker also ends when it has answered ``max_requests``, when its code is reloaded, when its master is gone,
when an error leaves its main loop, or when a hook of the operator's says so. All of them clear ``alive``, or end
``run``.
"""

import signal
from typing import TYPE_CHECKING

from .ending import StreamsEnd

if TYPE_CHECKING:
    from gunicorn.workers.base import Worker as Base
else:
    Base = object


class EndsStreams(Base):
    """What is put before the class of a worker that has been started (``end_streams_with``)."""

    _streams_end: StreamsEnd

    @property
    def alive(self) -> bool:
        """Whether the worker goes on. Gunicorn sets it to ``False`` to end one."""
        return self.__dict__["alive"]

    @alive.setter
    def alive(self, value: bool) -> None:
        self.__dict__["alive"] = value
        if not value:
            self._streams_end.ask()

    def is_parent_alive(self) -> bool:
        """Gunicorn's question of the main loop, which ends when the master is gone."""
        if not super().is_parent_alive():
            self.alive = False
        return self.alive

    def run(self) -> None:
        """The main loop, and then the end of the process."""
        try:
            super().run()
        finally:
            self.alive = False
            self._streams_end.exit_soon()


def end_streams_with(worker: "Base") -> None:
    """Make a worker end its streams with itself. For the hook ``post_worker_init``.

    The class is put before that of the worker, since ``--worker-class`` would replace one that is configured.
    """
    worker._streams_end = StreamsEnd()
    worker.__class__ = type(type(worker).__name__, (EndsStreams, type(worker)), {})
    # Ctrl-C reaches a worker twice, from the terminal and from its master, and Gunicorn's own handler for that waits
    # for a lock that the first one holds. Streams end at once, so the orderly way out is quick enough for all three.
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, worker.handle_exit)
