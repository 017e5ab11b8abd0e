# shellcheck shell=sh
# The operator's env file: checking that it can be replaced, and replacing it.

replaced=''

# The mode, owner and group of a file.
# shellcheck disable=SC2012 # POSIX has no stat, and its find prints none of these; the name is not read
mode_and_owner() { ls -ldn "$1" | awk 'NR == 1 { print $1, $3, $4 }'; }

# Refuses a file that cannot be read, understood or replaced.
check_env_file() {
    case $env_file in /*) ;; *) env_file=$PWD/$env_file ;; esac
    resolve_links
    [ -e "$env_file" ] || refuse "there is no env file $env_file; --env-file names another"
    [ -f "$env_file" ] || refuse "$env_file is not a file"
    [ -r "$env_file" ] || refuse "$env_file cannot be read by $(id -un)"
    # Root may write every file, but a read-only mode says that nobody is to write this one.
    case $(mode_and_owner "$env_file") in -r-*) refuse "$env_file is read-only" ;; esac
    [ -w "$env_file" ] || refuse "$env_file is read-only for $(id -un)"
    [ -w "${env_file%/*}/" ] || refuse "the folder of $env_file is read-only for $(id -un); a copy is kept there"
    refuse_unreadable_line
}

# Refuses what the site refuses to read: most of it comes from editors on Windows.
refuse_unreadable_line() {
    unreadable=$(in_c_locale tr '\000\001' '\001\002' <"$env_file" | in_c_locale awk -f "$lib/check.awk")
    [ -z "$unreadable" ] || refuse "$env_file:${unreadable%% *} ${unreadable#* }"
}

# The file itself is replaced, not a symbolic link to it.
resolve_links() {
    hops=0
    while [ -L "$env_file" ]; do
        hops=$((hops + 1))
        [ "$hops" -le 20 ] || refuse "$env_file is a link that leads nowhere"
        link_target=$(readlink "$env_file")
        case $link_target in /*) env_file=$link_target ;; *) env_file=${env_file%/*}/$link_target ;; esac
    done
}

# Prints the env file with the changes.
edited_env_file() {
    newline=1
    [ -z "$(tail -c 1 "$env_file")" ] || newline=''
    in_c_locale awk -v changes="$(printf '%s\n' "$changes" | awk '{ printf "%s=%s ", $1, $2 }')" \
        -v newline="$newline" -f "$lib/edit.awk" "$env_file"
}

# flush_to_disk FILE...: must come before a rename. Some file systems write the new name before the contents, and a power
# cut in between would leave an empty env file beside an empty copy. A sync that takes no names writes everything.
flush_to_disk() { sync "$@" 2>/dev/null || sync 2>/dev/null || :; }

# Keeps a dated copy of the env file and sets $copy to its name. No older copy is overwritten.
keep_copy() {
    stamp=$env_file.$(date -u +%Y%m%dT%H%M%SZ)
    copy=$stamp.bak
    number=1
    until (umask 077 && set -C && : >"$copy") 2>/dev/null; do
        [ -e "$copy" ] || { copy='' && refuse "no copy can be kept beside $env_file"; }
        number=$((number + 1))
        copy=$stamp-$number.bak
    done
    if ! cp -p "$env_file" "$copy" || ! cmp -s "$env_file" "$copy"; then
        rm -f "$copy"
        copy=''
        refuse "no copy can be kept beside $env_file"
    fi
    printf '%s\n' "$copy" >"$lock/copy"
}

replace_env_file() {
    { cp -p "$env_file" "$lock/new" && edited_env_file >"$lock/new"; } ||
        refuse "nothing can be written beside $env_file"
    # Only root can give a file to another user.
    [ "$(mode_and_owner "$lock/new")" = "$(mode_and_owner "$env_file")" ] ||
        refuse "$env_file would not keep its owner; run this as root or as its owner"
    keep_copy
    flush_to_disk "$lock/new" "$copy"
    info "the file as it was is kept in $copy"
    replaced=1
    if ! mv -f "$lock/new" "$env_file" 2>/dev/null; then
        replaced=''
        rm -f "$copy"
        copy=''
        refuse "$env_file cannot be replaced; is it mounted by itself?"
    fi
    printf '%s\n' "$changes" | while read -r name new old; do info "set $name=$new (was $old)"; done
}
