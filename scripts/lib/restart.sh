# shellcheck shell=sh
# The command that restarts the site.

choose_restart() {
    [ -z "$restart" ] || return 0
    { command -v systemctl >/dev/null && systemctl cat gistagum.service >/dev/null 2>&1; } ||
        refuse "there is no service gistagum here; say how the site is restarted: --restart CMD"
    restart=$SERVICE
}

# Nothing that was started from here is waited for any longer.
stop_waiting() {
    [ -z "$opened" ] || kill "$opened" 2>/dev/null
    [ -z "$job" ] || kill "$job" 2>/dev/null
    opened='' job=''
}

run_restart() {
    restarted=1
    sh -c "$restart" </dev/null >"$lock/restart.log" 2>&1 &
    job=$!
    while kill -0 "$job" 2>/dev/null; do
        if past; then
            stop_waiting
            why="the restart did not end in time"
            return 1
        fi
        sleep 0.1
    done
    wait "$job"
    code=$?
    job=''
    [ "$code" != 0 ] || return 0
    why="the restart failed with $code: $(plain tr -d '\000' <"$lock/restart.log" | grep . | tail -n 1)"
    return 1
}
