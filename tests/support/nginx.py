"""nginx in front of a site, with its default settings or as documented, in a folder and on a port of its own."""

import re
import shutil
import signal
import socket
import subprocess
from pathlib import Path

from .ports import free_port, wait_until
from .site import ROOT

MAIN = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log notice;
{user}
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {http}
}}
"""
SERVER = """
    server {{
        listen 127.0.0.1:{port};
        {extra}
        {more}
        location / {{
            proxy_pass http://127.0.0.1:{behind};
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-Proto $scheme;
        }}
    }}
"""


class Nginx:
    """nginx in front of the port ``behind``. ``extra``: directives of its server block."""

    def __init__(self, folder: Path, behind: int, extra: str = "") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._behind = behind
        self._extra = extra
        self._config = folder / "nginx.conf"
        self._log = folder / "error.log"
        self._process: subprocess.Popen | None = None

    def _configure(self, more: str) -> None:
        # As root, nginx would run its workers as a user who may not enter the folder.
        user = "user root;" if Path("/proc/self").owner() == "root" else ""
        self._config.write_text(
            MAIN.format(folder=self.folder, user=user, http=self._http(more)),
            encoding="utf-8",
        )

    def _http(self, more: str) -> str:
        return SERVER.format(port=self.port, behind=self._behind, extra=self._extra, more=more)

    def _listens(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise AssertionError(f"nginx ended: {self._log.read_text()}")
        with socket.socket() as sock:
            return sock.connect_ex(("127.0.0.1", self.port)) == 0

    def start(self, more: str = "") -> None:
        """Start it and wait until it listens. ``more``: directives of its server block, besides its own."""
        program = shutil.which("nginx") or "/usr/sbin/nginx"
        if not Path(program).exists():
            raise FileNotFoundError("nginx is not installed: apt-get install nginx-light")
        self._configure(more)
        self._process = subprocess.Popen(
            [program, "-p", str(self.folder), "-c", str(self._config), "-e", str(self._log)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until(self._listens, "nginx listens")

    def reload(self, more: str = "") -> None:
        """Reload the configuration, with ``more`` as in ``start``. Open connections keep the old one."""
        assert self._process is not None
        before = self.said("start worker process ")
        self._configure(more)
        self._process.send_signal(signal.SIGHUP)
        wait_until(lambda: self.said("start worker process ") > before, "nginx has a new worker")

    def stop(self) -> None:
        """Stop it at once, and abort open connections."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=10)
            self._process = None

    def said(self, words: str) -> int:
        """Return how often its log contains ``words``."""
        return self._log.read_text().count(words)

    def __enter__(self) -> "Nginx":
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()


def documented_sample() -> str:
    """The configuration that docs/operating.md shows."""
    return re.search(r"^```nginx\n(.*?)^```", (ROOT / "docs/operating.md").read_text(), re.MULTILINE | re.DOTALL)[1]


class DocumentedNginx(Nginx):
    """nginx as docs/operating.md configures it, on a port of its own and without TLS."""

    def _http(self, more: str) -> str:
        changes = {
            r"server 127\.0\.0\.1:8000;": f"server 127.0.0.1:{self._behind};",
            r"listen 443 ssl http2;": f"listen 127.0.0.1:{self.port};",
            r"ssl_certificate(_key)? .*;": "",
        }
        sample = documented_sample()
        for pattern, replacement in changes.items():
            sample, found = re.subn(pattern, replacement, sample)
            assert found, pattern
        return sample
