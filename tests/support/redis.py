"""A Redis server for tests, on a free port and in a folder of its own, with methods that inject faults."""

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
    """The server, with further ``options``. It can be stopped, started again on the same port, frozen and thawed."""

    def __init__(self, *options: str) -> None:
        self.program = shutil.which("redis-server")
        if not self.program:
            raise FileNotFoundError("Redis is not installed: apt-get install redis-server")
        self.folder = Path(tempfile.mkdtemp(prefix="gistagum-redis-"))
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._log = self.folder / "log"
        self._options = options
        self._process: subprocess.Popen | None = None
        self.start()

    def start(self) -> None:
        """Start it, empty, and wait until it responds."""
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        options += ["--logfile", str(self._log), *self._options]
        self._process = subprocess.Popen(
            [self.program, *options, "--dir", str(self.folder)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until(self.answers, "Redis answers")

    def answers(self) -> bool:
        """Return whether it responds to PING."""
        import redis

        with redis.Redis(port=self.port, socket_timeout=1, socket_connect_timeout=1) as client:
            try:
                return bool(client.ping())
            except redis.RedisError:
                return False

    def clients(self) -> list[dict[str, str]]:
        """Return the connected clients, except for the connection of this call."""
        import redis

        with redis.Redis(port=self.port, socket_timeout=5) as client:
            own = str(client.client_id())
            return [one for one in client.client_list() if one["id"] != own]

    def cut_off(self) -> None:
        """Terminate every client connection."""
        import redis

        with redis.Redis(port=self.port, socket_timeout=5) as client:
            client.client_kill_filter(skipme=True, _type="normal")
            client.client_kill_filter(skipme=True, _type="pubsub")

    @contextlib.contextmanager
    def configured(self, **options: str) -> Iterator[Any]:
        """Within this block, these options are set (``maxmemory_policy`` for ``maxmemory-policy``).

        Yield a connection (``redis.Redis``) that is never evicted, even without memory.
        """
        import redis

        with redis.Redis(port=self.port, socket_timeout=5, single_connection_client=True) as client:
            client.execute_command("CLIENT", "NO-EVICT", "ON")  # so that the options can be restored
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
        """Return how often its log contains ``words``."""
        return self._log.read_text().count(words)

    def freeze(self) -> None:
        """Stop the process with SIGSTOP: it accepts connections and commands, and responds to none."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Continue the process."""
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """Kill it. Its port then refuses connections."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None

    def end(self) -> None:
        """Terminate it, as an operator would."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None

    def restart(self) -> None:
        """Kill it and start it again on the same port."""
        self.kill()
        self.start()

    def stop(self) -> None:
        """Kill it and remove its folder."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)
