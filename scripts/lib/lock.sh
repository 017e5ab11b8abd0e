# shellcheck shell=sh
# One run at a time on an env file.

# runs PID: whether that is a run of these scripts. The number alone may be somebody else's by now.
runs() {
    [ -n "$1" ] || return 1
    if [ -r "/proc/$$/cmdline" ]; then
        [ -r "/proc/$1/cmdline" ] && plain tr '\000' ' ' <"/proc/$1/cmdline" | grep -q -e advance.sh -e rollback.sh
    else
        kill -0 "$1" 2>/dev/null
    fi
}

take_lock() {
    lock=$file.lock
    busy="another run is at work on $file; if there is none, remove $lock"
    if ! (umask 077 && mkdir "$lock") 2>/dev/null; then
        [ -d "$lock" ] || refuse "nothing can be written beside $file"
        [ -s "$lock/pid" ] || sleep 1 # it may have begun this very moment
        holder=$(cat "$lock/pid" 2>/dev/null)
        ! runs "$holder" || refuse "$busy"
        mv "$lock" "$lock.$$" 2>/dev/null || refuse "$busy"
        if [ "$(cat "$lock.$$/pid" 2>/dev/null)" != "$holder" ]; then # somebody else was quicker to take it over
            mv "$lock.$$" "$lock"
            refuse "$busy"
        fi
        unfinished=$(cat "$lock.$$/copy" 2>/dev/null)
        rm -rf "$lock.$$"
        (umask 077 && mkdir "$lock") 2>/dev/null || refuse "$busy"
    fi
    owned=1
    echo $$ >"$lock/pid" || refuse "nothing can be written beside $file"
    if [ -n "$unfinished" ]; then
        say "an earlier run was cut off half-way; the file as it was before it: $unfinished"
        printf '%s\n' "$unfinished" >"$lock/copy" # should this run be refused, the next one is told, too
    fi
}
