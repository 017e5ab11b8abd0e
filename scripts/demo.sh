#!/bin/sh
# The site, and beside it somebody who keeps changing things. Ends both on Ctrl-C or SIGTERM.
set -eu
cd "$(dirname "$0")/.."
./start.sh &
site=$!
trap 'kill "$site" "${changes:-}" 2>/dev/null; wait' INT TERM EXIT
address="$(.venv/bin/python -m gistagum.server --url)/health/"
tries=0
until .venv/bin/python -c "import urllib.request as r; r.urlopen('$address', timeout=2)" 2>/dev/null; do
    kill -0 "$site" 2>/dev/null || { wait "$site"; exit $?; }
    tries=$((tries + 1))
    [ "$tries" -lt 60 ] || { echo "demo: the site does not answer at $address" >&2; exit 1; }
    sleep 0.5
done
.venv/bin/python manage.py demo_activity &
changes=$!
wait "$site"
