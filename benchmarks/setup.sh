#!/bin/sh
# Makes .venv-bench, where the peers live that benchmarks/ measures us against. Running it again is quick and harmless.
set -eu
cd "$(dirname "$0")/.."
if ! .venv-bench/bin/python -m pip --version >/dev/null 2>&1; then
    echo "benchmarks: making the virtual environment .venv-bench" >&2
    rm -rf .venv-bench
    "${PYTHON:-python3}" -m venv .venv-bench
fi
if ! cmp -s benchmarks/requirements.txt .venv-bench/.installed; then
    echo "benchmarks: installing the peers" >&2
    .venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --requirement benchmarks/requirements.txt
    cp benchmarks/requirements.txt .venv-bench/.installed
fi
ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || command -v postgres >/dev/null ||
    { echo "benchmarks: PostgreSQL is missing: apt-get install postgresql" >&2; exit 1; }
command -v redis-server >/dev/null || { echo "benchmarks: Redis is missing: apt-get install redis-server" >&2; exit 1; }
