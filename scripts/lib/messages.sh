# shellcheck shell=sh
# What a run says: its lines, its report, and its end.

# In the C locale any bytes will do, also such as are no UTF-8. Not for all: the site is started from here.
plain() { LC_ALL=C "$@"; }

say() {
    if [ -n "$json" ]; then printf '%s: %s\n' "$me" "$1" >&2; else printf '%s: %s\n' "$me" "$1"; fi
}

quoted() { printf '"%s"' "$(printf '%s' "$1" | tr '\n\r\t' '   ' | plain tr -d '\000-\037' | plain sed 's/[\\"]/\\&/g')"; }

# quoted, or null for nothing
maybe() { if [ -n "$1" ]; then quoted "$1"; else printf null; fi; }

# finish CODE OUTCOME MESSAGE: the last line, and out.
finish() {
    trap '' HUP INT TERM
    if [ "$1" = 0 ]; then say "$3"; else printf '%s: %s\n' "$me" "$3" >&2; fi
    if [ -n "$json" ]; then
        listed=$(printf '%s\n' "$changes" | while read -r name new old; do
            [ -z "$name" ] || printf '%s{"name": %s, "old": %s, "new": %s}' "${comma:-}" \
                "$(quoted "$name")" "$(quoted "$old")" "$(quoted "$new")"
            comma=', '
        done)
        printf '{"command": "%s", "outcome": "%s", "message": %s, "from": %s, "to": %s, "file": %s, "copy": %s, ' \
            "$me" "$2" "$(quoted "$3")" "$(maybe "$present")" "${to:-null}" "$(quoted "$file")" "$(maybe "$copy")"
        printf '"changes": [%s], "event": %s, "seconds": %s}\n' "$listed" "$(maybe "$event")" "$(took)"
    fi
    exit "$1"
}

# Before anything was changed.
refuse() { finish 2 refused "$1"; }
