"""Reports the state of a server process from inside. It is for load tests only, and no part of the site.

Python imports a ``sitecustomize`` module from its path by itself. If ``LOAD_INSIDE`` names a folder, a thread of each
process responds to connections to ``PID.sock`` in it with one JSON object. The process is otherwise unchanged.
"""

import asyncio
import contextlib
import gc
import json
import os
import socket
import sys
import threading
from collections import Counter

_loops: list[asyncio.AbstractEventLoop] = []


def _look_for_loops() -> None:
    gc.collect()
    # By type, since isinstance would evaluate Django's lazy objects.
    _loops[:] = [one for one in gc.get_objects() if issubclass(type(one), asyncio.AbstractEventLoop)]


def _tasks() -> Counter:
    running = [task for loop in _loops if not loop.is_closed() for task in asyncio.all_tasks(loop)]
    return Counter(task.get_coro().__qualname__ for task in running)


def _report(thoroughly: bool) -> dict:
    if thoroughly or not _loops:  # not each time, since it pauses the process
        _look_for_loops()
    report = {
        "tasks": dict(_tasks()),
        "threads": dict(Counter(thread.name.rstrip("0123456789_-") for thread in threading.enumerate())),
    }
    sse = sys.modules.get("realtime.transports.sse")
    if sse is not None:
        report["slots"] = sse._slots.taken  # first, since reading it releases slots of abandoned streams
    hub = sys.modules.get("realtime.delivery.hub")
    if hub is not None:
        report["listeners"] = hub.hub.subscribers()
        report["people"] = len(hub.hub.user_ids())
        report["viewers"] = len(hub.hub._viewers)
    websocket = sys.modules.get("realtime.transports.websocket")
    if websocket is not None:
        report["sockets"] = websocket.SubscriberConsumer.open_sockets
    return report


def _serve(folder: str) -> None:
    path = os.path.join(folder, f"{os.getpid()}.sock")
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(4)
        while True:
            connection, _ = listener.accept()
            with connection:
                try:
                    answer = json.dumps(_report(thoroughly=connection.recv(1) == b"!"))
                except Exception as error:  # noqa: BLE001 (any error is reported to the client)
                    answer = json.dumps({"fault": repr(error)})
                connection.sendall(answer.encode())


def _start() -> None:
    threading.Thread(target=_serve, args=(os.environ["LOAD_INSIDE"],), name="load-inside", daemon=True).start()


if os.environ.get("LOAD_INSIDE"):
    _start()
    os.register_at_fork(after_in_child=_start)
