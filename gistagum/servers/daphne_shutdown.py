"""Stopping Daphne within a time limit: its streams get a last frame, and no busy thread keeps the process alive."""

import asyncio
import atexit
import signal
import sys
from typing import Any

from .ending import exit_soon

GOODBYE_SECONDS = 0.5  # for close frames and last bytes to leave
TASKS_SECONDS = 1.0  # for tasks to end after that


def stop_in_time() -> None:
    """Under Daphne: end the streams when the server stops, and the process soon after, even if a thread is busy."""
    if "daphne.server" not in sys.modules:
        return
    from twisted.internet import reactor, task

    from realtime.delivery.hub import hub

    def end_streams() -> Any:
        hub.close()
        # Daphne cancels the applications at the same time; their last frames must still reach the browsers.
        return task.deferLater(reactor, GOODBYE_SECONDS)

    reactor.addSystemEventTrigger("before", "shutdown", end_streams)
    reactor.addSystemEventTrigger("after", "shutdown", _end)
    # Twisted knows SIGTERM and SIGINT. A terminal that is closed sends SIGHUP (unless that is ignored: nohup).
    for number in (signal.SIGHUP, signal.SIGQUIT):
        if signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, lambda *_: reactor.callFromThread(reactor.stop))


def _end() -> None:
    exit_soon()
    atexit.register(_end_tasks, asyncio.get_running_loop())


def _end_tasks(loop: asyncio.AbstractEventLoop) -> None:
    """Cancel the tasks that the loop left unfinished, as ``asyncio.run`` does.

    Daphne leaves them to the interpreter, which crashes at exit when it frees a task that waits for a queue.
    """
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    if tasks and not loop.is_running() and not loop.is_closed():
        loop.run_until_complete(asyncio.wait(tasks, timeout=TASKS_SECONDS))
