"""The report as Markdown."""

from ..results import Results
from . import tables
from .table import Table


def document(results: Results) -> str:
    """Return the whole document."""
    parts = ["# Benchmarks", *(f"- {name}: {text}" for name, text in tables.facts(results)), ""]
    parts.append(
        "Medians over the rounds, with the least and the most of them. docs/benchmarks.md says what each means.\n"
    )
    for table in [tables.targets(results), *tables.figures(results)]:
        parts += [f"## {table.title}", "", *_lines(table), ""]
    failed = tables.failures(results)
    if failed:
        parts += ["## What came to nothing", "", *(f"- {line}" for line in failed), ""]
    return "\n".join(parts)


def _lines(table: Table) -> list[str]:
    rule = ["---", *["---:"] * (len(table.headings) - 1)]
    return [f"| {' | '.join(cells)} |" for cells in [table.headings, rule, *table.rows]]
