"""Scans by clamd: by Debian's daemon with a signature of our own, and by a server that speaks its protocol for what the
daemon does rarely."""

import io
import shutil
import socket
import struct
import threading
from collections.abc import Callable, Iterator

import pytest

from messaging.attachments import clamd
from messaging.attachments.clamd import Clamd
from messaging.attachments.scanning import NoScanner, scanner
from messaging.attachments.verdicts import Outcome, Verdict
from tests.support.ports import wait_until
from tests.support.program import Program, find, own_folder

MALWARE = b"gistagum-test-malware-4711"  # harmless; only the signature below knows it


def scan(address: str, content: bytes) -> Verdict:
    return Clamd(address).scan(io.BytesIO(content))


@pytest.fixture
def server() -> Iterator[Callable[[Callable[[socket.socket], None]], str]]:
    """``server(answer)``: the address of a server that lets ``answer(connection)`` talk to one client."""
    listener = socket.create_server(("127.0.0.1", 0))
    threads = []

    def start(answer: Callable[[socket.socket], None]) -> str:
        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                answer(connection)

        threads.append(threading.Thread(target=serve, daemon=True))
        threads[-1].start()
        return f"tcp://127.0.0.1:{listener.getsockname()[1]}"

    yield start
    listener.close()
    for thread in threads:
        thread.join(10)


def received(connection: socket.socket) -> bytes:
    """The file that a client sends by INSTREAM."""
    stream = connection.makefile("rb")
    assert stream.read(10) == b"zINSTREAM\0"
    content = b""
    while length := struct.unpack(">L", stream.read(4))[0]:
        content += stream.read(length)
    return content


def test_the_whole_file_is_sent(server):
    sent = bytes(range(256)) * 1000
    got = []

    def answer(connection):
        got.append(received(connection))
        connection.sendall(b"stream: OK\0")

    assert scan(server(answer), sent) == Verdict(Outcome.CLEAN)
    assert got == [sent]


def test_what_was_found_is_named(server):
    def answer(connection):
        received(connection)
        connection.sendall(b"stream: Eicar-")
        connection.sendall(b"Test FOUND\0")

    assert scan(server(answer), b"x") == Verdict(Outcome.INFECTED, "Eicar-Test")


def test_a_file_over_the_limit_of_the_daemon_has_no_outcome(server):
    def answer(connection):
        connection.recv(100)
        connection.sendall(b"INSTREAM size limit exceeded. ERROR\0")

    verdict = scan(server(answer), b"x" * 5_000_000)
    assert verdict.outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("said", [b"", b"stream: OK", b"\xff\xfe\0", b"UNKNOWN COMMAND\0", b"x" * 10_000])
def test_an_answer_is_believed_only_where_it_is_one(server, said):
    def answer(connection):
        received(connection)
        connection.sendall(said)

    expected = Outcome.CLEAN if said == b"stream: OK" else Outcome.UNKNOWN
    assert scan(server(answer), b"x").outcome is expected


def test_a_daemon_that_never_answers_is_not_waited_for(server, monkeypatch):
    monkeypatch.setattr(clamd, "TOTAL_SECONDS", 0.2)
    over = threading.Event()
    assert scan(server(lambda connection: over.wait(10)), b"x").outcome is Outcome.UNKNOWN
    over.set()


def test_a_daemon_that_is_away_leaves_no_outcome(tmp_path):
    assert scan("tcp://127.0.0.1:1", b"x").outcome is Outcome.UNKNOWN
    assert scan(str(tmp_path / "nothing.ctl"), b"x").outcome is Outcome.UNKNOWN


def test_without_a_setting_there_is_no_scan(settings):
    settings.CLAMD_SOCKET = ""
    assert isinstance(scanner(), NoScanner)
    assert scanner().scan(io.BytesIO(MALWARE)).outcome is Outcome.CLEAN
    settings.CLAMD_SOCKET = "/run/clamav/clamd.ctl"
    assert isinstance(scanner(), Clamd)


@pytest.fixture(scope="module")
def daemon() -> Iterator[str]:
    """The socket of a real clamd that knows one signature: ours."""
    folder = own_folder("gistagum-clamd-")
    (folder / "test.ndb").write_text(f"Gistagum.Test:0:*:{MALWARE.hex()}\n")
    path, configuration = folder / "clamd.ctl", folder / "clamd.conf"
    configuration.write_text(f"LocalSocket {path}\nDatabaseDirectory {folder}\nForeground yes\nStreamMaxLength 1M\n")
    program = Program(folder, "clamd", find("clamd", "clamav-daemon"), "--config-file", str(configuration))
    try:
        program.start()

        def answers() -> bool:
            program.check()
            return path.exists() and scan(str(path), b"Hello").outcome is Outcome.CLEAN

        wait_until(answers, "clamd answers", 60)
        yield str(path)
    finally:
        program.kill()
        shutil.rmtree(folder)


@pytest.mark.servers
def test_debians_clamd_finds_what_our_signature_describes(daemon):
    assert scan(daemon, b"Hello") == Verdict(Outcome.CLEAN)
    verdict = scan(daemon, b"before " + MALWARE + b" after")
    assert verdict == Verdict(Outcome.INFECTED, "Gistagum.Test.UNOFFICIAL")


@pytest.mark.servers
def test_debians_clamd_does_not_judge_a_file_over_its_limit(daemon):
    assert scan(daemon, b"x" * 3_000_000).outcome is Outcome.UNKNOWN
