"""Python imports this first in a program whose clock can be set wrong (tests/faults/clocks.py).

A thread reads the error of the clock in seconds from the file ``WRONG_CLOCK_FILE`` and applies it.
"""

import contextlib
import os
import threading
import time
from datetime import timedelta
from pathlib import Path

import time_machine

LOOK_SECONDS = 0.2


class _Clock:
    """The current error of the clock. A fork inherits its parent's."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._wrong = 0
        self._travel: time_machine.travel | None = None

    def watch(self) -> None:
        while True:
            with contextlib.suppress(OSError):  # the run is over
                self._set(int(self._file.read_text()))
            time.sleep(LOOK_SECONDS)

    def _set(self, seconds: int) -> None:
        if seconds == self._wrong:
            return
        if self._travel is not None:
            self._travel.stop()
        self._travel = time_machine.travel(timedelta(seconds=seconds), tick=True) if seconds else None
        if self._travel is not None:
            self._travel.start()
        self._wrong = seconds

    def begin(self) -> None:
        threading.Thread(target=self.watch, name="wrong-clock", daemon=True).start()


if "WRONG_CLOCK_FILE" in os.environ:
    _clock = _Clock(Path(os.environ["WRONG_CLOCK_FILE"]))
    _clock.begin()
    os.register_at_fork(after_in_child=_clock.begin)  # a fork leaves threads behind
