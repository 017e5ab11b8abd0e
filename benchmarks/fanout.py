"""How many deliveries a second a burst makes on Daphne: ours beside the plan's consumer per client.

    python -m benchmarks.fanout [--clients 1000] [--messages 200] [--rounds 3]

Both run in turn on one machine in one run, the server pinned to one core and the clients to another, so the ratio holds
although the machine is noisy. Needs redis-server and at least two cores.
"""

import argparse
import asyncio
import json
import os
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
with socket.socket() as _free:  # the publisher broadcasts, so its settings must know Redis from the start
    _free.bind(("127.0.0.1", 0))
    REDIS_PORT = _free.getsockname()[1]
REDIS_URL = f"redis://127.0.0.1:{REDIS_PORT}/0"
os.environ.update(WEBSOCKET_BROADCAST="true", REDIS_URL=REDIS_URL)

import django  # noqa: E402
from django.utils import timezone  # noqa: E402

django.setup()

from projeng.access import Role  # noqa: E402
from realtime.events import iso  # noqa: E402
from tests.support.database import migrate, using_database  # noqa: E402
from tests.support.people import person, session_cookie  # noqa: E402
from tests.support.ports import free_port, wait_until  # noqa: E402
from tests.support.site import ROOT, Site  # noqa: E402

SERVER_CORE, CLIENT_CORE = "0", "1"
QUIET_SECONDS = 4.0


class Client:
    """A WebSocket on a plain connection that counts messages, each event of an array as one."""

    def __init__(self) -> None:
        self.counted = 0
        self.last = 0.0

    async def open(self, url: str, cookie: str) -> None:
        """Shake hands, offering the subprotocol under which events come joined."""
        parts = urlsplit(url)
        self._reader, self._writer = await asyncio.open_connection(parts.hostname, parts.port, limit=2**22)
        headers = [
            f"GET {parts.path}?{parts.query} HTTP/1.1",
            f"Host: {parts.netloc}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            "Sec-WebSocket-Version: 13",
            f"Origin: http://{parts.netloc}",
            f"Cookie: {cookie}",
        ]
        if cookie:
            headers.append("Sec-WebSocket-Protocol: gistagum.v1")
        self._writer.write("\r\n".join([*headers, "", ""]).encode())
        answer = await self._reader.readuntil(b"\r\n\r\n")
        if b" 101 " not in answer.splitlines()[0]:
            raise RuntimeError(answer.decode(errors="replace"))

    async def count(self) -> None:
        """Count until the connection ends."""
        while True:
            head = await self._reader.readexactly(2)
            length = head[1] & 0x7F
            if length == 126:
                length = int.from_bytes(await self._reader.readexactly(2), "big")
            elif length == 127:
                length = int.from_bytes(await self._reader.readexactly(8), "big")
            payload = await self._reader.readexactly(length)
            if head[0] & 0x0F == 1:
                found = payload.count(b'"summary":"burst"') + payload.count(b'"summary": "burst"')
                if found:
                    self.counted += found
                    self.last = time.perf_counter()

    def close(self) -> None:
        """Leave."""
        self._writer.close()


async def burst(url: str, cookie: str, clients: int, messages: int, publish: Callable[[], None]) -> tuple[float, int]:
    """Open the clients, publish the burst, wait until it is over: deliveries a second, and how many got lost."""
    opened = [Client() for _ in range(clients)]
    for begin in range(0, clients, 50):
        await asyncio.gather(*(client.open(url, cookie) for client in opened[begin : begin + 50]))
    counting = [asyncio.create_task(client.count()) for client in opened]
    await asyncio.sleep(2)
    start = time.perf_counter()
    await asyncio.to_thread(publish)
    wanted = clients * messages
    while sum(client.counted for client in opened) < wanted:
        await asyncio.sleep(0.02)
        newest = max([start, *(client.last for client in opened)])
        if time.perf_counter() - newest > QUIET_SECONDS:
            break
    received = sum(client.counted for client in opened)
    seconds = max(client.last for client in opened) - start if received else 1.0
    for task, client in zip(counting, opened, strict=True):
        task.cancel()
        client.close()
    return received / seconds, wanted - received


