#!/bin/sh
# Celery 5.7.0 with kombu 5.7.0 and the broker "filesystem://": task_acks_late does not keep a task whose worker was
# killed. The transport deletes the file of a message when it hands it out, and nothing brings it back, so an
# acknowledgement, early or late, changes nothing: of three tasks, of which the first is under way when its worker gets
# SIGKILL, a new worker executes the two that were still files. task_reject_on_worker_lost does not help, since the
# whole worker is gone.
# Seen: "executed by the second worker: 1 2", and no file is left.
# Exits with 1 when the behaviour is no longer the one that is described here.
set -eu
folder=$(mktemp -d)
pid=''
# shellcheck disable=SC2317,SC2329 # called by the trap
stop() {
    [ -z "$pid" ] || kill -KILL "-$pid" 2>/dev/null || true
    rm -rf "$folder"
}
trap stop EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check celery==5.7.0 kombu==5.7.0
mkdir "$folder/queue" "$folder/control"
cat > "$folder/app.py" <<'PYTHON'
import os
import time
from pathlib import Path

from celery import Celery

folder = Path(os.environ["FOLDER"])
app = Celery("app", broker="filesystem://")
queue, control = str(folder / "queue"), str(folder / "control")
app.conf.update(
    broker_transport_options={"data_folder_in": queue, "data_folder_out": queue, "control_folder": control},
    task_acks_late=True, task_reject_on_worker_lost=True, worker_prefetch_multiplier=1,
)


@app.task
def work(number):
    (folder / f"begun-{number}").touch()
    time.sleep(1.5)
    (folder / f"done-{number}").touch()
PYTHON
cd "$folder"
export FOLDER="$folder"
begin() {
    setsid ./venv/bin/celery -A app worker --concurrency 1 --loglevel error --without-gossip --without-mingle >/dev/null 2>&1 &
    pid=$!
}
await() { # FILE, SECONDS
    for _ in $(seq $(($2 * 10))); do
        if [ -e "$1" ]; then return 0; fi
        sleep 0.1
    done
    return 1
}
./venv/bin/python -c 'import app; [app.work.delay(number) for number in range(3)]'
begin
await begun-0 30 || { echo "the first worker began nothing" >&2; exit 1; }
kill -KILL "-$pid"
begin
await done-2 40 || true
await done-0 8 || true
kill -KILL "-$pid"
pid=''
executed=''
for number in 0 1 2; do
    if [ -e "done-$number" ]; then executed="$executed $number"; fi
done
echo "executed by the second worker:$executed; files left in the queue: $(find queue -type f | wc -l)"
[ "$executed" = " 1 2" ] && [ -z "$(find queue -type f)" ]
