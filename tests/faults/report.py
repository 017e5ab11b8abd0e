"""Writes the result of a run to reports/faults.json and reports/faults.md."""

from collections import defaultdict
from pathlib import Path

from tests import evidence

from .nemesis import Planned
from .run import RunResult


def write(result: RunResult) -> Path:
    """Write both files, and return the path of the JSON."""
    path = evidence.write("faults", **result.as_json())
    path.with_suffix(".md").write_text(page(result))
    return path


def page(result: RunResult) -> str:
    """Return the report as Markdown: the violations, the counts, and each fault with its number of occurrences."""
    found = result.problems()
    lines = [f"# Faults, seed {result.seed}", ""]
    lines += [f"- **{line}**" for line in found] or ["Nothing lost, doubled, out of order, foreign or made up."]
    lines += ["", "| | |", "| --- | --- |", f"| seconds | {result.seconds:.0f} |"]
    for name, value in result.counts.items():
        shown = (
            ", ".join(f"{key} {number:,}" for key, number in value.items()) if isinstance(value, dict) else f"{value:,}"
        )
        lines.append(f"| {name.replace('_', ' ')} | {shown} |")
    lines += ["", "| fault | times | seconds in all | alone: all had everything after |", "| --- | --- | --- | --- |"]
    by_name: dict[str, list[Planned]] = defaultdict(list)
    for one in result.faults:
        by_name[one.fault.name].append(one)
    for name, times in sorted(by_name.items()):
        lasted = sum(one.ended - one.began for one in times if one.began is not None and one.ended is not None)
        recovered = [one.recovered for one in times if one.recovered is not None]
        after = f"{max(recovered):.1f} s" if recovered else "–"
        lines.append(f"| {name} | {len(times)} | {lasted:.0f} | {after} |")
    return "\n".join(lines) + "\n"
