#!/bin/sh
# Runs the linter of the ES modules (package.json, "lint"), and installs it first where that is missing or outdated.
# Where it cannot be installed, as without npm or a network, it says so and succeeds; with STRICT=1 it fails.
set -eu
cd "$(dirname "$0")/.."
skip() {
    echo "lint: the ES modules were NOT CHECKED: $1" >&2
    [ -z "${STRICT:-}" ] || exit 1
    exit 0
}

command -v npm >/dev/null || skip "npm is missing (apt-get install npm)"
installed=node_modules/.installed-package-lock.json
if ! cmp -s package-lock.json "$installed"; then
    npm ci --no-audit --no-fund >/dev/null 2>&1 || skip "npm ci fails (run it to see why)"
    cp package-lock.json "$installed"
fi
exec npm run --silent lint
