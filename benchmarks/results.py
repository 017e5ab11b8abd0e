"""The results of a run: recorded as they are measured, and queried for medians."""

import json
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple


class Figure(NamedTuple):
    """A median over rounds, with the minimum and the maximum."""

    median: float
    least: float
    most: float
    rounds: int


class Results:
    """The records of a run. ``note`` adds one and writes all to the file."""

    def __init__(self, path: Path, environment: dict[str, Any], options: dict[str, Any]) -> None:
        self._path = path
        self.environment, self.options = environment, options
        self.began = time.strftime("%Y-%m-%d %H:%M")
        self.records: list[dict[str, Any]] = []

    @classmethod
    def load(cls, path: Path) -> "Results":
        """Load the results of an earlier run."""
        kept = json.loads(path.read_text())
        results = cls(path, kept["environment"], kept["options"])
        results.began, results.records = kept["began"], kept["records"]
        return results

    def note(self, measure: str, contender: str, clients: int, number: int, **outcome: Any) -> None:
        """Add a measure of one round: its ``values``, or why it ``failed``."""
        record = {"measure": measure, "contender": contender, "clients": clients, "round": number, **outcome}
        record["load"] = round(os.getloadavg()[0], 1)
        self.records.append(record)
        self.save()

    def save(self) -> None:
        """Write all records. The file is replaced atomically."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        kept = {name: getattr(self, name) for name in ("began", "environment", "options", "records")}
        with tempfile.NamedTemporaryFile("w", dir=self._path.parent, delete=False) as file:
            json.dump(kept, file, indent=1)
        os.chmod(file.name, 0o644)
        os.replace(file.name, self._path)

    def values(self, measure: str, contender: str, value: str, clients: int | None = None) -> list[float]:
        """Return the value of every round. ``clients`` selects among measures with several numbers of clients."""
        return [
            record["values"][value]
            for record in self.records
            if (record["measure"], record["contender"]) == (measure, contender)
            and value in record.get("values", {})
            and clients in (None, record["clients"])
        ]

    def figure(self, measure: str, contender: str, value: str, clients: int | None = None) -> Figure | None:
        """Return the median of the rounds, or ``None`` if there is no value."""
        values = self.values(measure, contender, value, clients)
        return Figure(statistics.median(values), min(values), max(values), len(values)) if values else None

    def failures(self) -> list[dict[str, Any]]:
        """Return the records of failed measures."""
        return [record for record in self.records if "failed" in record]

    def failed(self, measure: str, contender: str, clients: int | None = None) -> str:
        """Return why this measure of this contender failed; empty if it did not."""
        for record in self.failures():
            if (record["measure"], record["contender"]) == (measure, contender) and clients in (
                None,
                record["clients"],
            ):
                return record["failed"]
        return ""
