"""Clocks that can be set wrong while the programs that look at them run.

Only the time of day is moved, by time-machine within each program (tests/faults/wrong_clock/sitecustomize.py). What
measures spans goes on as it should, as it does when somebody sets a machine's clock.
"""

from pathlib import Path

HOUR = 3_600


class Clock:
    """The clock of one program, right at first. ``environment`` is what the program must be started with."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.environment = {
            "WRONG_CLOCK_FILE": str(file),
            "PYTHONPATH": str(Path(__file__).with_name("wrong_clock")),
        }
        self.set(0)

    def set(self, seconds: int) -> None:
        """Let it be wrong by so many seconds, ahead or (negative) behind. It is at once, or nearly."""
        new = self._file.with_suffix(".new")
        new.write_text(str(seconds))
        new.replace(self._file)
