"""nginx in front of a site, as operators run it: its own defaults, a folder and a port of its own."""

import shutil
import socket
import subprocess
from pathlib import Path

from .ports import free_port, wait_until

CONFIG = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
{user}
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        {extra}
        location / {{
            proxy_pass http://127.0.0.1:{behind};
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-Proto $scheme;
        }}
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
        self._config = folder / "nginx.conf"
        # As root it would hand its workers to a user who may not enter the folder.
        user = "user root;" if Path("/proc/self").owner() == "root" else ""
        self._config.write_text(
            CONFIG.format(folder=folder, port=self.port, behind=behind, extra=extra, user=user), encoding="utf-8"
        )
        self._process: subprocess.Popen | None = None

    def _listens(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise AssertionError(f"nginx ended: {(self.folder / 'error.log').read_text()}")
        with socket.socket() as sock:
            return sock.connect_ex(("127.0.0.1", self.port)) == 0

    def __enter__(self) -> "Nginx":
        program = shutil.which("nginx") or "/usr/sbin/nginx"
        if not Path(program).exists():
            raise FileNotFoundError("nginx is not installed: apt-get install nginx-light")
        self._process = subprocess.Popen(
            [program, "-p", str(self.folder), "-c", str(self._config), "-e", str(self.folder / "error.log")],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until(self._listens, "nginx listens")
        return self

    def __exit__(self, *exc: object) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=10)
