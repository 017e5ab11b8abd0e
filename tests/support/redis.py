"""A Redis server of the tests' own: on a free port, with a folder of its own, and with all that may befall it."""

import contextlib
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .ports import free_port, wait_until


class Redis:
    """The server. It can be stopped, started again on the same port, frozen and thawed."""

    def __init__(self) -> None:
        self.program = shutil.which("redis-server")
        if not self.program:
            raise FileNotFoundError("Redis is not installed: apt-get install redis-server")
        self.folder = Path(tempfile.mkdtemp(prefix="gistagum-redis-"))
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._log = self.folder / "log"
        self._process: subprocess.Popen | None = None
        self.start()

    def start(self) -> None:
        """Start it, with nothing in it, and wait until it answers."""
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        options += ["--logfile", str(self._log)]
        self._process = subprocess.Popen(
            [self.program, *options, "--dir", str(self.folder)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until(self.answers, "Redis answers")

    def answers(self) -> bool:
        """Whether it answers a ping."""
        import redis

        with redis.Redis(port=self.port, socket_timeout=1, socket_connect_timeout=1) as client:
            try:
                return bool(client.ping())
            except redis.RedisError:
                return False

    def clients(self) -> list[dict[str, str]]:
        """Who is connected, besides the one that asks."""
        import redis

        with redis.Redis(port=self.port, socket_timeout=5) as client:
            own = str(client.client_id())
            return [one for one in client.client_list() if one["id"] != own]

    def cut_off(self) -> None:
        """End every connection that somebody has with it."""
        import redis

        with redis.Redis(port=self.port, socket_timeout=5) as client:
            client.client_kill_filter(skipme=True, _type="normal")
            client.client_kill_filter(skipme=True, _type="pubsub")

    @contextlib.contextmanager
    def configured(self, **options: str) -> Iterator[Any]:
        """Within this block it runs with these options (``maxmemory_policy`` for ``maxmemory-policy``).

        Gives a connection (``redis.Redis``) that it does not throw out, however little memory it may use.
        """
        import redis

        with redis.Redis(port=self.port, socket_timeout=5, single_connection_client=True) as client:
            client.execute_command("CLIENT", "NO-EVICT", "ON")  # or nobody could undo it
            wanted = {name.replace("_", "-"): value for name, value in options.items()}
            before = {name: client.config_get(name)[name] for name in wanted}
            try:
                for name, value in wanted.items():
                    client.config_set(name, value)
                yield client
            finally:
                for name, value in before.items():
                    client.config_set(name, value)

    def said(self, words: str) -> int:
        """How often its log says this."""
        return self._log.read_text().count(words)

    def freeze(self) -> None:
        """It takes connections and commands and answers none."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on."""
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it at once; its port refuses connections."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None

    def end(self) -> None:
        """End it in order, as an operator would."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None

    def restart(self) -> None:
        """End it and start it again, on the same port."""
        self.kill()
        self.start()

    def stop(self) -> None:
        """End it, and leave nothing behind."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)
