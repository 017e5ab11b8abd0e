#!/bin/sh
# Starts the site: checks the settings, migrates, collects static files, then becomes the server that they ask for:
# Gunicorn, or Daphne with USE_DAPHNE=true. PORT, HOST, WEB_CONCURRENCY, SKIP_MIGRATE and all else: .env.example.
# An argument names the settings of another site than the office's; SERVICE=comm starts a part of the site alone.
set -eu
cd "$(dirname "$0")"
if [ -d .venv/bin ]; then PATH="$PWD/.venv/bin:$PATH"; fi
unset DJANGO_SETTINGS_MODULE # gistagum/startup.py chooses
if [ $# -gt 0 ]; then export DJANGO_SETTINGS_MODULE="$1"; fi

plan=$(python -m gistagum.server)
set -f # an IPv6 address in brackets would be a pattern of file names
# shellcheck disable=SC2086 # the words of a command; none of them can hold a blank
set -- $plan
if [ "$1" = prepare ]; then
    python manage.py prepare
fi
url=$2
shift 2
# Each stream is an open file, and the usual limit of 1,024 would be reached before SSE_MAX_STREAMS.
# shellcheck disable=SC3045 # -n and -H are newer in POSIX than in the shells; where they are missing the limit stays
ulimit -n "$(ulimit -H -n)" 2>/dev/null || true
# glibc gives threads up to eight heaps a core and hardly any of them back; only one thread runs Python at a time.
export MALLOC_ARENA_MAX=2
# And each thread keeps what it frees for itself: some 40 KB of the 120 that a stream under Gunicorn took.
export GLIBC_TUNABLES=glibc.malloc.tcache_count=0
echo "gistagum: $1 on $url" >&2
exec "$@"
