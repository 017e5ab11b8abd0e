#!/usr/bin/env python3
"""Known vulnerabilities in the pinned packages: pip-audit, asked so that an answer of nobody is not taken for "none".

pip-audit itself ends with 0 and "No known vulnerabilities found" when the index it asks knows none of the packages, as
behind a mirror. Exit codes: 0 nothing known is wrong, or nobody could be asked (said in one line); 1 a vulnerability is
known, or, with --strict, not every package could be looked up.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PINS = ("requirements.txt", "requirements-dev.txt")
ANSWER_SECONDS = 120  # for one service and all packages; behind a firewall that drops packets it would be hours


def main(arguments: list[str]) -> int:
    """Ask the services in turn until one knows our packages; say what it knows. Returns the exit code."""
    parser = argparse.ArgumentParser(description="Known vulnerabilities in the pinned packages.")
    parser.add_argument("--strict", action="store_true", help="a package that could not be looked up is a failure")
    parser.add_argument("--osv-url", help="ask only this OSV service, such as a mirror of one's own")
    parser.add_argument("pins", nargs="*", default=[str(ROOT / name) for name in PINS], help="pinned requirements")
    options = parser.parse_args(arguments)
    services = [["-s", "osv", "--osv-url", options.osv_url]] if options.osv_url else [["-s", "pypi"], ["-s", "osv"]]
    found: list[dict[str, Any]] = []
    for service in services:
        found = packages(service, options.pins)
        if any("vulns" in package for package in found):
            break
    return say(found, options.strict)


def packages(service: list[str], pins: list[str]) -> list[dict[str, Any]]:
    """What a service says of each package: ``vulns``, or ``skip_reason``. Nothing when it does not answer."""
    command = [str(Path(sys.executable).with_name("pip-audit")), *service, "--format", "json", "--progress-spinner"]
    command += ["off", "--disable-pip", "--no-deps", *(word for name in pins for word in ("-r", name))]
    try:
        run = subprocess.run(  # noqa: S603 (our own words)
            command, capture_output=True, text=True, timeout=ANSWER_SECONDS, check=False
        )
        return json.loads(run.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, ValueError, KeyError, TypeError):
        return []


def say(found: list[dict[str, Any]], strict: bool) -> int:
    """One line for each vulnerability, and one for all that was not looked up."""
    known = [package for package in found if "vulns" in package]
    unknown = [package["name"] for package in found if "vulns" not in package]
    bad = 0
    for package in known:
        for fault in package["vulns"]:
            fixed = ", ".join(fault.get("fix_versions", [])) or "no version yet"
            names = ", ".join([fault["id"], *fault.get("aliases", [])])
            print(f"audit: {package['name']} {package['version']}: {names}; fixed in {fixed}")
            bad += 1
    if not known:
        print("audit: NOTHING WAS CHECKED: no service for known vulnerabilities could be asked.", file=sys.stderr)
    else:
        print(f"audit: packages looked up: {len(known)}, known vulnerabilities: {bad}.")
        if unknown:
            print(f"audit: not looked up: {', '.join(unknown)}", file=sys.stderr)
    return 1 if bad or (strict and (unknown or not known)) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
