"""Charts as inline SVG, in the colours of the page. Each bar and point shows its value."""

import math
from html import escape
from typing import NamedTuple

WIDTH = 720
LABEL, FIGURES = 230, 150  # widths for names on the left, and for values after the longest bar
ROW, GAP = 26, 6
COLOURS = 6


class Bar(NamedTuple):
    """A value with its name, its text, and the span of its rounds. ``kind`` selects the colour."""

    name: str
    value: float
    text: str
    least: float
    most: float
    kind: str


class Line(NamedTuple):
    """A name and points."""

    name: str
    points: list[tuple[float, float]]


def bars(items: list[Bar], label: str) -> str:
    """Return bars on a logarithmic scale (to be named in ``label``), so that values of very different size fit."""
    values = [value for one in items for value in (one.least, one.most, one.value) if value > 0]
    low = 10 ** math.floor(math.log10(min(values)) - 0.3)
    high = max(values)
    room = WIDTH - LABEL - FIGURES

    def across(value: float) -> float:
        return room * (math.log10(max(value, low)) - math.log10(low)) / max(0.01, math.log10(high) - math.log10(low))

    height = len(items) * ROW + GAP
    parts = [f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(label)}">']
    power = low
    while power <= high:
        x = LABEL + across(power)
        parts.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{height}"/>')
        power *= 10
    for index, one in enumerate(items):
        y = index * ROW + GAP / 2
        middle = y + ROW / 2
        length = max(2.0, across(one.value))
        parts += [
            f"<g><title>{escape(one.name)}: {escape(one.text)}</title>",
            f'<text class="name" x="{LABEL - 8}" y="{middle + 4:.1f}" text-anchor="end">{escape(one.name)}</text>',
            f'<rect class="{one.kind}" x="{LABEL}" y="{y + 3:.1f}" width="{length:.1f}" height="{ROW - 8}" rx="2"/>',
        ]
        if one.most > one.least:
            begin, end = LABEL + across(one.least), LABEL + across(one.most)
            parts.append(f'<path class="span" d="M{begin:.1f} {middle - 1:.1f}H{end:.1f}"/>')
        x = LABEL + max(length, across(one.most)) + 6
        parts.append(f'<text class="figure" x="{x:.1f}" y="{middle + 4:.1f}">{escape(one.text)}</text></g>')
    return "".join([*parts, "</svg>"])


def lines(items: list[Line], label: str, unit: str) -> str:
    """Return lines with logarithmic scales on both axes; the horizontal one is clients or rows."""
    height, left, top, bottom = 300, 72, 12, 30
    right = 16
    xs = sorted({x for one in items for x, _ in one.points})
    ys = [y for one in items for _, y in one.points if y > 0]
    low, high = min(ys) / 1.3, max(ys) * 1.3

    def across(x: float) -> float:
        span = math.log10(xs[-1]) - math.log10(xs[0]) or 1
        return left + (WIDTH - left - right) * (math.log10(x) - math.log10(xs[0])) / span

    def up(y: float) -> float:
        return (
            height
            - bottom
            - (height - top - bottom) * (math.log10(y) - math.log10(low)) / (math.log10(high) - math.log10(low))
        )

    parts = [f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(label)}">']
    for tick in _ticks(low, high):
        parts += [
            f'<line class="grid" x1="{left}" x2="{WIDTH - right}" y1="{up(tick):.1f}" y2="{up(tick):.1f}"/>',
            f'<text class="figure" x="{left - 6}" y="{up(tick) + 4:.1f}" text-anchor="end">{_short(tick)}</text>',
        ]
    for x in xs:
        anchor = "start" if x == xs[0] else "end" if x == xs[-1] else "middle"
        parts.append(
            f'<text class="figure" x="{across(x):.1f}" y="{height - 8}" text-anchor="{anchor}">{x:,.0f}</text>'
        )
    for index, one in enumerate(items):
        way = " ".join(f"{across(x):.1f},{up(y):.1f}" for x, y in one.points)
        parts.append(f'<g class="line{index % COLOURS}"><polyline points="{way}"/>')
        for x, y in one.points:
            said = f"{escape(one.name)}, {x:,.0f}: {y:,.3g} {unit}"
            parts.append(f'<circle cx="{across(x):.1f}" cy="{up(y):.1f}" r="4"><title>{said}</title></circle>')
        parts.append("</g>")
    legend = "".join(
        f'<li class="line{index % COLOURS}"><i></i>{escape(one.name)}</li>' for index, one in enumerate(items)
    )
    return "".join([*parts, "</svg>", f'<ul class="legend">{legend}</ul>'])


def _short(tick: float) -> str:
    return f"{tick:,.0f}" if tick >= 1 else f"{tick:g}"


def _ticks(low: float, high: float) -> list[float]:
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [step * 10**power for power in powers for step in (1, 2, 5) if low <= step * 10**power <= high]
