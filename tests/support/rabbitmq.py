"""A RabbitMQ server for tests: a node of its own in a temporary folder, on free ports, and no service."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from kombu import Connection
from kombu.exceptions import OperationalError

from .ports import free_port, listens, wait_until

START_SECONDS = 60.0
STOP_SECONDS = 20.0


def server_program() -> Path:
    """The server's script. Raise FileNotFoundError. Debian's own in /usr/sbin insists on the user rabbitmq."""
    found = sorted(Path("/usr/lib/rabbitmq/lib").glob("rabbitmq_server-*/sbin/rabbitmq-server"))
    if not found:
        raise FileNotFoundError("RabbitMQ is not installed: apt-get install rabbitmq-server")
    return found[-1]


class RabbitMQ:
    """The server. It can be killed and started again with what it has kept."""

    def __init__(self) -> None:
        self._program = server_program()
        self.folder = Path(tempfile.mkdtemp(prefix="gistagum-rabbitmq-"))
        self.port = free_port()
        self._epmd_port = free_port()
        self.url = f"amqp://guest:guest@127.0.0.1:{self.port}//"
        self.log = self.folder / "output"
        (self.folder / "plugins").write_text("[].")
        self._process: subprocess.Popen | None = None
        self._environment = {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "HOME": str(self.folder),  # Erlang's cookie is made there
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(self._epmd_port),
            "RABBITMQ_NODENAME": f"tests{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "data"),
            "RABBITMQ_LOG_BASE": str(self.folder / "log"),
            "RABBITMQ_PID_FILE": str(self.folder / "pid"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "plugins"),
            "RABBITMQ_CONF_ENV_FILE": str(self.folder / "none"),
            "RABBITMQ_CONFIG_FILE": str(self.folder / "none"),
            # One scheduler that sleeps when it has nothing to do: it shares the processor with other tests.
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 +sbwt none +sbwtdcpu none +sbwtdio none",
        }
        # Erlang would start its daemon for names by itself, and leave it behind.
        self._names = subprocess.Popen(
            ["epmd", "-address", "127.0.0.1", "-port", str(self._epmd_port)],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until(lambda: listens(self._epmd_port), "Erlang's daemon for names listens")
        self.start()

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [self._program],
                env=self._environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_until(self.answers, f"RabbitMQ answers; its log: {self.log}", START_SECONDS)

    def answers(self) -> bool:
        """Return whether it takes connections. Raise AssertionError if it has ended by itself."""
        assert self._process is not None
        if self._process.poll() is not None:
            raise AssertionError(f"RabbitMQ ended:\n{self.log.read_text(errors='replace')[-3000:]}")
        if not listens(self.port):
            return False
        try:
            with Connection(self.url, connect_timeout=5) as connection:
                connection.ensure_connection(max_retries=1, timeout=5)
        except (OperationalError, OSError):
            return False
        return True

    def kill(self) -> None:
        """Kill it, and with it every connection. What it has confirmed is on the disk."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(STOP_SECONDS)
            self._process = None

    def stop(self) -> None:
        """Kill it and Erlang's daemon for names, and remove its folder."""
        self.kill()
        self._names.kill()
        self._names.wait(STOP_SECONDS)
        shutil.rmtree(self.folder, ignore_errors=True)
