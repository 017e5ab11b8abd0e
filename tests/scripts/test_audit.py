"""scripts/audit.py with the real pip-audit, which asks a service of the test's own: silence is not taken for "none"."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.support.ports import free_port
from tests.support.site import ROOT

FAULTY = {
    "schema_version": "1.0.0",
    "id": "PYSEC-2026-1",
    "aliases": ["CVE-2026-1"],
    "summary": "Runs what it is sent",
    "affected": [
        {
            "package": {"name": "faulty", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.0.1"}]}],
        }
    ],
}


class Service(BaseHTTPRequestHandler):
    """Knows of one package that is faulty, and that all others are sound."""

    status = 200

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        body = json.dumps({"vulns": [FAULTY]} if asked["package"]["name"] == "faulty" else {}).encode()
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Nothing: the test says what went wrong."""


class Broken(Service):
    status = 503


@pytest.fixture
def service() -> Iterator[Callable[[type[Service]], str]]:
    """Starts a service and gives its address."""
    running = []

    def start(kind: type[Service]) -> str:
        server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
        running.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}/v1/query"

    yield start
    for server in running:
        server.shutdown()
        server.server_close()


@pytest.fixture
def audit(tmp_path) -> Callable[..., subprocess.CompletedProcess]:
    """Runs the script on these pins."""

    def run(pins: str, *options: str) -> subprocess.CompletedProcess:
        path = tmp_path / "pins.txt"
        path.write_text(pins)
        command = [sys.executable, str(ROOT / "scripts" / "audit.py"), *options, str(path)]
        return subprocess.run(command, capture_output=True, text=True, timeout=55, check=False)

    return run


@pytest.mark.parametrize("strict", [[], ["--strict"]], ids=["lint", "audit"])
def test_a_known_vulnerability_is_named_and_a_failure(service, audit, strict):
    run = audit("sound==2.0\nfaulty==1.0\n", "--osv-url", service(Service), *strict)
    assert run.returncode == 1
    assert "faulty 1.0: PYSEC-2026-1, CVE-2026-1; fixed in 1.0.1" in run.stdout
    assert "packages looked up: 2, known vulnerabilities: 1." in run.stdout


@pytest.mark.parametrize("strict", [[], ["--strict"]], ids=["lint", "audit"])
def test_sound_packages_are_no_failure(service, audit, strict):
    run = audit("sound==2.0\n", "--osv-url", service(Service), *strict)
    assert (run.returncode, run.stderr) == (0, "")
    assert "packages looked up: 1, known vulnerabilities: 0." in run.stdout


@pytest.mark.parametrize("kind", [Broken, None], ids=["broken", "not there"])
@pytest.mark.parametrize(("strict", "code"), [([], 0), (["--strict"], 1)], ids=["lint", "audit"])
def test_that_nothing_was_checked_is_said_in_one_line(service, audit, kind, strict, code):
    address = service(kind) if kind else f"http://127.0.0.1:{free_port()}/"
    run = audit("sound==2.0\n", "--osv-url", address, *strict)
    assert run.returncode == code
    assert run.stdout == ""
    assert run.stderr == "audit: NOTHING WAS CHECKED: no service for known vulnerabilities could be asked.\n"


@pytest.mark.parametrize(("strict", "code"), [([], 0), (["--strict"], 1)], ids=["lint", "audit"])
def test_a_package_that_could_not_be_looked_up_is_named(service, audit, strict, code):
    run = audit("sound==2.0\nours @ https://git.example/ours.tar.gz\n", "--osv-url", service(Service), *strict)
    assert (run.returncode, run.stderr) == (code, "audit: not looked up: ours\n")


def test_lint_asks_too_and_audit_is_strict():
    def commands(*words: str) -> str:
        words = ("make", "--dry-run", *words)
        return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=20, check=True).stdout

    assert "scripts/audit.py\n" in commands("lint")
    assert "scripts/audit.py --strict\n" in commands("lint", "STRICT=1")
    assert "scripts/audit.py --strict\n" in commands("audit")
