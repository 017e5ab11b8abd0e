# shellcheck shell=sh
# Processes: the command that restarts the site, and ending what a run has started.

SERVICE_RESTART='systemctl restart gistagum'

# $problem: why the last step failed.
problem='' restarted='' restart_pid='' stream_pid=''

choose_restart_command() {
    [ -z "$restart_command" ] || return 0
    { command -v systemctl >/dev/null && systemctl cat gistagum.service >/dev/null 2>&1; } ||
        refuse "there is no service gistagum here; say how the site is restarted: --restart CMD"
    restart_command=$SERVICE_RESTART
}

stop_background_processes() {
    [ -z "$stream_pid" ] || kill "$stream_pid" 2>/dev/null
    [ -z "$restart_pid" ] || kill "$restart_pid" 2>/dev/null
    stream_pid='' restart_pid=''
}

run_restart() {
    restarted=1
    sh -c "$restart_command" </dev/null >"$lock/restart.log" 2>&1 &
    restart_pid=$!
    attempt=0
    while kill -0 "$restart_pid" 2>/dev/null; do
        if deadline_passed; then
            stop_background_processes
            problem="the restart did not end in time"
            return 1
        fi
        attempt=$((attempt + 1))
        pause "$attempt" 0.1
    done
    wait "$restart_pid"
    code=$?
    restart_pid=''
    [ "$code" != 0 ] || return 0
    problem="the restart failed with $code: $(in_c_locale tr -d '\000' <"$lock/restart.log" | grep . | tail -n 1)"
    return 1
}
