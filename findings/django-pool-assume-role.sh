#!/bin/sh
# Django 5.2.19 with psycopg 3.3.2 and psycopg-pool 3.3.0: a database with a connection pool ("pool") and a role
# ("assume_role"), both documented options, never gives a connection. While the pool configures a connection, Django
# sets the role, and to quote its name it opens a connection of its own, which comes from the same pool, which waits for
# the connection that is being configured. Each option alone works. PostgreSQL is that of pgserver 0.1.4.
# Exits with 1 when the behaviour is no longer the one that is described here.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    django==5.2.19 psycopg==3.3.2 psycopg-binary==3.3.2 psycopg-pool==3.3.0 pgserver==0.1.4
cat > "$folder/try.py" <<'PYTHON'
import logging
import sys
import time

import pgserver
import psycopg
from django.conf import settings

server = pgserver.get_server(sys.argv[1], cleanup_mode="stop")
address = psycopg.conninfo.conninfo_to_dict(server.get_uri())
with psycopg.connect(server.get_uri(), autocommit=True) as first:
    first.execute("CREATE ROLE clerk NOLOGIN")

base = {"ENGINE": "django.db.backends.postgresql", "NAME": address["dbname"], "USER": address["user"],
        "HOST": address["host"], "PORT": address.get("port", "")}
pool = {"min_size": 1, "max_size": 4, "timeout": 5}
options = {"default": {}, "role": {"assume_role": "clerk"}, "pool": {"pool": pool}, "both": {"assume_role": "clerk", "pool": pool}}
settings.configure(DATABASES={name: base | {"OPTIONS": one} for name, one in options.items()})

import django  # noqa: E402

django.setup()
logging.disable(logging.CRITICAL)
from django.db import connections  # noqa: E402
from django.db.utils import OperationalError  # noqa: E402

print("Django", django.__version__, "psycopg", psycopg.__version__)
seen = {}
for name in ("role", "pool", "both"):
    begun = time.monotonic()
    try:
        with connections[name].cursor() as cursor:
            cursor.execute("SELECT current_user")
            seen[name] = cursor.fetchone()[0]
    except OperationalError as error:
        seen[name] = str(error).splitlines()[0]
    print(f"{name}: {seen[name]} ({time.monotonic() - begun:.1f} s)", flush=True)
for name in ("pool", "both"):
    connections[name].close_pool()
connections.close_all()
expected = {"role": "clerk", "pool": address["user"], "both": "couldn't get a connection after 5.00 sec"}
sys.exit(0 if seen == expected else 1)
PYTHON
"$folder/venv/bin/python" "$folder/try.py" "$folder/data"
