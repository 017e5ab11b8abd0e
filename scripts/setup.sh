#!/bin/sh
# Sets everything up in this folder: virtual environment, pinned packages, a .env of its own, database, demo data.
# Running it again is quick and harmless: each step looks whether its work is done.
#
#   setup.sh        for running the site
#   setup.sh --dev  for tests and linters; leaves the database alone
set -eu
cd "$(dirname "$0")/.."
fail() { echo "setup: $1" >&2; exit 1; }

python=${PYTHON:-python3}
command -v "$python" >/dev/null || fail "$python is missing: apt-get install python3 python3-venv"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || fail "Python 3.11 or newer is needed, $python is $("$python" --version)"

wanted="requirements.txt"
[ "${1:-}" != --dev ] || wanted="requirements.txt requirements-dev.txt"
# One whose making failed half-way has a python, but no pip.
if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    echo "setup: making the virtual environment .venv"
    rm -rf .venv
    trap 'rm -rf .venv; exit 130' INT TERM
    "$python" -m venv .venv || { rm -rf .venv; fail "the virtual environment cannot be made: apt-get install python3-venv"; }
    trap - INT TERM
fi
for file in $wanted; do
    stamp=.venv/.installed-$file
    if ! cmp -s "$file" "$stamp"; then
        echo "setup: installing the packages of $file"
        .venv/bin/python -m pip install --quiet --disable-pip-version-check --requirement "$file"
        cp "$file" "$stamp"
    fi
done

if [ ! -f .env ]; then
    echo "setup: writing .env"
    key=$(.venv/bin/python -c 'import secrets; print(secrets.token_urlsafe(60))')
    (umask 077 && printf '%s\n' "# Written by make setup; .env.example documents every variable." \
        "SECRET_KEY=$key" "ALLOWED_HOSTS=127.0.0.1,localhost,[::1]" "HTTPS=false" > .env)
fi
[ "${1:-}" = --dev ] && exit 0

.venv/bin/python manage.py migrate --noinput --verbosity 0
# Everybody knows the demo people's password, so they have no business in the database of a real office.
kind=$(.venv/bin/python -c 'from gistagum.settings import DATABASES; print(DATABASES["default"]["ENGINE"].split(".")[-1])')
if [ "$kind" = sqlite3 ]; then
    .venv/bin/python manage.py demo_data --if-empty
    .venv/bin/python manage.py demo_conversations --count 0 --if-people
else
    echo "setup: no demo people are made, since DATABASE_URL is not SQLite; manage.py demo_data makes them where they are wanted"
fi
