"""The report as one HTML page, without scripts or external resources, in light or dark colours like the browser."""

from html import escape

from ..contenders import CONTENDERS, Contender
from ..results import Results
from . import growth, tables
from .charts import COLOURS, Bar, Line, bars, lines
from .table import Table, number

STYLE = """
:root { color-scheme: light dark; --ground: #fff; --ink: #1b1f24; --soft: #59636e; --rule: #d8dee4; --ours: #0b6bcb;
  --peer: #a8611b; --floor: #7d8590; --good: #1a7f37; --bad: #c1121f; --l0: #0b6bcb; --l1: #c1121f; --l2: #1a7f37;
  --l3: #8250df; --l4: #a8611b; --l5: #57606a; }
@media (prefers-color-scheme: dark) { :root { --ground: #14181d; --ink: #e6edf3; --soft: #9aa4af; --rule: #30363d;
  --ours: #58a6ff; --peer: #e09b56; --floor: #848d97; --good: #4ac26b; --bad: #ff7b72; --l0: #58a6ff; --l1: #ff7b72;
  --l2: #4ac26b; --l3: #bc8cff; --l4: #e09b56; --l5: #9aa4af; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 64rem; background: var(--ground); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin: .5rem 0; } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
p, dt, figcaption { color: var(--soft); } dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; }
dd { margin: 0; overflow-wrap: anywhere; } figure { margin: 0 0 1rem; overflow-x: auto; }
svg { display: block; width: 100%; min-width: 34rem; height: auto; }
svg text { fill: var(--ink); font: 12px system-ui, sans-serif; } svg .figure { fill: var(--soft); }
.grid { stroke: var(--rule); } .ours { fill: var(--ours); } .peer { fill: var(--peer); } .floor { fill: var(--floor); }
.span { stroke: var(--ink); stroke-width: 2; opacity: .55; }
polyline { fill: none; stroke: currentColor; stroke-width: 2; }
circle { fill: currentColor; } .line0 { color: var(--l0); } .line1 { color: var(--l1); } .line2 { color: var(--l2); }
.line3 { color: var(--l3); } .line4 { color: var(--l4); } .line5 { color: var(--l5); }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; list-style: none; margin: .3rem 0; padding: 0; }
.legend i { display: inline-block; width: 1em; height: .25em; margin-right: .4em; vertical-align: middle;
  background: currentColor; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem;
  width: 100%; }
th, td { padding: .3rem .6rem; border-bottom: 1px solid var(--rule); text-align: right; vertical-align: top; }
th:first-child, td:first-child { text-align: left; padding-left: 0; min-width: 11rem; }
td.reached { color: var(--good); font-weight: 600; } td.short { color: var(--bad); font-weight: 600; }
@media (max-width: 40rem) { dl { grid-template-columns: 1fr; } dt { margin-top: .4rem; }
  table { font-size: .8rem; } th, td { padding: .3rem; } th:first-child, td:first-child { min-width: 7rem; } }
"""
CHARTS = (
    ("Deliveries a second of a burst (more is better)", "burst", "a_second", 0),
    ("Delay at 2 events a second, p99, ms (less is better)", "steady-2", "p99_ms", 1),
    ("Delay at 100 events a second, p99, ms (less is better)", "steady-100", "p99_ms", 1),
    ("Memory of an idle client, KB (less is better)", "accepting", "kb", 1),
    ("Processor time of a delivery in a burst, µs (less is better)", "burst", "cpu_us", 2),
)


def page(results: Results) -> str:
    """Return the whole page."""
    facts = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in tables.facts(results))
    body = [
        "<h1>Benchmarks</h1>",
        f"<dl>{facts}</dl>",
        "<p>The server on one core; clients, publisher and Redis on another. Medians over the rounds, with the least "
        "and the most of them. Blue is ours, brown a peer, grey the floor.</p>",
        _table(tables.targets(results)),
        *_charts(results),
        *map(_table, tables.figures(results)),
    ]
    failed = tables.failures(results)
    if failed:
        body.append(f"<h2>What came to nothing</h2><ul>{''.join(f'<li>{escape(line)}</li>' for line in failed)}</ul>")
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Benchmarks</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style></head><body>{''.join(body)}</body></html>"
    )


def _charts(results: Results) -> list[str]:
    found = []
    for title, measure, value, digits in CHARTS:
        items = []
        for one in CONTENDERS:
            figure = results.figure(measure, one.name, value)
            if figure and figure.median > 0:
                text = number(figure.median, digits)
                items.append(Bar(one.title, figure.median, text, figure.least, figure.most, _kind(one)))
        if items:
            found.append(
                _figure(title, bars(items, f"{title}, logarithmic"), "Logarithmic scale; a grid line each tenfold.")
            )
    sizes = growth.clients(results)
    drawn = sorted(CONTENDERS, key=lambda one: not one.growth)[:COLOURS]
    for column in growth.BY_CLIENTS:
        growing = [
            Line(one.title, points)
            for one in drawn
            if len(points := _points(results, one.name, column.value, sizes)) > 1
        ]
        if growing:
            title = f"{column.heading}, by number of clients"
            found.append(_figure(title, lines(growing, title, ""), "Both scales are logarithmic."))
    rows = growth.numbered(results, "replay", "ms")
    points = [(size, figure.median) for size in rows if (figure := results.figure("replay", "ours", f"ms_{size}"))]
    if len(points) > 1:
        title = "Reading 500 missed events by rows in the log, ms"
        found.append(_figure(title, lines([Line("replay", points)], title, "ms"), "Flat is what is wanted."))
    return found


def _points(results: Results, name: str, value: str, sizes: list[int]) -> list[tuple[float, float]]:
    figures = ((size, results.figure("growth", name, value, size)) for size in sizes)
    return [(size, figure.median) for size, figure in figures if figure and figure.median > 0]


def _kind(one: Contender) -> str:
    return "ours" if one.ours else "floor" if one.name.startswith("floor") else "peer"


def _figure(title: str, drawing: str, caption: str) -> str:
    return f"<h2>{escape(title)}</h2><figure>{drawing}<figcaption>{escape(caption)}</figcaption></figure>"


def _table(table: Table) -> str:
    def row(cells: list[str], tag: str) -> str:
        return "".join(
            f"<{tag}{f' class={cell}' if cell in ('reached', 'short') else ''}>{escape(cell)}</{tag}>" for cell in cells
        )

    rows = "".join(f"<tr>{row(cells, 'td')}</tr>" for cells in table.rows)
    head = f"<thead><tr>{row(table.headings, 'th')}</tr></thead>"
    return f'<h2>{escape(table.title)}</h2><div class="wide"><table>{head}<tbody>{rows}</tbody></table></div>'
