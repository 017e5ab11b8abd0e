# shellcheck shell=sh
# Messages: the lines about progress, the report of --json, and the end of the run.

# What the report says besides its message. $changes has a line "NAME new old" for each variable.
current_phase='' copy='' changes='' event=''

# In the C locale any bytes are valid, also those that are no UTF-8. It is set for single commands only, because the
# restarted site would inherit it.
in_c_locale() { LC_ALL=C "$@"; }

info() {
    if [ -n "$json" ]; then printf '%s: %s\n' "$script" "$1" >&2; else printf '%s: %s\n' "$script" "$1"; fi
}

json_string() {
    printf '"%s"' "$(printf '%s' "$1" | tr '\n\r\t' '   ' | in_c_locale tr -d '\000-\037' |
        in_c_locale sed 's/[\\"]/\\&/g')"
}

json_string_or_null() { if [ -n "$1" ]; then json_string "$1"; else printf null; fi; }

# finish CODE OUTCOME MESSAGE: prints the last line and the report, and exits.
finish() {
    trap '' HUP INT TERM
    if [ "$1" = 0 ]; then info "$3"; else printf '%s: %s\n' "$script" "$3" >&2; fi
    if [ -n "$json" ]; then
        change_list=$(printf '%s\n' "$changes" | while read -r name new old; do
            [ -z "$name" ] || printf '%s{"name": %s, "old": %s, "new": %s}' "${comma:-}" \
                "$(json_string "$name")" "$(json_string "$old")" "$(json_string "$new")"
            comma=', '
        done)
        printf '{%s"command": "%s", "outcome": "%s", "message": %s, "from": %s, "to": %s, "file": %s, "copy": %s, ' \
            "${move:+"\"move\": \"$move\", "}" "$script" "$2" "$(json_string "$3")" "$(json_string_or_null "$current_phase")" "${target:-null}" \
            "$(json_string "$env_file")" "$(json_string_or_null "$copy")"
        printf '"changes": [%s], "event": %s, "seconds": %s}\n' \
            "$change_list" "$(json_string_or_null "$event")" "$(elapsed)"
    fi
    exit "$1"
}

# refuse MESSAGE: exits before anything has been changed.
refuse() { finish 2 refused "$1"; }
