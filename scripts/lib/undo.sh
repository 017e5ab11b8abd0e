# shellcheck shell=sh
# Undoing: what follows when a run fails, is interrupted, or ends.

# The EXIT trap. The lock of an earlier run that was cut off stays until a site has been restarted.
clean_up() {
    stop_background_processes
    [ -n "$lock_held" ] || return
    if [ -n "$interrupted_copy" ] && [ -z "$restarted" ]; then return; fi
    rm -rf "$lock"
}

# Restores the file and restarts the site with it; $restored says what has come of that.
restore() {
    trap : HUP INT TERM # not '', which the restarted site would inherit
    stop_background_processes
    deadline=$(($(now) + timeout / 3))
    event=''
    restored="the file was not changed"
    if [ -n "$copy" ]; then
        restore_env_file || {
            restored="THE OLD FILE COULD NOT BE PUT BACK: it is $copy"
            return
        }
        restored="the old file is back"
    fi
    [ -n "$restarted" ] || return
    if run_restart && wait_for_health; then
        restored="$restored, and the site runs with it"
    else
        restored="$restored, but the site is not well with it either: $problem"
    fi
}

restore_env_file() {
    cmp -s "$copy" "$env_file" ||
        { cp -p "$copy" "$lock/old" && flush_to_disk "$lock/old" && mv -f "$lock/old" "$env_file"; }
}

fail() {
    reason=$problem
    restore
    finish 1 put-back "phase $target failed after $(elapsed) s: $reason; $restored"
}

# The HUP, INT and TERM trap.
interrupted() {
    [ -n "$replaced$restarted" ] || finish 130 interrupted "interrupted; nothing was changed"
    restore
    finish 130 interrupted "interrupted; $restored"
}
