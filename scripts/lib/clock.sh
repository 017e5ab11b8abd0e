# shellcheck shell=sh
# Time: how long the run has taken, and how much of its time is left.

now() { date +%s; }

started_at=$(now)

elapsed() { echo $(($(now) - started_at)); }

deadline_passed() { [ "$(now)" -ge "$deadline" ]; }

# request_timeout [MOST]: seconds for one request, until the deadline but at most MOST (default: 5). It is never 0, which
# means "no limit" to curl.
request_timeout() {
    seconds=$((deadline - $(now)))
    [ "$seconds" -le "${1:-5}" ] || seconds=${1:-5}
    [ "$seconds" -ge 1 ] || seconds=1
    echo "$seconds"
}

# pause ATTEMPT SECONDS: sleeps before the next attempt. After the first five it is only a moment, because most things
# that a run waits for take little time.
pause() { if [ "$1" -le 5 ]; then sleep 0.02; else sleep "$2"; fi; }
