#!/bin/sh
# Starts the site: checks the settings, migrates, collects static files, then becomes the server that they ask for.
#
#   PORT             where to listen (8000)         HOST   on which address (127.0.0.1)
#   WEB_CONCURRENCY  Gunicorn's processes (2)       SKIP_MIGRATE=1   leave the database and static files as they are
#   USE_DAPHNE=true  Daphne (ASGI) instead of Gunicorn (WSGI); see .env.example for everything else
set -eu
cd "$(dirname "$0")"
if [ -d .venv/bin ]; then PATH="$PWD/.venv/bin:$PATH"; fi

: "${HOST:=127.0.0.1}" "${PORT:=8000}" "${WEB_CONCURRENCY:=2}" "${SKIP_MIGRATE:=}"
fail() { echo "gistagum: $1" >&2; exit 1; }
number() { # name, value, lowest, highest
    case "$2" in ''|*[!0-9]*|??????*) fail "$1 is '$2'; it may be a whole number from $3 to $4." ;; esac
    if [ "$2" -lt "$3" ] || [ "$2" -gt "$4" ]; then fail "$1 is '$2'; it may be a whole number from $3 to $4."; fi
}
number PORT "$PORT" 1 65535
number WEB_CONCURRENCY "$WEB_CONCURRENCY" 1 64
case "$SKIP_MIGRATE" in
    1|[Tt][Rr][Uu][Ee]) skip=yes ;;
    ''|0|[Ff][Aa][Ll][Ss][Ee]) skip=no ;;
    *) fail "SKIP_MIGRATE is '$SKIP_MIGRATE'; it may be true, false, 1 or 0." ;;
esac

server=$(python -m gistagum.server)
if [ "$skip" = no ]; then
    python manage.py migrate --noinput --verbosity 0
    python manage.py collectstatic --noinput --verbosity 0
fi

case "$server" in
    daphne) set -- daphne --bind "$HOST" --port "$PORT" --application-close-timeout 5 --no-server-name gistagum.asgi:application ;;
    *) set -- gunicorn --bind "$HOST:$PORT" --workers "$WEB_CONCURRENCY" gistagum.wsgi:application ;;
esac
export DJANGO_SETTINGS_MODULE=gistagum.settings
echo "gistagum: $server on http://$HOST:$PORT" >&2
exec "$@"
