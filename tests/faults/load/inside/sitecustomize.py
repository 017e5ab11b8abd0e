"""What a server process holds, told from inside: for load and churn tests only, and no part of the site.

Python imports a ``sitecustomize`` from its path by itself. With ``LOAD_INSIDE`` naming a folder, a thread of each
process answers whoever connects to ``PID.sock`` there, with one JSON object. Nothing else of the process is touched.
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
    # By type: an isinstance would wake Django's lazy objects.
    _loops[:] = [one for one in gc.get_objects() if issubclass(type(one), asyncio.AbstractEventLoop)]


def _tasks() -> Counter:
    running = [task for loop in _loops if not loop.is_closed() for task in asyncio.all_tasks(loop)]
    return Counter(task.get_coro().__qualname__ for task in running)


def _told(thoroughly: bool) -> dict:
    if thoroughly or not _loops:  # it stops everything for a while
        _look_for_loops()
    told = {
        "tasks": dict(_tasks()),
        "threads": dict(Counter(thread.name.rstrip("0123456789_-") for thread in threading.enumerate())),
    }
    sse = sys.modules.get("realtime.transports.sse")
    if sse is not None:
        told["slots"] = sse._slots.taken  # first: whoever was forgotten is let go when somebody asks
    hub = sys.modules.get("realtime.delivery.hub")
    if hub is not None:
        told["listeners"] = hub.hub.subscribers()
        told["people"] = len(hub.hub.user_ids())
        told["viewers"] = len(hub.hub._viewers)
    websocket = sys.modules.get("realtime.transports.websocket")
    if websocket is not None:
        told["sockets"] = websocket.SubscriberConsumer.open_sockets
    return told


def _serve(folder: str) -> None:
    path = os.path.join(folder, f"{os.getpid()}.sock")
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(path)
        door.listen(4)
        while True:
            asks, _ = door.accept()
            with asks:
                try:
                    answer = json.dumps(_told(thoroughly=asks.recv(1) == b"!"))
                except Exception as error:  # noqa: BLE001 (whatever it is, whoever asked is told)
                    answer = json.dumps({"fault": repr(error)})
                asks.sendall(answer.encode())


def _start() -> None:
    threading.Thread(target=_serve, args=(os.environ["LOAD_INSIDE"],), name="load-inside", daemon=True).start()


if os.environ.get("LOAD_INSIDE"):
    _start()
    os.register_at_fork(after_in_child=_start)
