"""Formats a report as text."""

from typing import Any


def as_text(report: dict[str, Any]) -> str:
    """Return the report for a terminal."""
    lines = _churn(report) if "connects" in report else _held(report)
    faults = [f"FAULT: {fault}" for fault in report["faults"]] or ["Held: no fault."]
    about = f"seed {report['seed']}, Python {report['python']}, {report['cores']} cores"
    return "\n".join([*lines, *faults, about, ""])


def _held(report: dict[str, Any]) -> list[str]:
    published = report["published"]
    lines = [
        f"{report['server']}: {report['clients']} clients, {published['rate']} events a second "
        f"for {report['seconds'] / 60:g} minutes; load average {report['load_average']['after'][0]:.1f}"
    ]
    for kind, came in report["delivery"].items():
        lines.append(
            f"{kind}: {came['delivered']:,} delivered, lost {came['lost']}, twice {came['twice']}, disordered "
            f"{came['disordered']}; p50 {came.get('p50_ms')} ms, p99 {came.get('p99_ms')} ms, longest "
            f"{came.get('longest_ms')} ms; {came['events_a_write']} events a write"
        )
    for name, one in report["memory"].items():
        lines.append(
            f"{name}: {one['warm_kb'] / 1024:.0f} MB when warm, {one['last_kb'] / 1024:.0f} MB at the end, slope "
            f"{one['slope_kb_a_minute']} KB a minute, mostly {one['usual_kb_a_minute']} KB; {one['cores']} cores, "
            f"{one['most_threads']} threads, {one['most_fds']} files"
        )
    return lines


def _churn(report: dict[str, Any]) -> list[str]:
    lines = [
        f"{report['server']}: {report['connects']} came and went in {report['seconds']} s, {report['killed']} of them "
        "by kill -9"
    ]
    lines += [f"{way}: {number}" for way, number in sorted(report["ways"].items())]
    lines += [f"{name}: memory grown by {growth} KB" for name, growth in report["grown_kb"].items()]
    if report["log"]:
        lines.append(f"in the log: {report['log']}")
    return lines
