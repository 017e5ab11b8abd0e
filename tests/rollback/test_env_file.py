"""How the scripts replace the operator's env file, and the copy that they keep."""

import os
import stat
from pathlib import Path

import pytest

from tests.support.env_files import READ, REFUSED

from .office import BASE, COOKIE, FLAGS, TIMEOUT, refused


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"A=1\nUSE_DAPHNE=true\nB=2\n", b"A=1\nUSE_DAPHNE=false\nB=2\n"),
        (b"A=1\nUSE_DAPHNE=true", b"A=1\nUSE_DAPHNE=false"),
        (b"A=1\r\nUSE_DAPHNE=true\r\nB=2\r\n", b"A=1\r\nUSE_DAPHNE=false\r\nB=2\r\n"),
        (b"export USE_DAPHNE=true\n", b"export USE_DAPHNE=false\n"),
        (b'USE_DAPHNE="true"\n', b"USE_DAPHNE=false\n"),
        (b"USE_DAPHNE='TRUE'\n", b"USE_DAPHNE=false\n"),
        (b"USE_DAPHNE= 1 \n", b"USE_DAPHNE=false\n"),
        (b"USE_DAPHNE=false\nUSE_DAPHNE=true\n", b"USE_DAPHNE=false\nUSE_DAPHNE=false\n"),
        (
            b"# USE_DAPHNE=false\nMY_USE_DAPHNE=1\nUSE_DAPHNE=true\n",
            b"# USE_DAPHNE=false\nMY_USE_DAPHNE=1\nUSE_DAPHNE=false\n",
        ),
        (b"# caf\xe9 \xff\nUSE_DAPHNE=true\n  \n", b"# caf\xe9 \xff\nUSE_DAPHNE=false\n  \n"),
        (b"USE_DAPHNE=true\xc2\xa0\n", b"USE_DAPHNE=false\n"),
        (b"A=back\\slash & $x `y` %s\nUSE_DAPHNE=true\n", b"A=back\\slash & $x `y` %s\nUSE_DAPHNE=false\n"),
    ],
    ids=[
        "plain",
        "no newline",
        "crlf",
        "export",
        "quoted",
        "single",
        "blanks",
        "twice",
        "alike",
        "bytes",
        "nbsp",
        "special",
    ],
)
def test_only_the_flag_changes_and_every_other_byte_stays(before, after, office):
    one = office(BASE.encode() + before)
    assert one.run("rollback", 0).code == 0
    assert one.file.read_bytes() == BASE.encode() + after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"A=1\n", b"A=1\nUSE_DAPHNE=true\n"),
        (b"A=1", b"A=1\nUSE_DAPHNE=true\n"),
        (b"A=1\r\n", b"A=1\r\nUSE_DAPHNE=true\r\n"),
        (b"A=1\r\nB=2", b"A=1\r\nB=2\r\nUSE_DAPHNE=true\r\n"),
        (b"USE_DAPHNE=\n", b"USE_DAPHNE=true\n"),
    ],
    ids=["plain", "no newline", "crlf", "crlf without the last", "empty"],
)
def test_a_flag_that_is_not_there_is_added_at_the_end(before, after, office):
    base = BASE.encode().replace(b"\n", b"\r\n" if b"\r" in before else b"\n")
    one = office(base + before)
    assert one.run("advance", 2).code == 0
    assert one.file.read_bytes() == base + after


@pytest.mark.parametrize("line", [" USE_DAPHNE=true", "USE_DAPHNE = true", "export  USE_DAPHNE=true", "\tREDIS_URL=x"])
def test_a_line_that_only_some_readers_take_is_refused(line, office):
    one = office(f"{BASE}{line}\n")
    refused(one.run("rollback", 0), "line 3 ", line.split("=")[0].split()[-1] if " = " not in line else "USE_DAPHNE")
    assert one.unchanged()


def test_mode_and_link_stay_and_the_copy_is_as_private(office):
    one = office(BASE + FLAGS[2])
    one.file.chmod(0o640)
    link = one.folder / "link"
    link.symlink_to(".env")
    done = one.run("rollback", 0, "--env-file", str(link))
    assert done.code == 0, done
    assert link.is_symlink()
    assert stat.S_IMODE(one.file.stat().st_mode) == 0o640
    [copy] = one.copies
    assert (copy.read_bytes(), stat.S_IMODE(copy.stat().st_mode)) == (one.text, 0o640)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give files away")
def test_owner_and_group_stay(office):
    one = office(BASE + FLAGS[2])
    os.chown(one.file, 1234, 1235)
    assert one.run("rollback", 0).code == 0
    for path in (one.file, one.copies[0]):
        assert (path.stat().st_uid, path.stat().st_gid) == (1234, 1235)


def test_a_copy_is_never_overwritten(office):
    one = office(BASE + FLAGS[2])
    older = one.folder / f".env.{one.clock.stamp}.bak"
    older.write_text("older")
    done = one.run("rollback", 0, "--json")
    assert done.code == 0
    assert Path(done.report["copy"]).name == f".env.{one.clock.stamp}-2.bak"
    assert older.read_text() == "older"
    assert len(one.copies) == 2


@pytest.mark.parametrize("well", [True, False], ids=["done", "put back"])
def test_what_replaces_the_file_and_what_is_kept_is_on_the_disk_before_it_does(office, tmp_path, well):
    """Some file systems write a name before what it stands for: after a power cut both files would be empty."""
    one = office(BASE + FLAGS[2])
    tools, seen = one.clock.folder, tmp_path / "seen"
    (tools / "sync").write_text(f'#!/bin/sh\ngrep -c BROADCAST=true "{one.file}" >>"{seen}"\necho "$*" >>"{seen}"\n')
    (tools / "sync").chmod(0o755)
    if not well:
        one.site.healthy = lambda text: "WEBSOCKET_BROADCAST=true" not in text
        one.site.seconds_per_retry = TIMEOUT // 3
    done = one.run("advance", 3, "--cookie", COOKIE)
    assert done.code == (0 if well else 1), done
    [copy] = one.copies
    before_new, new, *back = seen.read_text().splitlines()
    assert (before_new, new) == ("0", f"{one.file}.lock/new {copy}")
    assert back == ([] if well else ["1", f"{one.file}.lock/old"])


@pytest.mark.parametrize("name", READ)
def test_a_file_is_read_as_the_site_reads_it_and_keeps_its_bytes(office, name):
    one = office(READ[name].data)
    done = one.run("rollback", 0, "--json")
    assert (done.code, done.report["changes"]) == (0, [{"name": "USE_DAPHNE", "old": "true", "new": "false"}])
    assert one.file.read_bytes() == one.text.replace(b"USE_DAPHNE=true", b"USE_DAPHNE=false")


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_the_site_refuses_is_refused_with_its_line(office, name):
    one = office(REFUSED[name].data)
    for script, to in (("advance", 2), ("rollback", 0)):
        refused(one.run(script, to), f"{one.file}{REFUSED[name].refusal}; ")
    assert one.unchanged()
    assert not one.copies
