"""Stopping Daphne within a time limit: its streams get a last frame, and no busy thread keeps the process alive."""

import asyncio
import contextlib
import signal
import sys
import threading
import time
from typing import Any

from .ending import exit_soon

GOODBYE_SECONDS = 0.5  # for close frames and last bytes to leave
TASKS_SECONDS = 1.0  # for tasks to end after that
LOOK_SECONDS = 0.01  # between two looks whether the loop has stopped


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
    threading.Thread(target=_end_tasks, args=[asyncio.get_running_loop()], name="end-tasks").start()


def _end_tasks(loop: asyncio.AbstractEventLoop) -> None:
    """Run the loop once more, after Daphne has stopped it, and cancel the tasks that it left unfinished.

    The thread of a page waits for its task, and the interpreter waits for that thread before it calls what ``atexit``
    knows. It also crashes at exit when it frees a task that waits for a queue.
    """
    while loop.is_running():
        time.sleep(LOOK_SECONDS)
    if not loop.is_closed():
        with contextlib.suppress(TimeoutError):
            loop.run_until_complete(_cancel_tasks())


async def _cancel_tasks() -> None:
    """Cancel all other tasks, as ``asyncio.run`` does, and those that their threads begin meanwhile."""
    async with asyncio.timeout(TASKS_SECONDS):
        while tasks := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.sleep(0)  # a task that is cancelled before its first step would tell nobody
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
