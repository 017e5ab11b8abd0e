#!/bin/sh
# Daphne 4.2.3 with Twisted 26.10.0: the response to HEAD has a body when the ASGI application sends it in several parts. The
# first part is left out, as it should be, and all further ones are sent. Django's streamed responses and long pages are such
# responses. A client that keeps the connection takes these bytes for its next response. uvicorn 0.54.0 sends none.
# Seen: a HEAD whose GET has four parts of 50,000 bytes: 150,000 bytes from Daphne, 0 from uvicorn.
# Exits with 1 when the behaviour is no longer the one that is described here.
set -eu
folder=$(mktemp -d)
pids=''
# shellcheck disable=SC2317,SC2329 # called by the trap
stop() {
    # shellcheck disable=SC2086 # several process ids
    [ -z "$pids" ] || kill $pids 2>/dev/null || true
    rm -rf "$folder"
}
trap stop EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check daphne==4.2.3 twisted==26.10.0 uvicorn==0.54.0
cat > "$folder/app.py" <<'PYTHON'
async def application(scope, receive, send):
    if scope["type"] != "http":
        return
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"200000")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    for number in range(4):
        await send({"type": "http.response.body", "body": b"x" * 50_000, "more_body": number < 3})
PYTHON
cat > "$folder/ask.py" <<'PYTHON'
import socket
import sys
import time

seen = []
for port in map(int, sys.argv[1:]):
    deadline = time.monotonic() + 30
    while True:
        try:
            client = socket.create_connection(("127.0.0.1", port), timeout=3)
            break
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
    client.sendall(b"HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    data = b""
    try:
        while part := client.recv(2**16):
            data += part
    except TimeoutError:
        pass  # the connection is kept, and nothing more comes
    head, _, body = data.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200"), head
    seen.append(len(body))
print(f"bytes after the header of a response to HEAD: Daphne {seen[0]}, uvicorn {seen[1]}")
sys.exit(0 if seen == [150_000, 0] else 1)
PYTHON
port() { "$folder/venv/bin/python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
cd "$folder"
first=$(port)
second=$(port)
./venv/bin/daphne -b 127.0.0.1 -p "$first" app:application >/dev/null 2>&1 &
pids=$!
./venv/bin/uvicorn --host 127.0.0.1 --port "$second" --lifespan off app:application >/dev/null 2>&1 &
pids="$pids $!"
./venv/bin/python ask.py "$first" "$second"
