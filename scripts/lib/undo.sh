# shellcheck shell=sh
# The way back from a run that failed or was interrupted.

clean_up() {
    stop_waiting
    [ -n "$owned" ] || return
    if [ -n "$unfinished" ] && [ -z "$restarted" ]; then return; fi
    rm -rf "$lock"
}

# The file as it was, and the site running with it; what has come of that is in $back.
put_back() {
    trap : HUP INT TERM # not '', which the restarted site would inherit
    stop_waiting
    deadline=$(($(now) + timeout / 3))
    event=''
    back="the file was not changed"
    if [ -n "$copy" ]; then
        cmp -s "$copy" "$file" || { cp -p "$copy" "$lock/old" && on_disk "$lock/old" && mv -f "$lock/old" "$file"; } || {
            back="THE OLD FILE COULD NOT BE PUT BACK: it is $copy"
            return
        }
        back="the old file is back"
    fi
    [ -n "$restarted" ] || return
    if run_restart && wait_for_health; then
        back="$back, and the site runs with it"
    else
        back="$back, but the site is not well with it either: $why"
    fi
}

fail() {
    reason=$why
    put_back
    finish 1 put-back "phase $to failed after $(took) s: $reason; $back"
}

interrupted() {
    [ -n "$started$restarted" ] || finish 130 interrupted "interrupted; nothing was changed"
    put_back
    finish 130 interrupted "interrupted; $back"
}
