# shellcheck shell=sh
# What advance.sh and rollback.sh do. They differ in $me alone: advance only goes up and is careful, rollback only goes
# down and goes as far as it can. A shell, the usual tools and curl: a site that does not start can still be moved.
#
# env/phase-N.env says what a phase is. Its NAME=value lines are set; every other line of the operator's file stays.
# "# or NAME=value" (or "=low..high"): with this it is that phase, too. "# needs NAME": must be set before going up there.
#
# The operator's file is read as the site reads it (gistagum/environment.py): NAME=value or "export NAME=value" at the
# start of a line, the last of several counts, quotes and blanks around the value do not.
# shellcheck disable=SC2015 # "a && b || refuse" is meant: either of the two may fail, and refuse does not return
set -uf
: "${me:?is set by advance.sh and rollback.sh}"

LAST_PHASE=5
STREAM=/projeng/api/realtime/events/
SOCKET=/ws/events/
SERVICE='systemctl restart gistagum'

root=$(CDPATH='' cd -- "$(dirname "$0")/.." && pwd)
case $me in
advance) other=rollback way=up ;;
*) other=advance way=down ;;
esac

to='' file=${GISTAGUM_ENV_FILE:-$root/.env} restart='' health='' cookie=${GISTAGUM_CHECK_COOKIE:-} timeout=60
dry_run='' force='' json=''
lock='' owned='' copy='' changes='' present='' event='' started='' opened='' job='' restarted='' unfinished=''
unset GISTAGUM_CHECK_COOKIE # the restart and what it starts have no use for it

