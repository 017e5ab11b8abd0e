# shellcheck shell=sh
# The command line.

# $move: the name of another move than that of transports, and $phase_files what the names of its files begin with.
last_phase=5 move='' phase_files=env/phase-

target='' env_file=${GISTAGUM_ENV_FILE:-$root/.env} restart_command='' health_url='' cookie=${GISTAGUM_CHECK_COOKIE:-}
timeout=60 dry_run='' force='' json=''
unset GISTAGUM_CHECK_COOKIE # the restart command and the site do not need it

usage() {
    cat <<END
Usage: scripts/$script.sh --to N [options]

Moves the site $direction to a phase of the migration (0 to $last_phase): keeps a dated copy of the env file, sets the flags of
env/phase-N.env in it, restarts, waits until the site is healthy, and looks at a stream. When something of that fails,
the old file is put back and the site restarted with it. The database stays as it is: every phase can read it.

  --to N           the phase
  --move NAME      a phase of another move: its files are env/NAME-phase-N.env (then no stream is looked at)
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

read_options() {
    # First of all, since every refusal is reported, too.
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
        --to | --move | --env-file | --restart | --health | --cookie | --timeout)
            [ $# -gt 0 ] && [ -n "$1" ] || refuse "$option needs a value; --help says which"
            case $option in
            --to) target=$1 ;;
            --move) move=$1 ;;
            --env-file) env_file=$1 ;;
            --restart) restart_command=$1 ;;
            --health) health_url=$1 ;;
            --cookie) cookie=$1 ;;
            --timeout) timeout=$1 ;;
            esac
            shift
            ;;
        *) refuse "there is no option '$option'; --help lists them" ;;
        esac
    done
    check_move
    check_options
}

# Finds the phases of the move. The transport's are those without a name.
check_move() {
    [ "$move" != transport ] || move=''
    [ -n "$move" ] || return 0
    case $move in
    *[!a-z0-9-]* | [!a-z]*) unknown=$move move='' target='' && refuse "--move is '$unknown'; it may be small letters, digits and hyphens" ;;
    esac
    phase_files=env/$move-phase-
    last_phase=-1
    while [ "$last_phase" -lt 9 ] && [ -e "$root/$phase_files$((last_phase + 1)).env" ]; do last_phase=$((last_phase + 1)); done
    [ "$last_phase" -ge 0 ] || { target='' && refuse "there is no move '$move': ${phase_files}0.env is missing"; }
}

check_options() {
    case $timeout in [3-9] | [1-9][0-9] | [1-5][0-9][0-9] | 600) ;; *) refuse "--timeout is '$timeout'; it may be 3 to 600 seconds" ;; esac
    case $target in
    '') refuse "say which phase: --to N, from 0 to $last_phase" ;;
    [0-$last_phase]) ;;
    *) unknown=$target target='' && refuse "there is no phase '$unknown'; phases are 0 to $last_phase" ;;
    esac
    case $cookie in
    *[![:print:]]* | *\"* | *\\*) refuse "the cookie holds what no cookie may hold" ;;
    '' | *=*) ;;
    *) cookie=sessionid=$cookie ;;
    esac
    case $health_url in
    '') ;;
    *[![:graph:]]* | *\"* | *\\*) refuse "--health is no address: '$health_url'" ;;
    http://?* | https://?*) ;;
    *) refuse "--health is '$health_url'; it must begin with http:// or https://" ;;
    esac
}
