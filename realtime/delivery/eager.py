"""Starting a coroutine at once, outside of any task, as ``asyncio.eager_task_factory`` (Python 3.12) does for tasks.

Most writes finish without waiting. Started eagerly they need no task at all.
"""

from collections.abc import Coroutine, Generator
from typing import Any


class StartedCoroutine:
    """A coroutine that has been started outside of a task and waits. Awaiting this object runs the rest of it."""

    def __init__(self, coroutine: Coroutine[Any, Any, None], waits_for: Any) -> None:
        self._coroutine, self._waits_for = coroutine, waits_for

    def __await__(self) -> Generator[Any, Any, None]:
        waits_for = self._waits_for
        while True:
            try:
                try:
                    result = yield waits_for
                except GeneratorExit:
                    self._coroutine.close()
                    raise
                except BaseException as error:  # noqa: BLE001 (it belongs to the coroutine, whatever it is)
                    waits_for = self._coroutine.throw(error)
                else:
                    waits_for = self._coroutine.send(result)
            except StopIteration:
                return


def start_eagerly(coroutine: Coroutine[Any, Any, None]) -> StartedCoroutine | None:
    """Run a coroutine until it has to wait. Return the rest, or ``None`` when it has finished.

    The coroutine must not use the current task (``asyncio.current_task``, ``asyncio.timeout``).
    """
    try:
        return StartedCoroutine(coroutine, coroutine.send(None))
    except StopIteration:
        return None
