"""The phase scripts use a session and read the env file, without revealing either to other users of the machine."""

import stat
import threading
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pytest

from tests.rollback.office import COOKIE, FakeOffice

SECRET = "HushEnv4711"
BASE = f"SECRET_KEY={SECRET}\nALLOWED_HOSTS=office.example\nREDIS_URL=redis://:{SECRET}@cache/0\n"


class Onlooker(threading.Thread):
    """Another user of the machine, who repeatedly reads the command lines of all processes."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.seen: set[bytes] = set()
        self.stopping = threading.Event()

    def run(self) -> None:
        while not self.stopping.is_set():
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                with suppress(OSError):
                    self.seen.add(path.read_bytes())

    def __enter__(self) -> "Onlooker":
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stopping.set()
        self.join(10)


@pytest.mark.parametrize("speaks", ["event", "silent"], ids=["it works", "it is put back"])
def test_neither_the_session_nor_the_env_file_is_on_a_command_line_or_in_what_is_said(tmp_path, speaks):
    office = FakeOffice(tmp_path, BASE)
    office.site.stream = lambda text: speaks
    key = uuid4().hex  # unique, since other tests may show theirs
    restart = f"{office.restart} && env > given && ls -ld .env.lock > lock"
    try:
        with Onlooker() as onlooker:
            office.site.silent_until = lambda: any(b"session.curl" in line for line in onlooker.seen.copy())
            done = office.run(
                "advance",
                2,
                "--restart",
                restart,
                "--json",
                GISTAGUM_CHECK_COOKIE=f"{COOKIE}; hush={key}",
            )
    finally:
        office.close()
    assert (done.code == 0) == (speaks == "event"), done
    lines = b"\n".join(onlooker.seen).decode("utf-8", "replace")
    assert "advance.sh" in lines, "nothing was seen"
    if speaks == "silent":  # the server stays silent until the command line has been observed
        assert "session.curl" in lines
    for secret in (key, SECRET):
        assert secret not in lines
        assert secret not in done.out + done.err
    # Child processes do not get the session.
    assert key not in (office.folder / "given").read_text()
    # The file with the session was in a private folder and was removed. Copies have the permissions of the original.
    assert (office.folder / "lock").read_text().startswith("drwx------")
    assert not (office.folder / ".env.lock").exists()
    assert {stat.S_IMODE(copy.stat().st_mode) for copy in office.copies} == {stat.S_IMODE(office.file.stat().st_mode)}


def test_what_is_refused_does_not_repeat_the_session(tmp_path):
    office = FakeOffice(tmp_path, BASE)
    try:
        for options in (
            f"--cokie={COOKIE}",
            f'--cookie={COOKIE}"',
            f"--cookie={COOKIE}\n",
            f"--cookie={COOKIE} --to=9",
        ):
            done = office.run("advance", 2, *options.split(" "))
            assert done.code == 2, done
            assert COOKIE.partition("=")[2] not in done.out + done.err, options
    finally:
        office.close()