usage() {
    cat <<END
Usage: scripts/$me.sh --to N [options]

Moves the site $way to a phase of the migration (0 to $LAST_PHASE): keeps a dated copy of the env file, sets the flags of
env/phase-N.env in it, restarts, waits until the site is healthy, and looks at a stream. When something of that fails,
the old file is put back and the site restarted with it. The database stays as it is: every phase can read it.

  --to N           the phase
  --env-file F     the site's env file (default: \$GISTAGUM_ENV_FILE, or .env beside manage.py)
  --restart CMD    what restarts the site (default: systemctl restart gistagum, where there is that service)
  --health URL     its health page (default: http://HOST:PORT/health/ of the env file)
  --cookie TEXT    a signed-in session (sessionid=…), to see an event with (default: \$GISTAGUM_CHECK_COOKIE,
                   which is better: everybody on the machine can read command lines)
  --timeout S      seconds for all of it, putting back included, 3 to 600 (default: 60)
  --force          go up from between two phases, or without a variable that is needed; restart and look even where
                   nothing is to be changed
  --dry-run        only say what would be done
  --json           what was done as one JSON object on stdout, the rest on stderr
  --help           this

Exit code: 0 done, 1 failed and put back, 2 refused and nothing changed, 130 interrupted and put back.
END
}

# --- saying -----------------------------------------------------------------------------------------------------

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

clean_up() {
    stop_waiting
    [ -n "$owned" ] || return
    if [ -n "$unfinished" ] && [ -z "$restarted" ]; then return; fi
    rm -rf "$lock"
}

# --- time -------------------------------------------------------------------------------------------------------

now() { date +%s; }
began=$(now)
took() { echo $(($(now) - began)); }
past() { [ "$(now)" -ge "$deadline" ]; }

# Seconds for one request: never none, which curl takes for "without limit".
patience() {
    seconds=$((deadline - $(now)))
    [ "$seconds" -le "${1:-5}" ] || seconds=${1:-5}
    [ "$seconds" -ge 1 ] || seconds=1
    echo "$seconds"
}

# --- the files --------------------------------------------------------------------------------------------------

# survey: all that is to be known of the operator's file and of the phases, as lines of a word and what it says.
survey() {
    mine=$file to=$to way=$way plain awk '
        # What the site would read there (django-environ, then gistagum/environment.py).
        function bare(text) {
            if (text ~ /^\047.*\047$/) text = substr(text, 2, length(text) - 2)
            if (text ~ /^".*"$/) text = substr(text, 2, length(text) - 2)
            gsub(/^[ \t]+|[ \t]+$/, "", text)
            return text
        }
        # true, false, a number, or whatever cannot be understood
        function flag(name,    text, groups) {
            text = tolower(value[name])
            if (name == "WEBSOCKET_ROLLOUT_PERCENT") {
                if (text == "") {
                    # Groups alone mean these groups, not these and everybody else.
                    groups = value["WEBSOCKET_ROLLOUT_GROUPS"]
                    gsub(/[, ]/, "", groups)
                    return groups == "" ? "100" : "0"
                }
                while (text ~ /^0[0-9]/) text = substr(text, 2)
                return text
            }
            # Phase 0 is what a site is without any flags: its file holds their defaults.
            if (text == "") text = sets[0, name]
            return text == "1" ? "true" : text == "0" ? "false" : text
        }
        function is_number(text) { return text ~ /^[0-9][0-9]?[0-9]?$/ }
        # Does the phase take this beside the value that it sets?
        function also(phase, name, text,    limit) {
            if (!((phase, name) in takes)) return 0
            if (split(takes[phase, name], limit, /\.\./) < 2) return text == takes[phase, name]
            return is_number(text) && text + 0 >= limit[1] + 0 && text + 0 <= limit[2] + 0
        }
        function moves(name, old, new) {
            if (old == new || (old != "true" && old != "false")) return ""
            if (name == "SSE_ENABLED") return new == "true" ? "down" : "up"
            if (name == "WEBSOCKET_SHADOW" || name == "WEBSOCKET_ROLLOUT_PERCENT") return ""
            return new == "true" ? "up" : "down"
        }

        { sub(/\r$/, "") }
        FILENAME != ENVIRON["mine"] {
            phase = substr(FILENAME, length(FILENAME) - 4, 1)
            name = $0
            sub(/^# or /, "", name)
            sub(/=.*/, "", name)
            if ($0 ~ /^[A-Z_]+=/) {
                sets[phase, name] = bare(substr($0, length(name) + 2))
                names[phase] = names[phase] " " name
            }
            if ($0 ~ /^# or [A-Z_]+=/) takes[phase, name] = substr($0, length(name) + 7)
            if ($0 ~ /^# needs /) needs[phase] = needs[phase] " " substr($0, 9)
            next
        }
        match($0, /^[ \t]*(export[ \t]+)?[A-Za-z_0-9]+[ \t]*=/) {
            name = substr($0, RSTART, RLENGTH - 1)
            exact = name ~ /^(export )?[A-Za-z_0-9]+$/
            text = substr($0, RLENGTH + 1)
            sub(/^[ \t]*(export[ \t]+)?/, "", name)
            sub(/[ \t]+$/, "", name)
            if (exact) value[name] = bare(text)
            else if (!(name in odd)) odd[name] = FNR
        }
        END {
            present = "between"
            fewest = 99
            for (phase = 0; phase <= 5; phase++) {
                # Phases 0 and 1 have the same flags. What tells them apart is whether there is a Redis to use.
                if (phase == 1 && value["REDIS_URL"] == "") continue
                wrong = ""
                many = split(names[phase], name_of, " ")
                differing = 0
                for (i = 1; i <= many; i++) {
                    name = name_of[i]
                    if (flag(name) == sets[phase, name] || also(phase, name, flag(name))) continue
                    wrong = wrong " " name "=" flag(name)
                    differing++
                }
                # Where everybody is in the cohort, both 4 and 5 fit; it is the higher one.
                if (!differing) present = phase
                else if (differing < fewest) {
                    fewest = differing
                    nearly = "like phase " phase " but for" wrong
                }
            }
            print "present", present
            print "nearly", nearly

            many = split(names[0], name_of, " ")
            for (i = 1; i <= many; i++) if (!((ENVIRON["to"], name_of[i]) in sets)) print "lacks", name_of[i]

            many = split(names[ENVIRON["to"]], name_of, " ")
            for (i = 1; i <= many; i++) {
                name = name_of[i]
                old = flag(name)
                new = sets[ENVIRON["to"], name]
                if (name in odd) print "odd", odd[name], name
                # A smaller cohort than the phase begins with is the choice of somebody, and no step may widen it.
                if (old == new || (also(ENVIRON["to"], name, old) && is_number(old) && old + 0 < new + 0)) new = old
                else print "change", name, new, old
                if (moves(name, old, new) && moves(name, old, new) != ENVIRON["way"]) print "against", name "=" new
                if (name == "USE_DAPHNE") print "daphne", old, new
                if (name == "SSE_ENABLED") print "sse", old, new
            }
            if ("REDIS_URL" in odd) print "odd", odd["REDIS_URL"], "REDIS_URL"

            debug = tolower(value["DEBUG"]) ~ /^(true|1)$/
            # Without these two the site does not start, and a file without them may not be the file of a site at all.
            if (!debug && value["SECRET_KEY"] == "") print "without SECRET_KEY"
            if (!debug && value["ALLOWED_HOSTS"] == "") print "without ALLOWED_HOSTS"
            many = ENVIRON["way"] == "up" ? split(needs[ENVIRON["to"]], name_of, " ") : 0
            for (i = 1; i <= many; i++) if (value[name_of[i]] == "") print "without", name_of[i]

            if (value["HTTPS"] == "" ? !debug : tolower(value["HTTPS"]) !~ /^(false|0)$/) print "https yes"
            many = split(value["ALLOWED_HOSTS"], name_of, /[ ,]+/)
            for (i = many; i >= 1; i--) {
                sub(/^[.]/, "", name_of[i])
                if (name_of[i] ~ /^[][A-Za-z0-9.:-]+$/) print "served", name_of[i] # the first is the last said
            }
            print "host", value["HOST"]
            print "port", value["PORT"]
        }' "$root/env/phase-0.env" "$root/env/phase-1.env" "$root/env/phase-2.env" "$root/env/phase-3.env" \
        "$root/env/phase-4.env" "$root/env/phase-5.env" "$file"
}

# edit: the operator's file with the changes, on stdout; all else as it is, to the byte.
edit() {
    newline=1
    [ -z "$(tail -c 1 "$file")" ] || newline=''
    plain awk -v changes="$(printf '%s\n' "$changes" | awk '{ printf "%s=%s ", $1, $2 }')" -v newline="$newline" '
        {
            line[NR] = $0
            sub(/^export /, "")
            if (match($0, /^[A-Za-z_0-9]+=/)) last[substr($0, 1, RLENGTH - 1)] = NR
        }
        END {
            count = NR
            many = split(changes, change, " ")
            for (i = 1; i <= many; i++) {
                name = change[i]
                sub(/=.*/, "", name)
                if (name in last) {
                    old = line[last[name]]
                    line[last[name]] = (old ~ /^export / ? "export " : "") change[i] (old ~ /\r$/ ? "\r" : "")
                } else {
                    line[++count] = change[i] (line[1] ~ /\r$/ ? "\r" : "")
                    newline = 1
                    if (count == NR + 1 && NR && line[1] ~ /\r$/ && line[NR] !~ /\r$/) line[NR] = line[NR] "\r"
                }
            }
            for (i = 1; i < count; i++) print line[i]
            if (count) printf "%s%s", line[count], newline ? "\n" : ""
        }' "$file"
}

# look_of FILE: mode, owner and group.
look_of() { ls -ldn "$1" | awk 'NR == 1 { print $1, $3, $4 }'; }

# --- refusing ---------------------------------------------------------------------------------------------------

read_options() {
    for word in "$@"; do [ "$word" != --json ] || json=1; done
    while [ $# -gt 0 ]; do
        option=$1
        shift
        case $option in
        --help | -h) usage && exit 0 ;;
        --dry-run) dry_run=1 ;;
        --force) force=1 ;;
        --json) ;;
        --*=*) set -- "${option%%=*}" "${option#*=}" "$@" ;;
        --to | --env-file | --restart | --health | --cookie | --timeout)
            [ $# -gt 0 ] && [ -n "$1" ] || refuse "$option needs a value; --help says which"
            case $option in
            --to) to=$1 ;;
            --env-file) file=$1 ;;
            --restart) restart=$1 ;;
            --health) health=$1 ;;
            --cookie) cookie=$1 ;;
            --timeout) timeout=$1 ;;
            esac
            shift
            ;;
        *) refuse "there is no option '$option'; --help lists them" ;;
        esac
    done
    case $timeout in [3-9] | [1-9][0-9] | [1-5][0-9][0-9] | 600) ;; *) refuse "--timeout is '$timeout'; it may be 3 to 600 seconds" ;; esac
    case $to in
    '') refuse "say which phase: --to N, from 0 to $LAST_PHASE" ;;
    [0-$LAST_PHASE]) ;;
    *) wrong=$to to='' && refuse "there is no phase '$wrong'; phases are 0 to $LAST_PHASE" ;;
    esac
    case $cookie in
    *[![:print:]]* | *\"* | *\\*) refuse "the cookie holds what no cookie may hold" ;;
    '' | *=*) ;;
    *) cookie=sessionid=$cookie ;;
    esac
    case $health in
    '') ;;
    *[![:graph:]]* | *\"* | *\\*) refuse "--health is no address: '$health'" ;;
    http://?* | https://?*) ;;
    *) refuse "--health is '$health'; it must begin with http:// or https://" ;;
    esac
}

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
    plain tr -d '\000' <"$file" | cmp -s - "$file" || refuse "$file is no text: it holds NUL bytes"
    for number in 0 1 2 3 4 5; do
        [ -r "$root/env/phase-$number.env" ] || refuse "env/phase-$number.env is missing; it belongs to the scripts"
    done
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

