# shellcheck shell=sh
# The operator's env file: is it one that can be replaced, and replacing it.

# look_of FILE: mode, owner and group.
# shellcheck disable=SC2012 # POSIX has no stat, and its find prints none of these; the name is not read
look_of() { ls -ldn "$1" | awk 'NR == 1 { print $1, $3, $4 }'; }

# Is this a file that can be read, understood and replaced?
look_at_file() {
    case $file in /*) ;; *) file=$PWD/$file ;; esac
    hops=0
    while [ -L "$file" ]; do # the file itself is replaced, not the link to it
        hops=$((hops + 1))
        [ "$hops" -le 20 ] || refuse "$file is a link that leads nowhere"
        target=$(readlink "$file")
        case $target in /*) file=$target ;; *) file=${file%/*}/$target ;; esac
    done
    [ -e "$file" ] || refuse "there is no env file $file; --env-file names another"
    [ -f "$file" ] || refuse "$file is not a file"
    [ -r "$file" ] || refuse "$file cannot be read by $(id -un)"
    # Root may write everything; but somebody has said that nobody is to write this one.
    case $(look_of "$file") in -r-*) refuse "$file is read-only" ;; esac
    [ -w "$file" ] || refuse "$file is read-only for $(id -un)"
    [ -w "${file%/*}/" ] || refuse "the folder of $file is read-only for $(id -un); a copy is kept there"
    # shellcheck disable=SC2094 # both only read
    plain tr -d '\000' <"$file" | cmp -s - "$file" || refuse "$file is no text: it holds NUL bytes"
    for number in 0 1 2 3 4 5; do
        [ -r "$root/env/phase-$number.env" ] || refuse "env/phase-$number.env is missing; it belongs to the scripts"
    done
}

# edit: the operator's file with the changes, on stdout; all else as it is, to the byte.
edit() {
    newline=1
    [ -z "$(tail -c 1 "$file")" ] || newline=''
    plain awk -v changes="$(printf '%s\n' "$changes" | awk '{ printf "%s=%s ", $1, $2 }')" -v newline="$newline" \
        -f "$lib/edit.awk" "$file"
}

# same_look FILE: has the copy kept mode and owner? Only root can give a file to somebody else.
same_look() { [ "$(look_of "$1")" = "$(look_of "$file")" ]; }

# on_disk FILE...: only then may a name stand for it. Some file systems write names first, and after a power cut there
# would be an empty env file beside an empty copy. Where sync takes no names it writes everything.
on_disk() { sync "$@" 2>/dev/null || sync 2>/dev/null || :; }

change_file() {
    { cp -p "$file" "$lock/new" && edit >"$lock/new"; } || refuse "nothing can be written beside $file"
    same_look "$lock/new" || refuse "$file would not keep its owner; run this as root or as its owner"
    stamp=$file.$(date -u +%Y%m%dT%H%M%SZ)
    copy=$stamp.bak
    number=1
    until (umask 077 && set -C && : >"$copy") 2>/dev/null; do
        [ -e "$copy" ] || { copy='' && refuse "no copy can be kept beside $file"; }
        number=$((number + 1))
        copy=$stamp-$number.bak
    done
    if ! cp -p "$file" "$copy" || ! cmp -s "$file" "$copy"; then
        rm -f "$copy"
        copy=''
        refuse "no copy can be kept beside $file"
    fi
    printf '%s\n' "$copy" >"$lock/copy"
    on_disk "$lock/new" "$copy"
    say "the file as it was is kept in $copy"
    started=1
    if ! mv -f "$lock/new" "$file" 2>/dev/null; then
        started=''
        rm -f "$copy"
        copy=''
        refuse "$file cannot be replaced; is it mounted by itself?"
    fi
    printf '%s\n' "$changes" | while read -r name new old; do say "set $name=$new (was $old)"; done
}
