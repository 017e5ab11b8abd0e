"""Python runs this before anything else in a program whose clock is to be set wrong (tests/faults/clocks.py).

A thread reads from the file ``WRONG_CLOCK_FILE`` by how many seconds the clock is to be wrong, and sees to it.
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
    """How wrong it is now; a fork goes on with what its parent had."""

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
