"""Redis with a replica, watched by sentinels, for tests."""

import contextlib
import shutil
from contextlib import ExitStack

import redis

from .ports import free_port, wait_until
from .program import Program, find, own_folder
from .redis import Redis

NUMBER, QUORUM = 3, 2
CONFIGURATION = f"""
port {{port}}
bind 127.0.0.1
dir {{folder}}
sentinel monitor office 127.0.0.1 {{master}} {QUORUM}
sentinel down-after-milliseconds office 1000
sentinel failover-timeout office 5000
"""


class Sentinels:
    """The sentinels, the two servers that they watch, and ``url``, the ``REDIS_URL`` for both."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        try:
            self.first = Redis()
            self._stack.callback(self.first.stop)
            self.second = Redis("--replicaof", "127.0.0.1", str(self.first.port))
            self._stack.callback(self.second.stop)
            # Sentinels ask the master for its replicas when they start, and then every ten seconds.
            wait_until(lambda: self._replicas() == 1, "the replica follows the master")
            self._ports = [self._start_one() for _ in range(NUMBER)]
            nodes = ",".join(f"127.0.0.1:{port}" for port in self._ports)
            self.url = f"sentinel://{nodes}/0?master=office"
            wait_until(self._know_each_other, "the sentinels know the replica and each other", 30)
        except BaseException:
            self.stop()
            raise

    def _replicas(self) -> int:
        with redis.Redis(port=self.first.port, socket_timeout=2) as client:
            return client.info("replication")["connected_slaves"]

    def _start_one(self) -> int:
        folder, port = own_folder("gistagum-sentinel-"), free_port()
        self._stack.callback(shutil.rmtree, folder, ignore_errors=True)
        path = folder / "sentinel.conf"
        path.write_text(CONFIGURATION.format(port=port, folder=folder, master=self.first.port))
        path.chmod(0o666)  # it writes what it learns into it, as another user
        program = Program(folder, "sentinel", find("redis-server", "redis-server"), str(path), "--sentinel")
        self._stack.callback(program.kill)
        program.start()
        return port

    def _know_each_other(self) -> bool:
        states = [self._ask(port) for port in self._ports]
        return all(
            state is not None
            and int(state["num-slaves"]) == 1
            and int(state["num-other-sentinels"]) == NUMBER - 1
            and "down" not in state["flags"]
            for state in states
        )

    def _ask(self, port: int) -> dict | None:
        with (
            contextlib.suppress(redis.RedisError),
            redis.Redis(port=port, socket_timeout=2, decode_responses=True) as client,
        ):
            return client.sentinel_master("office")
        return None

    def all_name(self, server: Redis) -> bool:
        """Return whether every sentinel says that this server is the master, and it says so itself."""
        states = [self._ask(port) for port in self._ports]
        if not all(state is not None and int(state["port"]) == server.port for state in states):
            return False
        return self.role(server) == "master"

    def role(self, server: Redis) -> str:
        """``master`` or ``slave``, as the server itself says."""
        with redis.Redis(port=server.port, socket_timeout=2, decode_responses=True) as client:
            return client.role()[0]

    def stop(self) -> None:
        """Kill everything and remove the folders."""
        self._stack.close()
