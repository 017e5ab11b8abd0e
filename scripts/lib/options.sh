# shellcheck shell=sh
# The command line.

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