def ours(folder: Path, redis: str, clients: int, messages: int) -> tuple[float, int]:
    """Our Daphne: events written to the log in one transaction, read by the tail, joined in one write a client."""
    url = f"sqlite:///{folder / f'{time.time_ns()}.sqlite3'}"
    migrate(url)
    with using_database(url):
        cookie = session_cookie(person(Role.HEAD))
        with Site(
            folder, url, "daphne", WEBSOCKET_BROADCAST="true", REDIS_URL=redis, SSE_HEARTBEAT_SECONDS="15"
        ) as site:
            pin(site.process.pid)
            address = site.url.replace("http", "ws") + "/ws/events/?topics=projects"
            return asyncio.run(burst(address, cookie, clients, messages, lambda: publish_ours(messages)))


def publish_ours(messages: int) -> None:
    """A burst in one transaction, through the public door of the log."""
    from django.db import transaction

    from projeng.events import ProjectsChanged
    from realtime.publish import publish

    with transaction.atomic():
        publish(
            *(
                (ProjectsChanged(source=f"{n}", created=0, updated=n, summary="burst", actor="the bench"), ["projects"])
                for n in range(messages)
            )
        )


def the_plan(folder: Path, redis: str, clients: int, messages: int) -> tuple[float, int]:
    """The plan's consumers under Daphne, fed by group_send as its broadcast helper does."""
    from channels_redis.core import RedisChannelLayer

    port = free_port()
    command = [
        "daphne",
        "-b",
        "127.0.0.1",
        "-p",
        str(port),
        "--access-log",
        os.devnull,
        "benchmarks.peers.plan:application",
    ]
    environment = {**os.environ, "REDIS_URL": redis}
    with (folder / "plan.log").open("wb") as log:
        server = subprocess.Popen(
            [str(Path(sys.executable).parent / command[0]), *command[1:]],
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=log,
        )
    try:
        wait_until(lambda: b"Listening" in (folder / "plan.log").read_bytes(), "the peer listens")
        pin(server.pid)
        sample = {"at": iso(timezone.now()), "summary": "burst", "actor": "the bench", "source": "1"}

        async def send() -> None:
            layer = RedisChannelLayer(hosts=[redis])
            for n in range(messages):
                data = {"id": n, "type": "projects_changed", **sample, "updated": n}
                await layer.group_send("project_updates", {"type": "send_update", "data": data})

        return asyncio.run(
            burst(f"ws://127.0.0.1:{port}/ws/projects/", "", clients, messages, lambda: asyncio.run(send()))
        )
    finally:
        server.kill()
        server.wait()


def pin(pid: int) -> None:
    """Keep a server on its core."""
    subprocess.run(["taskset", "-acp", SERVER_CORE, str(pid)], check=True, stdout=subprocess.DEVNULL)


def main() -> None:
    """Run the rounds and print medians and the ratio as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=1000)
    parser.add_argument("--messages", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, options.clients + 500)), hard))
    os.sched_setaffinity(0, {int(CLIENT_CORE)})
    folder = Path(tempfile.mkdtemp(prefix="gistagum-bench-"))
    redis = subprocess.Popen(["redis-server", "--port", str(REDIS_PORT), "--save", ""], stdout=subprocess.DEVNULL)
    results: dict[str, list[tuple[float, int]]] = {"ours": [], "plan": []}
    try:
        for _ in range(options.rounds):
            for name, run in (("plan", the_plan), ("ours", ours)):
                results[name].append(run(folder, REDIS_URL, options.clients, options.messages))
                sys.stderr.write(f"{name}: {results[name][-1][0]:,.0f} a second, {results[name][-1][1]:,} lost\n")
    finally:
        redis.kill()
    medians = {name: round(statistics.median(rate for rate, _ in rounds)) for name, rounds in results.items()}
    lost = {name: [lost for _, lost in rounds] for name, rounds in results.items()}
    ratio = round(medians["ours"] / medians["plan"], 1)
    print(json.dumps({"deliveries_a_second": medians, "lost": lost, "ratio": ratio}))  # noqa: T201


if __name__ == "__main__":
    main()
