# shellcheck shell=sh
# What advance.sh and rollback.sh do. They differ in $me alone: advance only goes up and is careful, rollback only goes
# down and goes as far as it can. A shell, the usual tools and curl: a site that does not start can still be moved.
#
# env/phase-N.env says what a phase is. Its NAME=value lines are set; every other line of the operator's file stays.
# "# or NAME=value" (or "=low..high"): with this it is that phase, too. "# needs NAME": must be set before going up there.
#
# The operator's file is read as the site reads it (gistagum/environment.py): NAME=value or "export NAME=value" at the
# start of a line, the last of several counts, quotes and blanks around the value do not.
set -uf
: "${me:?is set by advance.sh and rollback.sh}"

LAST_PHASE=5
STREAM=/projeng/api/realtime/events/
SOCKET=/ws/events/
SERVICE='systemctl restart gistagum'

root=$(CDPATH='' cd -- "$(dirname "$0")/.." && pwd)
case $me in
advance) other=rollback way=up ;;
*) other=advance way=down ;;
esac

to='' file=${GISTAGUM_ENV_FILE:-$root/.env} restart='' health='' cookie=${GISTAGUM_CHECK_COOKIE:-} timeout=60
dry_run='' force='' json=''
lock='' owned='' copy='' changes='' present='' event='' started='' opened='' job='' restarted='' unfinished=''
unset GISTAGUM_CHECK_COOKIE # the restart and what it starts have no use for it

lib=$root/scripts/lib
. "$lib/clock.sh"
. "$lib/messages.sh"
. "$lib/options.sh"
. "$lib/lock.sh"
. "$lib/env-file.sh"
. "$lib/phase.sh"
. "$lib/restart.sh"
. "$lib/probe.sh"
. "$lib/undo.sh"

main() {
    read_options "$@"
    look_at_file
    if [ -n "$dry_run" ]; then
        decide
        address_site
        printf '%s\n' "$changes" | while read -r name new old; do
            [ -z "$name" ] || say "would set $name=$new (is $old) in $file"
        done
        finish 0 dry-run "would then restart with: ${restart:-$SERVICE}, and wait for $health; nothing was changed"
    fi
    command -v curl >/dev/null || refuse "curl is missing: apt-get install curl"
    trap clean_up EXIT
    trap interrupted HUP INT TERM
    trap : PIPE # whoever reads along may leave; the work is finished all the same
    take_lock
    decide
    choose_restart
    address_site
    write_headers
    say "phase $present to $to: $file"

    # A third of the time is for putting back.
    deadline=$((began + timeout - timeout / 3))
    [ -z "$changes" ] || change_file
    run_restart || fail
    say "restarted after $(took) s: $restart"
    wait_for_health || fail
    say "healthy after $(took) s: $health"
    check_server || fail
    check_stream || fail
    finish 0 "done" "phase $to after $(took) s; the database stays as it is, every phase can read it"
}
