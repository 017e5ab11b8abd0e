# shellcheck shell=sh
# Time: how long a run has taken, and how long it may still take.

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
