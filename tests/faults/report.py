"""What a run was and found, for people: reports/faults.json and reports/faults.md."""

from collections import defaultdict
from pathlib import Path

from tests import evidence

from .nemesis import Planned
from .run import Told


def write(told: Told) -> Path:
    """Keep it; returns the path of the JSON."""
    path = evidence.write("faults", **told.as_json())
    path.with_suffix(".md").write_text(page(told))
    return path


def page(told: Told) -> str:
    """As Markdown: the verdict first, then the numbers, then each fault with how often it came."""
    found = told.faulty()
    lines = [f"# Faults, seed {told.seed}", ""]
    lines += [f"- **{line}**" for line in found] or ["Nothing lost, doubled, out of order, foreign or made up."]
    lines += ["", "| | |", "| --- | --- |", f"| seconds | {told.seconds:.0f} |"]
    for name, value in told.counts.items():
        shown = (
            ", ".join(f"{key} {number:,}" for key, number in value.items()) if isinstance(value, dict) else f"{value:,}"
        )
        lines.append(f"| {name.replace('_', ' ')} | {shown} |")
    lines += ["", "| fault | times | seconds in all | alone: all had everything after |", "| --- | --- | --- | --- |"]
    by_name: dict[str, list[Planned]] = defaultdict(list)
    for one in told.faults:
        by_name[one.fault.name].append(one)
    for name, times in sorted(by_name.items()):
        lasted = sum(one.ended - one.began for one in times if one.began is not None and one.ended is not None)
        recovered = [one.recovered for one in times if one.recovered is not None]
        after = f"{max(recovered):.1f} s" if recovered else "–"
        lines.append(f"| {name} | {len(times)} | {lasted:.0f} | {after} |")
    return "\n".join(lines) + "\n"
