"""HAProxy for tests: one address, behind which is whichever server passes its check."""

import shutil
import socket

from .ports import free_port, wait_until
from .program import Program, find, own_folder

# The sample of docs/operating.md, "A primary that dies", with ports of this machine.
CONFIGURATION = """
defaults
    mode tcp
    timeout connect 4s
    timeout client 2h
    timeout server 2h
    timeout check 2s

listen postgres
    bind 127.0.0.1:{port}
    option httpchk OPTIONS /primary
    http-check expect status 200
    default-server inter 1s fall 2 rise 1 on-marked-down shutdown-sessions
{servers}
"""


class HAProxy:
    """The proxy in front of these servers: pairs of their port and the port of their check."""

    def __init__(self, servers: list[tuple[int, int]]) -> None:
        self.folder = own_folder("gistagum-haproxy-")
        self.port = free_port()
        lines = [
            f"    server node{number} 127.0.0.1:{port} check port {check}"
            for number, (port, check) in enumerate(servers)
        ]
        path = self.folder / "haproxy.cfg"
        path.write_text(CONFIGURATION.format(port=self.port, servers="\n".join(lines)))
        self._program = Program(self.folder, "haproxy", find("haproxy", "haproxy"), "-db", "-f", str(path))
        self._program.start()
        wait_until(self._listens, "HAProxy listens")

    def _listens(self) -> bool:
        self._program.check()
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self) -> None:
        """Kill it and remove its folder."""
        self._program.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
