#!/bin/sh
# The site in phase 4 of the migration, half of the demo people on WebSocket, and beside it somebody who keeps changing
# things, and people who write to each other. Ends all on Ctrl-C or SIGTERM, and only then itself.
set -eu
cd "$(dirname "$0")/.."
site='' changes='' writes=''

stop() {
    trap '' HUP INT TERM
    exec 2>/dev/null # some shells tell of every process that they end
    [ -z "$changes" ] || kill "$changes" || true
    [ -z "$writes" ] || kill "$writes" || true
    if [ -n "$site" ]; then
        kill "$site" || true
        patience=150 # tenths of a second; the site takes its leave of its streams and pages
        while kill -0 "$site" && [ "$patience" -gt 0 ]; do
            patience=$((patience - 1))
            sleep 0.1
        done
        # What was still being prepared for it; nothing where the site itself had begun.
        patience=30
        while kill -- "-$site" && [ "$patience" -gt 0 ]; do
            patience=$((patience - 1))
            sleep 0.1
        done
        kill -KILL -- "-$site" || true
    fi
    wait || true
}
trap stop EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# What is set here wins over .env. The layer of Redis is not needed: Daphne is one process.
set -a
# shellcheck source=/dev/null # variables of the site, none of this script
. ./env/phase-4.env
set +a
export WEBSOCKET_ROLLOUT_PERCENT=0 WEBSOCKET_ROLLOUT_GROUPS=Pioneers

# A group of processes of its own, so that Ctrl-C comes to it once, from here, and nothing of it can be missed.
alone='import os, signal, sys; os.setpgid(0, 0); signal.signal(signal.SIGPIPE, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])'
.venv/bin/python -c "$alone" ./start.sh &
site=$!
url=$(.venv/bin/python -m gistagum.server --url)
address="$url/health/"
tries=0
until .venv/bin/python -c "import urllib.request as r; r.urlopen('$address', timeout=2)" 2>/dev/null; do
    kill -0 "$site" 2>/dev/null || { wait "$site"; exit $?; }
    tries=$((tries + 1))
    [ "$tries" -lt 60 ] || { echo "demo: the site does not answer at $address" >&2; exit 1; }
    sleep 0.5
done
cat <<END
demo: phase 4. On WebSocket: head, engineer1 and admin; on SSE: finance, engineer2 and engineer3.
demo: $url, and the control room at $url/ops/realtime/ (sign in as admin)
END
.venv/bin/python manage.py demo_activity &
changes=$!
.venv/bin/python manage.py demo_conversations &
writes=$!
wait "$site"
