"""An S3 server for tests: Ceph's radosgw on one storage daemon that keeps everything in memory.

It checks signatures, their expiry and the host that they were made for, and carries out Content-Disposition, which
in-process imitations of S3 do not. It takes about ten seconds to start and 140 MB, so a module shares one.
"""

import os
import shutil
import signal
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from .ports import free_port, wait_until
from .program import Program, as_postgres, find, own_folder

ACCESS_KEY, SECRET_KEY = "tests", "a-secret-of-the-tests"
START_SECONDS = 60.0
MOST_RESTARTS = 3
PACKAGES = "radosgw ceph-mon ceph-osd ceph-common"

# One monitor, one storage daemon, one copy of each object, nobody has to sign in. Without the last option the storage
# daemon calls a script that asks systemd for the machine's location.
CONFIGURATION = """
[global]
fsid = {cluster}
mon_host = v1:127.0.0.1:{monitor_port}
public_network = 127.0.0.0/8
ms_bind_msgr2 = false
auth_cluster_required = none
auth_service_required = none
auth_client_required = none
mon_data = {folder}/monitor
mon_data_avail_crit = 1
mon_allow_pool_size_one = true
osd_data = {folder}/storage
osd_objectstore = memstore
memstore_device_bytes = 536870912
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 1
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
osd_class_update_on_start = false
rgw_data = {folder}/gateway
run_dir = {folder}
admin_socket = {folder}/$name.asok
log_file = {folder}/$name.own.log
"""


class S3Server:
    """The server at ``endpoint`` (``127.0.0.1:PORT``), with one account that may do everything."""

    def __init__(self) -> None:
        tools = ("ceph", "ceph-mon", "ceph-osd", "radosgw", "radosgw-admin", "monmaptool")
        self._tools = {name: find(name, PACKAGES) for name in tools}
        self.folder = own_folder("gistagum-s3-")
        self.port = free_port()
        self.endpoint = f"127.0.0.1:{self.port}"
        self.url = f"http://{self.endpoint}"
        self._configuration = self.folder / "ceph.conf"
        self._programs: list[Program] = []
        self._gateway: Program | None = None
        self._restarts = 0

    def settings(self, bucket: str) -> dict[str, str]:
        """The environment of a site that keeps its documents in this bucket."""
        return {
            "MINIO_ENDPOINT": self.endpoint,
            "MINIO_ACCESS_KEY": ACCESS_KEY,
            "MINIO_SECRET_KEY": SECRET_KEY,
            "MINIO_BUCKET": bucket,
            "MINIO_USE_SSL": "false",
        }

    def client(self) -> Any:
        """A client of its own that signs as the account."""
        import boto3
        from botocore.config import Config

        return boto3.client(
            "s3",
            endpoint_url=self.url,
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
            region_name="us-east-1",
            config=Config(signature_version="s3v4", retries={"max_attempts": 1}, connect_timeout=5, read_timeout=15),
        )

    def start(self) -> "S3Server":
        """Start everything and wait until the gateway answers. Where that fails, stop what was begun."""
        try:
            self._start_all()
        except BaseException:
            self.stop()
            raise
        return self

    def _start_all(self) -> None:
        cluster, storage, monitor_port = str(uuid.uuid4()), str(uuid.uuid4()), free_port()
        self._configuration.write_text(
            CONFIGURATION.format(cluster=cluster, folder=self.folder, monitor_port=monitor_port)
        )
        for name in ("monitor", "storage", "gateway"):
            self._make(self.folder / name)
        monitors = str(self.folder / "monitors")
        self._run("monmaptool", "--create", "--addv", "a", f"v1:127.0.0.1:{monitor_port}", "--fsid", cluster, monitors)
        self._run("ceph-mon", *self._with(), "--mkfs", "-i", "a", "--monmap", monitors)
        self._begin("monitor", "ceph-mon", *self._with(), "-i", "a", "-f")
        wait_until(lambda: self._knows(storage), "the monitor takes the storage daemon", START_SECONDS)
        self._run("ceph-osd", *self._with(), "-i", "0", "--mkfs", "--osd-uuid", storage)
        daemon = self._begin("storage", "ceph-osd", *self._with(), "-i", "0", "-f")
        wait_until(lambda: self._stores(daemon), "the storage daemon is up", START_SECONDS)
        account = ("--uid=tests", "--display-name=tests", f"--access-key={ACCESS_KEY}", f"--secret-key={SECRET_KEY}")
        self._run("radosgw-admin", *self._with(), "-n", "client.rgw.a", "user", "create", *account)
        frontend = f"--rgw-frontends=beast endpoint={self.endpoint}"
        gateway = ("radosgw", *self._with(), "-n", "client.rgw.a", frontend, "-f")
        self._gateway = self._begin("gateway", *gateway)
        wait_until(self.answers, "the S3 server answers", START_SECONDS)

    def answers(self) -> bool:
        """Return whether the gateway answers. Raise AssertionError if a program has ended."""
        for program in self._programs:
            program.check()
        try:
            return httpx.get(self.url, timeout=5).status_code in {200, 403}
        except httpx.TransportError:
            return False

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Within this block the gateway accepts connections and answers none of them."""
        assert self._gateway is not None
        self._gateway.signal(signal.SIGSTOP)
        try:
            wait_until(self._gateway.stopped, "the S3 server has stopped")
            yield
        finally:
            self._gateway.signal(signal.SIGCONT)
            wait_until(self.answers, "the S3 server answers again", START_SECONDS)

    def stop(self) -> None:
        """Kill its programs and remove its folder."""
        for program in reversed(self._programs):
            program.signal(signal.SIGCONT)
            program.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> "S3Server":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _stores(self, daemon: Program) -> bool:
        """Return whether the storage daemon is up.

        Now and then one is faster than the monitor's answer that it needs, and ends. It is started again.
        """
        if daemon.ended():
            if self._restarts == MOST_RESTARTS:
                daemon.check()
            self._restarts += 1
            daemon.start()
        try:
            return "1 up" in self._run("ceph", *self._with(), "--connect-timeout", "30", "osd", "stat")
        except AssertionError:  # a monitor that has just begun refuses now and then what it is asked
            return False

    def _knows(self, storage: str) -> bool:
        """Enter the storage daemon. Return whether the monitor took it, which does nothing the second time."""
        try:
            self._run("ceph", *self._with(), "--connect-timeout", "30", "osd", "new", storage)
        except AssertionError:
            return False
        return True

    def _with(self) -> tuple[str, str]:
        return "-c", str(self._configuration)

    def _begin(self, name: str, tool: str, *arguments: str) -> Program:
        program = Program(self.folder, name, self._tools[tool], *arguments)
        program.start()
        self._programs.append(program)
        return program

    def _run(self, tool: str, *arguments: str) -> str:
        command = [*as_postgres(), self._tools[tool], *arguments]
        environment = {"PATH": f"{os.environ['PATH']}:/usr/sbin", "HOME": str(self.folder), "LANG": "C.UTF-8"}
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=START_SECONDS,
        )
        if done.returncode:
            raise AssertionError(f"{tool} failed with {done.returncode}:\n{done.stderr.decode(errors='replace')}")
        return done.stdout.decode(errors="replace")

    @staticmethod
    def _make(folder: Path) -> None:
        folder.mkdir()
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
