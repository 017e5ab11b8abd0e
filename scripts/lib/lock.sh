# shellcheck shell=sh
# The lock: one run at a time on an env file. It is a folder beside the file, and holds the run's temporary files, too.

# $interrupted_copy: the copy that an earlier run kept which was cut off before it could finish or restore the file.
lock='' lock_held='' interrupted_copy=''

# is_run PID: is that process a run of these scripts? The number alone may belong to another process by now.
is_run() {
    [ -n "$1" ] || return 1
    if [ -r "/proc/$$/cmdline" ]; then
        [ -r "/proc/$1/cmdline" ] && in_c_locale tr '\000' ' ' <"/proc/$1/cmdline" | grep -q -e advance.sh -e rollback.sh
    else
        kill -0 "$1" 2>/dev/null
    fi
}

acquire_lock() {
    lock=$env_file.lock
    busy="another run is at work on $env_file; if there is none, remove $lock"
    (umask 077 && mkdir "$lock") 2>/dev/null || replace_stale_lock
    lock_held=1
    echo $$ >"$lock/pid" || refuse "nothing can be written beside $env_file"
    if [ -n "$interrupted_copy" ]; then
        info "an earlier run was cut off half-way; the file as it was before it: $interrupted_copy"
        printf '%s\n' "$interrupted_copy" >"$lock/copy" # if this run is refused, the next one needs to know, too
    fi
}

# Refuses unless the run that holds the lock has ended without releasing it.
replace_stale_lock() {
    [ -d "$lock" ] || refuse "nothing can be written beside $env_file"
    [ -s "$lock/pid" ] || sleep 1 # that run may have only just made the folder
    holder=$(cat "$lock/pid" 2>/dev/null)
    ! is_run "$holder" || refuse "$busy"
    mv "$lock" "$lock.$$" 2>/dev/null || refuse "$busy"
    if [ "$(cat "$lock.$$/pid" 2>/dev/null)" != "$holder" ]; then # another run replaced it in the meantime
        mv "$lock.$$" "$lock"
        refuse "$busy"
    fi
    interrupted_copy=$(cat "$lock.$$/copy" 2>/dev/null)
    rm -rf "$lock.$$"
    (umask 077 && mkdir "$lock") 2>/dev/null || refuse "$busy"
}
