"""Clocks that can be set wrong while the programs that read them are running.

time-machine moves the time of day within each program (tests/faults/wrong_clock/sitecustomize.py). Monotonic clocks are
unaffected, as when a machine's clock is set.
"""

from pathlib import Path

HOUR = 3_600


class Clock:
    """The clock of one program, initially right. The program must be started with ``environment``."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.environment = {
            "WRONG_CLOCK_FILE": str(file),
            "PYTHONPATH": str(Path(__file__).with_name("wrong_clock")),
        }
        self.set(0)

    def set(self, seconds: int) -> None:
        """Set the error in seconds; negative is behind. It takes effect within a fraction of a second."""
        new = self._file.with_suffix(".new")
        new.write_text(str(seconds))
        new.replace(self._file)
