# shellcheck shell=sh
# The phases: in which one the env file is, and what leads to another.

# survey: all that is to be known of the operator's file and of the phases, as lines of a word and what it says.
survey() {
    mine=$file to=$to way=$way plain awk -f "$lib/inspect.awk" \
        "$root/env/phase-0.env" "$root/env/phase-1.env" "$root/env/phase-2.env" "$root/env/phase-3.env" \
        "$root/env/phase-4.env" "$root/env/phase-5.env" "$file"
}

# Where the file stands, whether the way is the right one, and what is to be set (in $changes, lines of "NAME new old").
decide() {
    changes='' against='' lacks='' odd='' without='' https='' served='' host='' port=''
    while read -r word rest; do
        case $word in
        present) present=$rest ;;
        nearly) nearly=$rest ;;
        change) changes="$changes$rest
" ;;
        against) against=$rest ;;
        lacks) lacks=$rest ;;
        odd) odd=$rest ;;
        without) without=${without:-$rest} ;;
        daphne) daphne=$rest ;;
        sse) sse=$rest ;;
        https) https=$rest ;;
        served) served=$rest ;;
        host) host=$rest ;;
        port) port=$rest ;;
        esac
    done <<END
$(survey)
END
    changes=${changes%?}
    [ -z "$lacks" ] || refuse "env/phase-$to.env does not set $lacks; it is not whole"
    # Systemd would take such a line and the site would not, for one.
    [ -z "$odd" ] || refuse "line ${odd% *} of $file sets ${odd#* } with blanks that not every reader takes; write ${odd#* }=value"
    if [ "$present" = between ]; then
        [ "$me" = rollback ] || [ -n "$force" ] ||
            refuse "$file is between two phases: $nearly; roll back, mend it, or use --force"
        [ -z "$against" ] ||
            refuse "$file is between two phases: $nearly; $me.sh only goes $way and phase $to has $against: use $other.sh"
    elif [ "$me" = advance ]; then
        # Between 0 and 1, where no flag changes, every way is the right one.
        [ "$present" -le "$to" ] || [ -z "$changes" ] || wrong_way
        # What else the phase takes was somebody's choice.
        [ "$present" != "$to" ] || { changes='' daphne=${daphne% *} sse=${sse% *}; }
    else
        [ "$present" -ge "$to" ] || [ -z "$changes" ] || wrong_way
    fi
    # Up from 0 to 1 no flag changes, but what phase 1 needs must be there all the same.
    if [ -z "$changes$force$unfinished" ] && { [ "$me" = rollback ] || [ "$present" -ge "$to" ]; }; then
        finish 0 already "$file already has all flags of phase $to; nothing was changed (--force restarts and looks)"
    fi
    [ -z "$without" ] || [ -n "$force" ] ||
        refuse "$without is not set in $file, and phase $to needs it; where it comes from elsewhere, or is not missed: --force"
}

wrong_way() { refuse "$file is in phase $present, and $me.sh only goes $way: use $other.sh --to $to"; }
