# shellcheck shell=sh
# The phases: which one the env file is in, and which variables change on the way to another.

check_installation() {
    number=0
    while [ "$number" -le "$last_phase" ]; do
        [ -r "$root/$phase_files$number.env" ] || refuse "$phase_files$number.env is missing; it belongs to the scripts"
        number=$((number + 1))
    done
    for program in check.awk inspect.awk edit.awk; do
        [ -r "$lib/$program" ] || refuse "scripts/lib/$program is missing; it belongs to the scripts"
    done
}

inspect_env_file() {
    set --
    number=0
    while [ "$number" -le "$last_phase" ]; do
        set -- "$@" "$root/$phase_files$number.env"
        number=$((number + 1))
    done
    LC_ALL=C operator_file=$env_file target=$target direction=$direction move=$move last_phase=$last_phase \
        awk -f "$lib/inspect.awk" "$@" "$env_file"
}

# Reads what inspect.awk prints. The variables with "site" or "server" in their names are for the requests to the site.
read_inspection() {
    changes='' nearest='' wrong_change='' missing_flag='' unclear_line='' missing_variable=''
    daphne_before='' daphne_after='' sse_before='' sse_after=''
    site_https='' site_name='' server_host='' server_port=''
    while read -r word rest; do
        case $word in
        phase) current_phase=$rest ;;
        nearest) nearest=$rest ;;
        change) changes="$changes$rest
" ;;
        wrong-change) wrong_change=$rest ;;
        missing-flag) missing_flag=$rest ;;
        unclear) unclear_line=$rest ;;
        missing) missing_variable=${missing_variable:-$rest} ;;
        daphne) daphne_before=${rest% *} daphne_after=${rest##* } ;;
        sse) sse_before=${rest% *} sse_after=${rest##* } ;;
        https) site_https=$rest ;;
        name) site_name=$rest ;;
        host) server_host=$rest ;;
        port) server_port=$rest ;;
        esac
    done <<END
$(inspect_env_file)
END
    changes=${changes%?}
}

# Sets $changes, or ends the run if the step is not allowed or nothing is to be done.
plan_changes() {
    read_inspection
    [ -z "$missing_flag" ] || refuse "$phase_files$target.env does not set $missing_flag; it is not whole"
    # Systemd, for one, accepts such a line, and the site does not.
    [ -z "$unclear_line" ] ||
        refuse "line ${unclear_line% *} of $env_file sets ${unclear_line#* } with blanks that not every reader takes; write ${unclear_line#* }=value"
    if [ "$current_phase" = between ]; then
        [ "$script" = rollback ] || [ -n "$force" ] ||
            refuse "$env_file is between two phases: $nearest; roll back, mend it, or use --force"
        [ -z "$wrong_change" ] ||
            refuse "$env_file is between two phases: $nearest; $script.sh only goes $direction and phase $target has $wrong_change: use $opposite.sh"
    elif [ "$script" = advance ]; then
        # Phases 0 and 1 have the same flags, so both scripts may go from either to the other.
        [ "$current_phase" -le "$target" ] || [ -z "$changes" ] || refuse_direction
        # An operator's choice within the phase stays.
        [ "$current_phase" != "$target" ] || { changes='' daphne_after=$daphne_before sse_after=$sse_before; }
    else
        [ "$current_phase" -ge "$target" ] || [ -z "$changes" ] || refuse_direction
    fi
    # From 0 up to 1 no flag changes, but the variables that phase 1 needs are still required.
    if [ -z "$changes$force$interrupted_copy" ] && { [ "$script" = rollback ] || [ "$current_phase" -ge "$target" ]; }; then
        finish 0 already "$env_file already has all flags of phase $target; nothing was changed (--force restarts and looks)"
    fi
    [ -z "$missing_variable" ] || [ -n "$force" ] ||
        refuse "$missing_variable is not set in $env_file, and phase $target needs it; where it comes from elsewhere, or is not missed: --force"
}

refuse_direction() {
    refuse "$env_file is in phase $current_phase, and $script.sh only goes $direction: use $opposite.sh${move:+ --move $move} --to $target"
}
