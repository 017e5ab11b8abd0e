#!/bin/sh
# What the tests need beyond Python: a Redis server, PostgreSQL, Chromium and nginx, and for the tests of failover Patroni,
# etcd, HAProxy and PgBouncer, for those of attachments ClamAV, for those of the communication API RabbitMQ and an S3 server
# (Ceph's radosgw). Installs with apt what is missing, when it can; otherwise names it in one line.
set -eu
missing=""
has() { command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ]; }
has redis-server || missing="$missing redis-server"
# What `playwright install chromium` has downloaded serves as well.
playwrights_own() {
    [ -x .venv/bin/python ] && .venv/bin/python -c '
import os, sys
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    sys.exit(not os.path.exists(playwright.chromium.executable_path))' 2>/dev/null
}
ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || has postgres || missing="$missing postgresql"
has chromium || playwrights_own || missing="$missing chromium"
# Most browser tests use the shell, which needs a quarter of the processor time. Ubuntu does not package it.
! grep -qs "^ID=debian" /etc/os-release || has chromium-headless-shell || missing="$missing chromium-headless-shell"
has nginx || missing="$missing nginx-light"
has patroni || missing="$missing patroni"
has etcd || missing="$missing etcd-server"
has haproxy || missing="$missing haproxy"
has pgbouncer || missing="$missing pgbouncer"
has clamd || missing="$missing clamav-daemon"
has rabbitmq-server || missing="$missing rabbitmq-server"
for tool in radosgw ceph-mon ceph-osd ceph; do
    has $tool || { missing="$missing radosgw ceph-mon ceph-osd ceph-common"; break; }
done
[ -n "$missing" ] || exit 0

if has apt-get && { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }; then
    as_root=""
    [ "$(id -u)" = 0 ] || as_root="sudo -n"
    echo "test-tools: installing$missing"
    export DEBIAN_FRONTEND=noninteractive
    # Services that come with the packages need not run: the tests start their own.
    # shellcheck disable=SC2086 # a list of packages, and sudo with its option
    if $as_root apt-get update -qq && $as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null; then exit 0; fi
fi
echo "test-tools: missing:$missing (apt-get install$missing; Chromium also by: .venv/bin/playwright install chromium)" >&2
exit 1
