#!/bin/sh
# Serves the communication API alone, in the compatibility form: no token is asked for. Without DATABASE_URL it has a
# PostgreSQL of its own, which is gone afterwards with what is in it. COMM_API=legacy|ninja chooses who answers.
# Ends all on Ctrl-C or SIGTERM, and only then itself.
set -eu
cd "$(dirname "$0")/.."
folder='' data='' site=''

as_postgres() { # PostgreSQL refuses to run as root
    if [ "$(id -u)" = 0 ]; then (cd / && setpriv --reuid=postgres --regid=postgres --clear-groups "$@"); else "$@"; fi
}

stop() {
    trap '' HUP INT TERM
    if [ -n "$site" ]; then
        kill "$site" 2>/dev/null || true
        patience=150 # tenths of a second
        while kill -0 "$site" 2>/dev/null && [ "$patience" -gt 0 ]; do
            patience=$((patience - 1))
            sleep 0.1
        done
        kill -KILL "$site" 2>/dev/null || true
        wait "$site" 2>/dev/null || true
    fi
    [ -z "$data" ] || as_postgres "$programs/pg_ctl" --pgdata "$data" -m immediate -w stop >/dev/null || true
    [ -z "$folder" ] || rm -rf "$folder"
}
trap stop EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

if [ -z "${DATABASE_URL:-}" ]; then
    programs=$(dirname "$(find /usr/lib/postgresql -path '*/bin/initdb' 2>/dev/null | sort -V | tail -n 1)")
    [ -x "$programs/initdb" ] || programs=$(dirname "$(command -v initdb || echo .)")
    [ -x "$programs/initdb" ] || { echo "comm: PostgreSQL is missing: apt-get install postgresql, or set DATABASE_URL" >&2; exit 1; }
    port=$(.venv/bin/python -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    folder=$(mktemp -d)
    [ "$(id -u)" != 0 ] || chown postgres: "$folder"
    as_postgres "$programs/initdb" --pgdata "$folder/data" --username=comm --auth=trust --encoding=UTF8 --no-sync >"$folder.log" 2>&1 ||
        { cat "$folder.log" >&2; rm -f "$folder.log"; exit 1; }
    rm -f "$folder.log"
    data="$folder/data"
    options="-p $port -k $folder -c listen_addresses=127.0.0.1 -c fsync=off"
    as_postgres "$programs/pg_ctl" --pgdata "$data" --log "$folder/log" -w -o "$options" start >/dev/null ||
        { cat "$folder/log" >&2; exit 1; }
    export DATABASE_URL="postgres://comm@127.0.0.1:$port/postgres"
    echo "comm: a temporary PostgreSQL: $DATABASE_URL" >&2
fi
export SERVICE=comm PORT="${PORT:-8300}" COMM_COMPAT="${COMM_COMPAT:-true}" USE_DAPHNE="${USE_DAPHNE:-true}" HTTPS="${HTTPS:-false}"
export ALLOWED_HOSTS="${ALLOWED_HOSTS:-127.0.0.1,localhost,[::1]}"
echo "comm: http://127.0.0.1:$PORT/comm/api/ (COMM_API=${COMM_API:-legacy}, COMM_COMPAT=$COMM_COMPAT)" >&2
./start.sh &
site=$!
wait "$site"
