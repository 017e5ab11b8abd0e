"""Charts as inline SVG: the position of each point, line and label. Pure; switchover/chart.html draws them.

Horizontal positions are percentages or thousandths of the width, and labels have a fixed size. So one chart is sharp
and readable on phone and desk, without script or inline style, which the Content-Security-Policy would block.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.utils import timezone

TOP, HEIGHT = 18, 150  # of the plot within the picture, in pixels; below it are the labels of time
LABELS = 4  # of time
SMALLEST_SHARE = 0.25  # of the limit that values must reach for the limit to be drawn


class Series(NamedTuple):
    """A line, or one colour of stacked bars. ``key`` is its CSS class. ``None`` in ``values`` means not known."""

    key: str
    label: str
    values: Sequence[float | None]


class Tick(NamedTuple):
    """A label and its position: pixels from the top, or percent from the left with its anchor."""

    at: float
    label: str
    anchor: str = "start"


class Drawn(NamedTuple):
    """A series as shapes: ``line`` and ``area`` are path data, ``dots`` mark isolated values and the last one."""

    key: str
    label: str
    line: str
    area: str
    dots: list[tuple[float, float]]
    bars: list[tuple[float, float, float, float]]
    last: str


class Column(NamedTuple):
    """A moment over the full height, with the text shown for it."""

    left: float
    width: float
    at: datetime
    told: str
    cells: list[str]


@dataclass(frozen=True)
class Chart:
    """Some series over the same moments. ``summary`` describes in a sentence what the chart shows.

    ``limit``: a value that should not be exceeded. It is drawn where it does not flatten the rest (``SMALLEST_SHARE``).
    """

    name: str
    moments: Sequence[datetime]
    series: Sequence[Series]
    summary: str
    bars: bool = False
    limit: float | None = None
    write: Callable[[float], str] = lambda value: f"{value:g}"

    @property
    def empty(self) -> bool:
        """Whether no value is known at all."""
        return all(value is None for one in self.series for value in one.values)

    @property
    def highest(self) -> float:
        """The highest value, or stack of values."""
        columns = zip(*(one.values for one in self.series), strict=True)
        if self.bars:
            return max((sum(value or 0 for value in column) for column in columns), default=0)
        return max((value or 0 for column in columns for value in column), default=0)

    @property
    def ceiling(self) -> float:
        """A round number at or above all that is shown."""
        return ceiling(max(self.highest, (self.limit or 0) if self._reaches_limit else 0))

    @property
    def _reaches_limit(self) -> bool:
        return self.limit is not None and self.highest >= self.limit * SMALLEST_SHARE

    @property
    def limit_line(self) -> float | None:
        """The position of the limit in pixels from the top; ``None`` where it lies far above what is shown."""
        return round(_height((self.limit or 0) / self.ceiling), 1) if self._reaches_limit else None

    @property
    def limit_text(self) -> str:
        """The limit in words, and whether it was exceeded; empty without one."""
        if self.limit is None:
            return ""
        place = "exceeded" if self.highest > self.limit else "kept" if self._reaches_limit else "far above"
        return f"limit {self.write(self.limit)}, {place}"

    @property
    def heights(self) -> list[Tick]:
        """The horizontal grid lines, from the top."""
        top = self.ceiling
        shares = (1, 0.5, 0) if top > 1 else (1, 0)
        return [Tick(round(_height(share), 1), self.write(top * share)) for share in shares]

    @property
    def times(self) -> list[Tick]:
        """The labels of the time axis."""
        count = len(self.moments)
        chosen = sorted({min(round(step * count / (LABELS - 1)), count - 1) for step in range(LABELS)}) if count else []
        anchors = {0: "start", count - 1: "end"}
        edges = {0: 0.0, count - 1: 100.0}
        return [
            Tick(edges.get(i, round(_across(i, count) / 10, 2)), clock(self.moments[i]), anchors.get(i, "middle"))
            for i in chosen
        ]

    @property
    def columns(self) -> list[Column]:
        """Each moment, for the pointer and for the table."""
        count = len(self.moments)
        found = []
        for number, at in enumerate(self.moments):
            values = [one.values[number] for one in self.series]
            cells = ["—" if value is None else self.write(value) for value in values]
            told = ", ".join(f"{one.label} {cell}" for one, cell in zip(self.series, cells, strict=True))
            found.append(Column(round(100 * number / count, 3), round(100 / count, 3), at, told, cells))
        return found

    @property
    def drawn(self) -> list[Drawn]:
        """The series as shapes, in their order."""
        top, count = self.ceiling, len(self.moments)
        below = [0.0] * count
        found = []
        for one in self.series:
            known = [(i, value) for i, value in enumerate(one.values) if value is not None]
            bars = []
            if self.bars:
                for i, value in known:
                    if value:
                        bars.append(_bar(i, count, below[i] / top, value / top))
                        below[i] += value
            runs = _runs(known)
            lines = [[(_across(i, count), 100 - 100 * value / top) for i, value in run] for run in runs]
            alone = [run[0] for run in runs if len(run) == 1] + ([known[-1]] if known else [])
            found.append(
                Drawn(
                    key=one.key,
                    label=one.label,
                    line="" if self.bars else " ".join(_path(line) for line in lines if len(line) > 1),
                    area="" if self.bars else " ".join(_area(line) for line in lines if len(line) > 1),
                    dots=[]
                    if self.bars
                    else [(round(_across(i, count) / 10, 2), round(_height(value / top), 1)) for i, value in alone],
                    bars=bars,
                    last=self.write(known[-1][1]) if known else "—",
                )
            )
        return found


def ceiling(value: float) -> float:
    """The next number at or above that is 1, 2, 4, 5 or 10 times a power of ten; at least 1."""
    power = 1.0
    while True:
        for step in (1, 2, 4, 5):
            if value <= step * power:
                return step * power
        power *= 10


def clock(at: datetime) -> str:
    """``14:05`` in the office's time zone."""
    return f"{timezone.localtime(at):%H:%M}"


def milliseconds(value: float) -> str:
    """``340 ms``, ``1.2 s``."""
    return f"{value:.0f} ms" if value < 1000 else f"{value / 1000:.1f}".removesuffix(".0") + " s"


def _across(number: int, count: int) -> float:
    """The middle of a moment's column, in thousandths of the width."""
    return 1000 * (number + 0.5) / count


def _height(share: float) -> float:
    return TOP + HEIGHT * (1 - share)


def _bar(number: int, count: int, below: float, share: float) -> tuple[float, float, float, float]:
    """Left and width in percent, top and height in pixels, of a bar that stands on others of the share ``below``."""
    left, width = (100 * number + 12) / count, 76 / count
    return round(left, 3), round(_height(below + share), 1), round(width, 3), round(HEIGHT * share, 1)


def _runs(known: list[tuple[int, float]]) -> list[list[tuple[int, float]]]:
    """The runs of points without a gap between them."""
    runs: list[list[tuple[int, float]]] = []
    for point in known:
        if runs and point[0] == runs[-1][-1][0] + 1:
            runs[-1].append(point)
        else:
            runs.append([point])
    return runs


def _path(points: list[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.2f}" for x, y in points)


def _area(points: list[tuple[float, float]]) -> str:
    return f"{_path(points)}L{points[-1][0]:.1f} 100L{points[0][0]:.1f} 100Z"
