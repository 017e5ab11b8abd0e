# shellcheck shell=sh
# Moving the site to a phase: what advance.sh and rollback.sh have in common. They differ in $script alone: advance.sh only
# goes up and is strict, rollback.sh only goes down and goes as far as it can. They need a shell, the usual tools and curl,
# so that also a site that does not start can be moved.
#
# env/phase-N.env defines a phase, and env/NAME-phase-N.env one of another move (--move NAME). Its NAME=value lines are set; every other line of the operator's file stays.
# "# or NAME=value" (or "=low..high") names a value with which it is still that phase. "# needs NAME" names a variable that
# must be set before advance.sh goes there.
#
# The operator's file is read as the site reads it (gistagum/env_file.py, gistagum/environment.py): UTF-8 with or without a
# byte order mark, NAME=value or "export NAME=value" at the start of a line, the last of several counts, quotes and blanks
# around the value do not.
#
# Each part below uses only the parts above it. A part begins with the variables that it sets for others.

set -uf
: "${script:?is set by advance.sh and rollback.sh}"

case $script in
advance) direction=up opposite=rollback ;;
*) direction=down opposite=advance ;;
esac

root=$(CDPATH='' cd -- "$(dirname "$0")/.." && pwd)
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
    check_installation
    check_env_file
    [ -z "$dry_run" ] || report_plan
    command -v curl >/dev/null || refuse "curl is missing: apt-get install curl"
    trap clean_up EXIT
    trap interrupted HUP INT TERM
    trap : PIPE # the run goes on when the reader of its output goes away
    acquire_lock
    plan_changes
    choose_restart_command
    find_site
    write_curl_options
    info "${move:+$move, }phase $current_phase to $target: $env_file"

    # A third of the time is kept for undoing.
    deadline=$((started_at + timeout - timeout / 3))
    [ -z "$changes" ] || replace_env_file
    run_restart || fail
    info "restarted after $(elapsed) s: $restart_command"
    wait_for_health || fail
    info "healthy after $(elapsed) s: $health_url"
    [ -n "$move" ] || check_server || fail
    [ -n "$move" ] || check_stream || fail
    finish 0 "done" "phase $target after $(elapsed) s; the database stays as it is, every phase can read it"
}

report_plan() {
    plan_changes
    find_site
    printf '%s\n' "$changes" | while read -r name new old; do
        [ -z "$name" ] || info "would set $name=$new (is $old) in $env_file"
    done
    finish 0 dry-run "would then restart with: ${restart_command:-$SERVICE_RESTART}, and wait for $health_url; nothing was changed"
}