choose_restart() {
    [ -z "$restart" ] || return 0
    command -v systemctl >/dev/null && systemctl cat gistagum.service >/dev/null 2>&1 ||
        refuse "there is no service gistagum here; say how the site is restarted: --restart CMD"
    restart=$SERVICE
}

# --- one at a time ----------------------------------------------------------------------------------------------

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

# --- doing ------------------------------------------------------------------------------------------------------

# Nothing that was started from here is waited for any longer.
stop_waiting() {
    [ -z "$opened" ] || kill "$opened" 2>/dev/null
    [ -z "$job" ] || kill "$job" 2>/dev/null
    opened='' job=''
}

# same_look FILE: has the copy kept mode and owner? Only root can give a file to somebody else.
same_look() { [ "$(look_of "$1")" = "$(look_of "$file")" ]; }

# on_disk FILE...: only then may a name stand for it. Some file systems write names first, and after a power cut there
# would be an empty env file beside an empty copy. Where sync takes no names it writes everything.
on_disk() { sync "$@" 2>/dev/null || sync 2>/dev/null || :; }

change_file() {
    cp -p "$file" "$lock/new" && edit >"$lock/new" || refuse "nothing can be written beside $file"
    same_look "$lock/new" || refuse "$file would not keep its owner; run this as root or as its owner"
    stamp=$file.$(date -u +%Y%m%dT%H%M%SZ)
    copy=$stamp.bak
    number=1
    until (umask 077 && set -C && : >"$copy") 2>/dev/null; do
        [ -e "$copy" ] || { copy='' && refuse "no copy can be kept beside $file"; }
        number=$((number + 1))
        copy=$stamp-$number.bak
    done
    cp -p "$file" "$copy" && cmp -s "$file" "$copy" || { rm -f "$copy" && copy='' && refuse "no copy can be kept beside $file"; }
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

run_restart() {
    restarted=1
    sh -c "$restart" </dev/null >"$lock/restart.log" 2>&1 &
    job=$!
    while kill -0 "$job" 2>/dev/null; do
        if past; then
            stop_waiting
            why="the restart did not end in time"
            return 1
        fi
        sleep 0.1
    done
    wait "$job"
    code=$?
    job=''
    [ "$code" != 0 ] || return 0
    why="the restart failed with $code: $(plain tr -d '\000' <"$lock/restart.log" | grep . | tail -n 1)"
    return 1
}

# status_of [CURL'S OPTIONS] ADDRESS
status_of() {
    curl -q --silent --noproxy '*' --max-time "$(patience)" --config "$lock/site.curl" --output /dev/null \
        --write-out '%{http_code}' "$@" 2>/dev/null
}

wait_for_health() {
    until status=$(status_of "$health") && [ "$status" = 200 ]; do
        if past; then
            why="$health does not answer in time"
            [ "$status" = 000 ] || why="$health answers $status"
            return 1
        fi
        sleep 0.2
    done
}

# Where the site is asked, and the headers that a proxy would set.
address_site() {
    if [ -z "$health" ]; then
        case $host in
        '' | 0.0.0.0) host=127.0.0.1 ;;
        :: | '[::]') host='[::1]' ;;
        esac
        health=http://$host:${port:-8000}/health/
    fi
    site=${health%/health/}
    if [ "$site" = "$health" ]; then
        site=${health#*://}
        site=${health%%://*}://${site%%/*}
    fi
}

write_headers() {
    {
        case $https$site in yeshttp://*) echo 'header = "X-Forwarded-Proto: https"' ;; esac
        case $site in
        *://127.* | *://localhost | *://localhost:* | *://'['*) [ -z "$served" ] || echo "header = \"Host: $served\"" ;;
        esac
    } >"$lock/site.curl"
    # In a file, since everybody on the machine may read command lines.
    cat "$lock/site.curl" >"$lock/session.curl"
    [ -z "$cookie" ] || printf 'header = "Cookie: %s"\n' "$cookie" >>"$lock/session.curl"
}

# Which server answers: only Daphne knows what a handshake is. So a restart that changed nothing is noticed, and so is a
# flag that the real environment holds against the file.
check_server() {
    wanted=Gunicorn
    [ "${daphne#* }" != true ] || wanted=Daphne
    while :; do
        status=$(status_of --http1.1 --header 'Connection: Upgrade' --header 'Upgrade: websocket' \
            --header 'Sec-WebSocket-Version: 13' --header 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' "$site$SOCKET")
        case $status in
        101 | 403) server=Daphne ;;
        404) server=Gunicorn ;;
        *) say "a handshake at $SOCKET answers $status, which does not tell the server" && return 0 ;;
        esac
        if [ "$server" = "$wanted" ]; then
            say "$server answers"
            return 0
        fi
        # On the way down this may be the very trouble that one comes from: a proxy that lets no handshake through.
        if [ "$me" = rollback ] && [ "$wanted" = Daphne ]; then
            say "no handshake gets through to $SOCKET ($status): does a proxy drop it?"
            return 0
        fi
        if past; then
            why="$server still answers, not $wanted: was it restarted, does its environment hold USE_DAPHNE?"
            return 1
        fi
        sleep 0.3
    done
}

