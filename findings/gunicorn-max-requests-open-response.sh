#!/bin/sh
# Gunicorn 27.0.1, worker class gthread: a worker that reaches --max-requests while a streamed response is open takes no
# more requests, and is not replaced before that response ends. It is told to end gracefully, and --graceful-timeout
# (here 2 s) does not bound the wait: Python joins the worker's thread pool at exit, and nothing but the master's
# --timeout (here 12 s) ends it, with SIGABRT and then SIGKILL. With one worker no page is answered meanwhile.
# Exits with 1 when the behaviour is no longer the one that is described here.
set -eu
folder=$(mktemp -d)
pid=''
# shellcheck disable=SC2317,SC2329 # called by the trap
stop() {
    if [ -n "$pid" ]; then
        workers=$(cat "/proc/$pid/task/$pid/children" 2>/dev/null || true)
        # shellcheck disable=SC2086 # several process ids
        kill -KILL "$pid" $workers 2>/dev/null || true
    fi
    rm -rf "$folder"
}
trap stop EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check gunicorn==27.0.1
cat > "$folder/app.py" <<'PYTHON'
import os
import time


def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    if environ["PATH_INFO"] != "/stream":
        return [str(os.getpid()).encode()]
    return stream()


def stream():
    while True:
        yield b"."
        time.sleep(0.5)
PYTHON
cat > "$folder/try.py" <<'PYTHON'
import socket
import sys
import time
import urllib.request

port = int(sys.argv[1])


def page(timeout):
    try:
        return urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=timeout).read()
    except OSError:
        return None


begun = time.monotonic()
while not page(1):
    if time.monotonic() - begun > 15:
        sys.exit("the server does not answer")
    time.sleep(0.1)
stream = socket.create_connection(("127.0.0.1", port))
stream.sendall(b"GET /stream HTTP/1.1\r\nHost: here\r\n\r\n")
stream.recv(100)
first = page(5)
for _ in range(8):
    page(1)
begun = time.monotonic()
answer = None
while answer in (None, first) and time.monotonic() - begun < 40:
    answer = page(1)
    if answer is None or answer == first:
        time.sleep(0.2)
waited = time.monotonic() - begun
print(f"the next worker answered after {waited:.1f} s, although --graceful-timeout is 2 s")
sys.exit(0 if answer and 6 < waited < 39 else 1)
PYTHON
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cd "$folder"
venv/bin/gunicorn --version
venv/bin/gunicorn --bind "127.0.0.1:$port" --worker-class gthread --threads 4 --workers 1 --max-requests 5 \
    --graceful-timeout 2 --timeout 12 app:application 2>log &
pid=$!
code=0
venv/bin/python try.py "$port" || code=$?
cat log
exit "$code"
