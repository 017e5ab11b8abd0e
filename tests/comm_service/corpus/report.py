"""The reports: endpoint by kind of request, how many cases, and whether both sides answered them alike."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from comm_service.contract import ENDPOINTS

from .replay import Outcome
from .values import BOUNDARY, HOSTILE, VALID

KINDS = (VALID, BOUNDARY, HOSTILE)
OWN = tuple(f"{one.method} {one.path}" for one in ENDPOINTS)
SECURED = "Secured form: every endpoint with every caller"
OTHERS = ("HEAD", "OPTIONS", "Methods that are not offered", "The root, and addresses that match nothing", SECURED)
SHOWN = 50  # differences
STYLE = """
:root { color-scheme: light dark; --line: #d5d9e0; --soft: #5b6472; --good: #1a7f4b; --bad: #b3261e; --band: #f4f6f9;
  --page: #fff; --text: #1c2430 }
@media (prefers-color-scheme: dark) { :root { --line: #343c48; --soft: #9aa5b4; --good: #5bd193; --bad: #ff8a80;
  --band: #1d232c; --page: #14181f; --text: #e6eaf0 } }
body { margin: 0 auto; max-width: 64rem; padding: 2rem 1rem 4rem; background: var(--page); color: var(--text);
  font: 16px/1.5 system-ui, sans-serif }
h1 { font-size: 1.6rem; margin: 0 } h2 { font-size: 1.15rem; margin: 2.5rem 0 .5rem } p { max-width: 46rem }
.soft { color: var(--soft) } .good { color: var(--good) } .bad { color: var(--bad) }
.tiles { display: flex; flex-wrap: wrap; gap: 1rem; margin: 1.5rem 0; padding: 0; list-style: none }
.tiles li { flex: 1 1 12rem; border: 1px solid var(--line); border-radius: .5rem; padding: .75rem 1rem }
.tiles strong { display: block; font-size: 1.7rem; font-variant-numeric: tabular-nums }
.scroll { overflow-x: auto } table { border-collapse: collapse; width: 100% }
th, td { padding: .35rem .6rem; border-bottom: 1px solid var(--line); text-align: left }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums } thead th { color: var(--soft); font-weight: 500 }
tbody tr:nth-child(even) { background: var(--band) } code { font: .9em ui-monospace, monospace }
details { border: 1px solid var(--line); border-radius: .5rem; margin: .5rem 0; padding: .5rem 1rem }
.sides { display: grid; grid-template-columns: 1fr 1fr; gap: 1rem }
pre { white-space: pre-wrap; overflow-wrap: anywhere }
@media (max-width: 40rem) { .sides { grid-template-columns: 1fr } }
"""


@dataclass(frozen=True)
class Ran:
    """The whole corpus on one database."""

    database: str
    outcomes: list[Outcome]
    seconds: float

    @property
    def different(self) -> list[Outcome]:
        """Those that are not alike."""
        return [one for one in self.outcomes if not one.same]


@dataclass(frozen=True)
class Line:
    """A line of the table: an endpoint, the number of cases of each kind, and how many differ."""

    endpoint: str
    counts: tuple[int, ...]
    different: int

    @property
    def verdict(self) -> str:
        """The verdict in words."""
        return f"{self.different} differ" if self.different else "same"


def group(outcome: Outcome) -> str:
    """The line that a case counts in."""
    endpoint = outcome.case.endpoint
    method, _, path = endpoint.partition(" ")
    if outcome.case.secured:
        return SECURED
    if endpoint in OWN:
        return endpoint
    if not path:
        return OTHERS[3]
    return method if method in OTHERS[:2] else OTHERS[2]


def lines(ran: list[Ran]) -> Iterator[Line]:
    """The table. Counts are those of one database; what differs on any counts as different."""
    for name in (*OWN, *OTHERS):
        own = [one for one in ran[0].outcomes if group(one) == name]
        counts = tuple(sum(one.case.kind == kind for one in own) for kind in KINDS)
        different = sum(group(one) == name for part in ran for one in part.different)
        if own:
            yield Line(name, counts, different)


def document(ran: list[Ran]) -> str:
    """The report as Markdown, for the documentation."""
    rows = "\n".join(
        f"| `{one.endpoint}` | {' | '.join(str(count) for count in one.counts)} | {one.verdict} |" for one in lines(ran)
    )
    databases = "\n".join(
        f"| {part.database} | {len(part.outcomes)} | {_steps(part)} | {len(part.different)} |" for part in ran
    )
    return f"""# Parity of the communication API

Written by `make comm-corpus` on {time.strftime("%Y-%m-%d")}. Each case is one request, or several that follow each
other. Both sides get it on one database, in transactions that are rolled back. Compared are the status,
`Content-Type`, `Allow`, `Vary`, `WWW-Authenticate`, `Access-Control-Allow-Origin`, the bytes of the body after ids and
times of new rows are replaced, and the rows that a change leaves in the table. A server error counts as a difference on
either side.

| database | cases | requests to each side | differ |
| --- | ---: | ---: | ---: |
{databases}

| endpoint | valid | boundary | hostile | verdict |
| --- | ---: | ---: | ---: | --- |
{rows}
"""


def page(ran: list[Ran]) -> str:
    """The report as a self-contained page."""
    tiles = "".join(
        f"<li><strong>{len(part.outcomes):,}</strong>cases on {escape(part.database)}<br>"
        f"{_verdict(len(part.different))}<br><span class=soft>{_steps(part):,} requests to each side, "
        f"{part.seconds:.0f} s</span></li>"
        for part in ran
    )
    heads = "".join(f"<th scope=col class=n>{kind}" for kind in KINDS)
    rows = "".join(
        f"<tr><th scope=row><code>{escape(one.endpoint)}</code>"
        + "".join(f"<td class=n>{count or ''}" for count in one.counts)
        + f"<td>{_verdict(one.different)}"
        for one in lines(ran)
    )
    found = [one for part in ran for one in part.different]
    differences = "".join(_difference(one) for one in found[:SHOWN]) or "<p>There is none.</p>"
    return f"""<!doctype html>
<html lang=en><head><meta charset=utf-8><meta name=viewport content="width=device-width, initial-scale=1">
<title>Parity of the communication API</title><style>{STYLE}</style></head>
<body><h1>Parity of the communication API</h1>
<p class=soft>{time.strftime("%Y-%m-%d %H:%M")} · old side: Django REST Framework · new side: Django Ninja</p>
<ul class=tiles>{tiles}</ul>
<p>Both sides get every request on one database, in transactions that are rolled back. Compared are status, headers, the
bytes of the body after ids and times of new rows are replaced, and the rows that a change leaves behind.</p>
<h2>Endpoints</h2><div class=scroll><table><thead><tr><th scope=col>endpoint{heads}<th scope=col>verdict</thead>
<tbody>{rows}</tbody></table></div>
<h2>Differences</h2>{differences}</body></html>
"""


def _verdict(different: int) -> str:
    return f"<span class=bad>✗ {different} differ</span>" if different else "<span class=good>✓ same</span>"


def _difference(outcome: Outcome) -> str:
    old, new = next(
        pair for pair in zip(outcome.old, outcome.new, strict=True) if pair[0] != pair[1] or pair[0].status >= 500
    )
    case = outcome.case
    return (
        f"<details><summary><code>{escape(case.endpoint)}</code> {escape(case.name)}</summary><div class=sides>"
        f"<div><h3>old</h3><pre>{escape(old.shown()[:4000])}</pre></div>"
        f"<div><h3>new</h3><pre>{escape(new.shown()[:4000])}</pre></div></div></details>"
    )


def _steps(part: Ran) -> int:
    return sum(len(one.case.steps) for one in part.outcomes)