# Opens the stream of a page and waits for the first thing that it says.
check_stream() {
    why=''
    while :; do
        : >"$lock/head"
        : >"$lock/frames"
        curl -q --silent --noproxy '*' --no-buffer --max-time "$(patience 600)" --config "$lock/session.curl" \
            --dump-header "$lock/head" --output "$lock/frames" "$site$STREAM" 2>/dev/null &
        opened=$!
        while kill -0 "$opened" 2>/dev/null && ! past && ! grep -q -e '^data:' -e '^:' "$lock/frames"; do sleep 0.1; done
        kill "$opened" 2>/dev/null
        wait "$opened" 2>/dev/null
        opened=''
        status=$(sed -n 's/^HTTP[^ ]* \([0-9]*\).*/\1/p' "$lock/head" | tail -n 1)
        kind=$(tr -d '\r' <"$lock/head" | sed -n 's/^[Cc]ontent-[Tt]ype: *\([^ ;]*\).*/\1/p' | tail -n 1)
        case $status:$kind in
        200:text/event-stream)
            # What it says may be somebody's business; that it speaks is enough.
            if grep -q '^data:' "$lock/frames"; then event=event; elif grep -q '^:' "$lock/frames"; then event=heartbeat; fi
            [ -z "$event" ] || { say "a first $event came on the stream $STREAM" && return 0; }
            why="the stream $STREAM stays silent"
            ;;
        401:application/json)
            event='not seen'
            if [ -z "$cookie" ]; then
                say "the stream $STREAM asks for a session (401); no event was seen, since no --cookie was given"
                return 0
            fi
            why="the site does not know the session of --cookie"
            # A session that has run out is no reason to leave a site where it was in trouble.
            [ "$me" = advance ] || { say "$why (401); no event was seen" && return 0; }
            return 1
            ;;
        503:application/json)
            if [ "${sse#* }" = false ]; then
                event='not seen'
                say "the stream $STREAM is switched off (503), as SSE_ENABLED=false says"
                return 0
            fi
            why="the stream $STREAM answers 503"
            ;;
        :*) why=${why:-the stream $STREAM does not answer} ;;
        *) why="the stream $STREAM answers $status${kind:+ with $kind}" ;;
        esac
        past && return 1
        sleep 0.5
    done
}

# --- undoing ----------------------------------------------------------------------------------------------------

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

# --- all of it --------------------------------------------------------------------------------------------------

main() {
    read_options "$@"
    look_at_file
    if [ -n "$dry_run" ]; then
        decide
        address_site
        printf '%s\n' "$changes" | while read -r name new old; do
            [ -z "$name" ] || say "would set $name=$new (is $old) in $file"
        done
        finish 0 dry-run "would then restart with: ${restart:-$SERVICE}, and wait for $health; nothing was changed"
    fi
    command -v curl >/dev/null || refuse "curl is missing: apt-get install curl"
    trap clean_up EXIT
    trap interrupted HUP INT TERM
    trap : PIPE # whoever reads along may leave; the work is finished all the same
    take_lock
    decide
    choose_restart
    address_site
    write_headers
    say "phase $present to $to: $file"

    # A third of the time is for putting back.
    deadline=$((began + timeout - timeout / 3))
    [ -z "$changes" ] || change_file
    run_restart || fail
    say "restarted after $(took) s: $restart"
    wait_for_health || fail
    say "healthy after $(took) s: $health"
    check_server || fail
    check_stream || fail
    finish 0 "done" "phase $to after $(took) s; the database stays as it is, every phase can read it"
}
