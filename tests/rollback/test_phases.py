"""scripts/advance.sh and rollback.sh with a played site: what they change, what they look at, what they put back."""

import os
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.ports import wait_until
from tests.support.site import ROOT

from .office import BASE, COOKIE, FLAGS, REDIS, FakeOffice

NUMBERS = range(6)
UP = [(1, 2), (2, 3), (3, 4), (4, 5), (0, 5)]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Callable[[str | bytes], FakeOffice]]:
    """``office(text)``: an office with this env file."""
    made = []

    def make(text: str | bytes) -> FakeOffice:
        made.append(FakeOffice(tmp_path, text))
        return made[-1]

    yield make
    for one in made:
        one.close()


def values(path: Path) -> dict[str, str]:
    """The variables of an env file."""
    lines = path.read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def phase(number: int) -> dict[str, str]:
    """The flags of a phase's file."""
    return values(ROOT / "env" / f"phase-{number}.env")


def refused(done, *words: str) -> None:
    """One clear line with these words, and nothing else."""
    assert (done.code, done.out) == (2, ""), done
    assert done.err.count("\n") == 1, done.err
    assert all(word in done.err for word in words), done.err


# --- the way up, and the way down -------------------------------------------------------------------------------


def test_it_goes_up_step_by_step_and_down_in_one(office):
    one = office(BASE + "# of the operator\n" + REDIS + "LOG_LEVEL=INFO")
    for number in (2, 3, 4, 5):
        before = one.file.read_bytes()
        done = one.run("advance", number, "--cookie", COOKIE, "--json")
        assert done.code == 0, done
        # What is not written has its default, which is that of phase 0.
        assert {**phase(0), **values(one.file)}.items() >= phase(number).items()
        assert done.report["outcome"] == "done"
        assert (done.report["to"], done.report["event"]) == (number, "event")
        assert Path(done.report["copy"]).read_bytes() == before
        assert one.running.read_bytes() == one.file.read_bytes()
    done = one.run("rollback", 0, "--cookie", COOKIE)
    assert done.code == 0, done
    assert done.seconds < 60
    assert {**phase(0), **values(one.file)}.items() >= phase(0).items()
    assert one.file.read_text().startswith(BASE + "# of the operator\n" + REDIS + "LOG_LEVEL=INFO\n")
    assert "Gunicorn answers" in done.out
    assert "a first event came on the stream" in done.out
    assert "the database stays as it is" in done.out
    assert (one.restarts, len(one.copies)) == (5, 5)


@pytest.mark.parametrize("here", [1, 2, 3, 4, 5])
def test_every_phase_goes_back_to_0(here, office):
    one = office(BASE + FLAGS[here])
    done = one.run("rollback", 0, "--json")
    assert done.code == 0, done
    assert done.report["from"] == str(here)
    assert done.report["outcome"] == ("already" if here == 1 else "done")
    one.set(one.file.read_bytes())
    again = one.run("rollback", 0)
    assert (again.code, one.unchanged()) == (0, True)
    assert "nothing was changed" in again.out


@pytest.mark.parametrize(("here", "to"), UP)
def test_the_wrong_way_is_refused_and_the_other_script_is_named(here, to, office):
    one = office(BASE + FLAGS[here])
    refused(one.run("rollback", to), f"in phase {here}", f"advance.sh --to {to}")
    one.set(BASE + FLAGS[to])
    refused(one.run("advance", here), f"in phase {to}", f"rollback.sh --to {here}")
    assert (one.unchanged(), one.restarts, one.copies) == (True, 0, [])


@pytest.mark.parametrize("number", NUMBERS)
def test_a_second_run_says_so_and_changes_nothing(number, office):
    one = office(BASE + FLAGS[number])
    for script in ("advance", "rollback"):
        done = one.run(script, number)
        assert (done.code, done.err, done.out.count("\n")) == (0, "", 1)
        assert f"already has all flags of phase {number}; nothing was changed" in done.out
    assert (one.unchanged(), one.restarts, one.copies) == (True, 0, [])


@pytest.mark.parametrize(("script", "here", "to"), [("advance", 1, 0), ("rollback", 1, 0), ("rollback", 0, 1)])
def test_between_phases_0_and_1_there_is_nothing_to_change(script, here, to, office):
    one = office(BASE + FLAGS[here])
    assert one.run(script, to, "--json").report["outcome"] == "already"
    assert one.unchanged()


def test_with_force_it_restarts_and_looks_where_nothing_is_to_be_changed(office):
    one = office(BASE + FLAGS[3])
    done = one.run("advance", 3, "--force", "--json")
    assert (done.code, done.report["changes"], done.report["copy"]) == (0, [], None)
    assert (one.unchanged(), one.restarts, one.copies) == (True, 1, [])


# --- what an operator may choose within a phase -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "lines"),
    [
        (3, "WEBSOCKET_SHADOW=true\n"),
        (4, "WEBSOCKET_ROLLOUT_PERCENT=50\n"),
        (4, "WEBSOCKET_ROLLOUT_PERCENT=0\n"),
        (4, "WEBSOCKET_ROLLOUT_PERCENT=100\nWEBSOCKET_SHADOW=true\n"),
        (4, "WEBSOCKET_ROLLOUT_PERCENT=\nWEBSOCKET_ROLLOUT_GROUPS=Head Engineer\n"),
        (5, "SSE_ENABLED=false\n"),
        (5, "WEBSOCKET_ROLLOUT_PERCENT=100\nWEBSOCKET_ROLLOUT_GROUPS=Head Engineer\n"),
    ],
)
def test_what_was_chosen_within_a_phase_is_still_that_phase_and_stays(number, lines, office):
    one = office(BASE + FLAGS[number] + lines)
    done = one.run("advance", number, "--json")
    assert (done.report["outcome"], done.report["from"], one.unchanged()) == ("already", str(number), True)


def test_a_cohort_begins_small_whatever_share_stands_there(office):
    one = office(BASE + FLAGS[3] + "WEBSOCKET_ROLLOUT_PERCENT=60\nWEBSOCKET_SHADOW=true\n")
    assert one.run("advance", 4).code == 0
    assert values(one.file).items() >= {"WEBSOCKET_ROLLOUT_PERCENT": "10", "WEBSOCKET_SHADOW": "false"}.items()


@pytest.mark.parametrize("cohort", ["WEBSOCKET_ROLLOUT_PERCENT=3\n", "WEBSOCKET_ROLLOUT_GROUPS=Head Engineer\n"])
def test_no_step_widens_a_cohort_that_is_smaller(cohort, office):
    one = office(BASE)
    everybody = FLAGS[5] + "WEBSOCKET_SHADOW=true\n"
    for script, before in (("advance", FLAGS[3]), ("rollback", everybody)):
        one.set(BASE + before + cohort)
        assert one.run(script, 4).code == 0
        left = values(one.file)
        assert (left["USE_WEBSOCKETS"], left.get("WEBSOCKET_SHADOW", "false")) == ("true", "false")
        assert cohort in one.file.read_text()
        assert ("WEBSOCKET_ROLLOUT_PERCENT" in left) == ("PERCENT" in cohort)


def test_the_way_down_ends_at_the_phase_as_it_begins(office):
    one = office(BASE + FLAGS[4] + "WEBSOCKET_ROLLOUT_PERCENT=80\n")
    assert one.run("rollback", 4).code == 0
    assert values(one.file)["WEBSOCKET_ROLLOUT_PERCENT"] == "10"
    one.set(BASE + FLAGS[5] + "SSE_ENABLED=false\n")
    assert one.run("rollback", 5).code == 0
    assert values(one.file)["SSE_ENABLED"] == "true"


# --- between two phases -----------------------------------------------------------------------------------------

BETWEEN = "USE_DAPHNE=false\nWEBSOCKET_BROADCAST=true\n" + REDIS


def test_between_two_phases_going_up_is_refused_and_says_which_flag(office):
    one = office(BASE + BETWEEN)
    refused(one.run("advance", 3), "between two phases: like phase 0 but for WEBSOCKET_BROADCAST=true", "--force")
    refused(one.run("advance", 2, "--force"), "only goes up", "WEBSOCKET_BROADCAST=false", "rollback.sh")
    assert one.unchanged()
    assert one.run("advance", 3, "--force").code == 0
    assert values(one.file)["USE_DAPHNE"] == "true"


@pytest.mark.parametrize("lines", [BETWEEN, "USE_WEBSOCKETS=true\n", "USE_DAPHNE=perhaps\n", "SSE_ENABLED=false\n"])
def test_between_two_phases_going_back_to_0_works(lines, office):
    one = office(BASE + lines)
    done = one.run("rollback", 0, "--json")
    assert (done.code, done.report["from"]) == (0, "between"), done
    assert one.run("rollback", 0, "--json").report["outcome"] == "already"


def test_between_two_phases_going_back_turns_nothing_on(office):
    one = office(BASE + BETWEEN)
    refused(one.run("rollback", 2), "only goes down", "USE_DAPHNE=true", "use advance")
    assert one.unchanged()


# --- how the file is written ------------------------------------------------------------------------------------


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
        (b"N=caf\xe9 \xff\nUSE_DAPHNE=true\n  \n", b"N=caf\xe9 \xff\nUSE_DAPHNE=false\n  \n"),
        (b"A=back\\slash & $x `y` %s\nUSE_DAPHNE=true\n", b"A=back\\slash & $x `y` %s\nUSE_DAPHNE=false\n"),
    ],
    ids=["plain", "no newline", "crlf", "export", "quoted", "single", "blanks", "twice", "alike", "bytes", "special"],
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
    now = time.time()
    for second in range(8):
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now + second))
        (one.folder / f".env.{stamp}.bak").write_text("older")
    done = one.run("rollback", 0, "--json")
    assert done.code == 0
    assert Path(done.report["copy"]).name.endswith("Z-2.bak")
    assert sum(path.read_text() == "older" for path in one.copies) == 8


# --- refused, and nothing changed -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("to", "words"),
    [
        ("6", "no phase '6'"),
        ("-1", "no phase"),
        ("two", "no phase"),
        ("", "needs a value"),
        ("03", "no phase"),
        ("2 3", "no phase"),
    ],
)
@pytest.mark.parametrize("script", ["advance", "rollback"])
def test_an_unknown_phase_is_refused(script, to, words, office):
    one = office(BASE)
    refused(one.run(script, to), words)
    assert one.unchanged()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--frobnicate"], "no option '--frobnicate'"),
        (["surplus"], "no option 'surplus'"),
        (["--env-file", "/nowhere/.env"], "no env file /nowhere/.env"),
        (["--env-file", "/"], "not a file"),
        (["--env-file", "/dev/null"], "not a file"),
        (["--timeout", "0"], "3 to 600"),
        (["--timeout", "1e3"], "3 to 600"),
        (["--timeout", "010"], "3 to 600"),
        (["--timeout", "9999999999999999999999"], "3 to 600"),
        (["--health", "ftp://x"], "http"),
        (["--health", 'http://x/"y'], "no address"),
        (["--cookie", 'a="b"'], "cookie"),
        (["--cookie", "a=b\nc"], "cookie"),
        (["--restart"], "needs a value"),
    ],
)
def test_wrong_usage_is_refused(options, words, office):
    one = office(BASE + FLAGS[2])
    refused(one.run("rollback", 0, *options), words)
    assert one.unchanged()


@pytest.mark.parametrize("script", ["advance", "rollback"])
def test_a_read_only_file_is_refused_even_for_root(script, office):
    one = office(BASE + REDIS + "USE_DAPHNE=true\n")
    one.file.chmod(0o444)
    refused(one.run(script, 3 if script == "advance" else 0), "read-only")
    assert (one.unchanged(), one.copies, one.restarts) == (True, [], 0)


@pytest.mark.parametrize("name", ["SECRET_KEY", "ALLOWED_HOSTS"])
def test_a_missing_variable_without_which_the_site_would_not_start_is_refused(name, office):
    one = office("".join(line for line in (BASE + FLAGS[2]).splitlines(True) if not line.startswith(name)))
    refused(one.run("rollback", 0), f"{name} is not set")
    assert one.unchanged()
    assert one.run("rollback", 0, "--force").code == 0


def test_with_debug_those_two_may_be_missing(office):
    assert office("DEBUG=true\nUSE_DAPHNE=true\n").run("rollback", 0).code == 0


@pytest.mark.parametrize(("number", "line"), [(1, ""), (3, ""), (4, "REDIS_URL=\n"), (5, "REDIS_URL=' '\n")])
def test_going_up_to_a_phase_that_needs_redis_is_refused_without(number, line, office):
    one = office(BASE + line)
    refused(one.run("advance", number), "REDIS_URL is not set", f"phase {number}", "--force")
    assert one.unchanged()


def test_going_down_needs_no_redis(office):
    one = office(BASE + FLAGS[5].replace(REDIS, ""))
    assert one.run("rollback", 3).code == 0


def test_a_file_that_is_no_text_is_refused(office):
    one = office(BASE.encode() + b"A=\0\nUSE_DAPHNE=true\n")
    refused(one.run("rollback", 0), "NUL")
    assert one.unchanged()


def test_without_a_restart_the_service_is_restarted_or_its_absence_is_one_line(office, tmp_path):
    one = office(BASE + FLAGS[2])
    service = tmp_path / "systemctl"
    service.write_text(
        f'#!/bin/sh\ncase $* in "restart gistagum") {one.restart} ;; *) exit "$(cat "$0.status")" ;; esac\n'
    )
    service.chmod(0o755)

    def run() -> subprocess.CompletedProcess:
        words = ["--to=0", f"--env-file={one.file}", f"--health={one.url}/health/"]
        return subprocess.run(
            ["dash", str(ROOT / "scripts" / "rollback.sh"), *words],
            env={"PATH": f"{tmp_path}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )

    (tmp_path / "systemctl.status").write_text("1")
    done = run()
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "there is no service gistagum here" in done.stderr
    assert (one.unchanged(), one.restarts) == (True, 0)
    (tmp_path / "systemctl.status").write_text("0")
    assert (run().returncode, one.restarts) == (0, 1)


def test_a_missing_curl_is_refused(office, tmp_path):
    one = office(BASE + FLAGS[2])
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in (
        "dash",
        "sh",
        "awk",
        "sed",
        "grep",
        "tr",
        "cmp",
        "ls",
        "id",
        "cat",
        "tail",
        "date",
        "dirname",
        "readlink",
    ):
        (tools / name).symlink_to(subprocess.check_output(["which", name], text=True).strip())
    refused(one.run("rollback", 0, PATH=str(tools)), "curl is missing")
    assert one.unchanged()


def test_a_dry_run_says_what_it_would_do_and_does_nothing(office):
    one = office(BASE + "SECRET=hidden\n" + FLAGS[4])
    done = one.run("rollback", 2, "--dry-run", "--json")
    assert done.code == 0
    assert done.report["outcome"] == "dry-run"
    assert done.report["changes"] == [
        {"name": "WEBSOCKET_BROADCAST", "old": "true", "new": "false"},
        {"name": "USE_WEBSOCKETS", "old": "true", "new": "false"},
    ]
    assert "would set USE_WEBSOCKETS=false (is true)" in done.err
    assert "hidden" not in done.err + done.out
    assert (one.unchanged(), one.copies, one.restarts, one.site.asked) == (True, [], 0, [])


@pytest.mark.parametrize("script", ["advance", "rollback"])
def test_help_names_every_option(script):
    asked = [str(ROOT / "scripts" / f"{script}.sh"), "--help"]
    said = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=10).stdout
    assert f"scripts/{script}.sh --to N" in said
    for option in ("to", "env-file", "restart", "health", "cookie", "timeout", "force", "dry-run", "json"):
        assert f"--{option}" in said


# --- failed, and put back ---------------------------------------------------------------------------------------


def put_back(one: FakeOffice, done, *words: str) -> None:
    """It failed for this reason; file and site are what they were."""
    assert done.code == 1, done
    said = done.err.splitlines()[-1]
    assert all(word in said for word in ("the old file is back", *words)), done.err
    assert one.unchanged()
    assert one.running.read_bytes() == one.text


def on_daphne(answer):
    """This answer from Daphne, and a good one from Gunicorn."""
    return lambda text: answer if "USE_DAPHNE=true" in text else "event"


def test_a_site_that_is_never_healthy_is_put_back(office):
    one = office(BASE)
    one.site.healthy = lambda text: "USE_DAPHNE=true" not in text
    done = one.run("advance", 2, "--timeout", "3")
    put_back(one, done, "/health/ answers 503", "the site runs with it")
    assert one.restarts == 2
    assert done.seconds < 10


@pytest.mark.parametrize("answer", ["silent", "html", "500", "503", "404"])
def test_a_stream_that_does_not_speak_is_put_back(answer, office):
    one = office(BASE + FLAGS[2])
    one.site.stream = lambda text: "event" if "USE_DAPHNE=true" in text else answer
    done = one.run("rollback", 0, "--timeout", "3", "--cookie", COOKIE)
    put_back(one, done, "stays silent" if answer == "silent" else "answers", "/projeng/api/realtime/events/")


def test_a_restart_that_changed_nothing_is_noticed(office):
    one = office(BASE + FLAGS[2])
    one.site.daphne = lambda text: True
    put_back(one, one.run("rollback", 0, "--timeout", "3"), "Daphne still answers, not Gunicorn")


def test_a_restart_that_fails_is_put_back_with_what_it_said(office):
    one = office(BASE)
    failing = f'case $(cat "{one.file}") in *USE_DAPHNE=true*) echo no such unit >&2; exit 5 ;; esac'
    done = one.run("advance", 2, "--restart", failing)
    assert done.code == 1
    assert "the restart failed with 5: no such unit; the old file is back" in done.err
    assert one.unchanged()


def test_a_restart_that_never_ends_is_put_back(office):
    one = office(BASE)
    hanging = f'case $(cat "{one.file}") in *USE_DAPHNE=true*) exec sleep 60 ;; esac'
    done = one.run("advance", 2, "--timeout", "3", "--restart", hanging)
    assert (done.code, one.unchanged()) == (1, True)
    assert "did not end in time" in done.err
    assert done.seconds < 10


def test_it_says_when_the_site_is_not_well_with_the_old_file_either(office):
    one = office(BASE)
    one.site.healthy = lambda text: False
    done = one.run("advance", 2, "--timeout", "3", "--json")
    put_back(one, done, "but the site is not well with it either")
    assert (done.report["outcome"], done.report["event"]) == ("put-back", None)


# --- what the stream and the handshake tell ---------------------------------------------------------------------


def test_without_a_session_it_says_that_no_event_was_seen(office):
    one = office(BASE + FLAGS[2])
    done = one.run("rollback", 0, "--json")
    assert (done.code, done.report["event"]) == (0, "not seen")
    assert "no event was seen, since no --cookie was given" in done.err


def test_a_heartbeat_will_do_and_the_session_may_come_from_the_environment(office):
    one = office(BASE + FLAGS[2])
    one.site.stream = lambda text: "heartbeat"
    done = one.run("rollback", 0, "--json", GISTAGUM_CHECK_COOKIE=COOKIE.partition("=")[2])
    assert (done.code, done.report["event"]) == (0, "heartbeat")


def test_a_session_that_has_run_out_stops_the_way_up_but_not_the_way_down(office):
    one = office(BASE)
    one.site.stream = lambda text: "401"
    put_back(one, one.run("advance", 2, "--cookie", COOKIE), "does not know the session of --cookie")
    one.set(BASE + FLAGS[2])
    done = one.run("rollback", 0, "--cookie", COOKIE)
    assert done.code == 0
    assert "does not know the session" in done.out


def test_a_proxy_that_drops_handshakes_stops_the_way_up_but_not_the_way_down(office):
    one = office(BASE + FLAGS[2])
    one.site.daphne = lambda text: False
    put_back(one, one.run("advance", 3, "--timeout", "3"), "Gunicorn still answers")
    one.set(BASE + FLAGS[5])
    done = one.run("rollback", 3)
    assert done.code == 0
    assert "no handshake gets through" in done.out


def test_where_sse_is_switched_off_its_refusal_is_what_is_expected(office):
    one = office(BASE + FLAGS[5] + "SSE_ENABLED=false\n")
    one.site.stream = lambda text: "503"
    done = one.run("advance", 5, "--force", "--cookie", COOKIE, "--json")
    assert (done.code, done.report["event"]) == (0, "not seen")
    assert "switched off (503), as SSE_ENABLED=false says" in done.err


def test_the_site_is_asked_as_a_proxy_would(office):
    one = office(BASE + FLAGS[2])
    assert one.run("rollback", 0, "--cookie", COOKIE).code == 0
    for path, headers in one.site.asked:
        assert headers["Host"] == "office.example"
        assert headers["X-Forwarded-Proto"] == "https"
        assert ("Cookie" in headers) == path.startswith("/projeng/")


def test_the_address_comes_from_the_file(office):
    one = office(BASE + FLAGS[2])
    one.set(one.text.decode() + f"HOST=0.0.0.0\nPORT={one.url.rpartition(':')[2]}\nHTTPS=false\n")
    words = ["--to", "0", "--env-file", str(one.file), "--restart", one.restart]
    done = subprocess.run(
        ["dash", str(ROOT / "scripts" / "rollback.sh"), *words], capture_output=True, text=True, timeout=20, check=False
    )
    assert done.returncode == 0, done.stderr
    assert f"{one.url}/health/" in done.stdout
    assert "X-Forwarded-Proto" not in one.site.asked[0][1]


# --- interrupted, and two at once -------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
@pytest.mark.parametrize("everybody", [True, False], ids=["terminal", "kill"])
def test_an_interrupted_run_puts_file_and_site_back(number, everybody, office):
    one = office(BASE)
    one.site.healthy = lambda text: "USE_DAPHNE=true" not in text
    process = one.start("advance", 2)
    wait_until(lambda: one.restarts == 1 and one.site.asked, "the site is being waited for")
    assert not one.unchanged()
    (os.killpg if everybody else os.kill)(process.pid, number)
    _, err = process.communicate(timeout=15)
    assert process.returncode == 130, err
    # A shell may tell besides of what it was just waiting for.
    assert err.splitlines()[-1] == "advance: interrupted; the old file is back, and the site runs with it"
    assert one.unchanged()
    assert (one.running.read_bytes(), one.restarts) == (one.text, 2)


def test_a_run_that_is_interrupted_while_it_restarts_restarts_again(office):
    one = office(BASE)
    hanging = f'touch "{one.folder}/begun"; exec sleep 60'
    slow = f'case $(cat "{one.file}") in *USE_DAPHNE=true*) {hanging} ;; esac; {one.restart}'
    process = one.start("advance", 2, "--restart", slow, "--health", f"{one.url}/health/")
    wait_until((one.folder / "begun").exists, "the restart has begun")
    process.terminate()
    _, err = process.communicate(timeout=15)
    assert (process.returncode, err.count("\n")) == (130, 1)
    (one.folder / "begun").unlink()
    assert one.unchanged()
    assert (one.running.read_bytes(), one.restarts) == (one.text, 1)


def test_two_runs_at_once_do_not_mix(office):
    one = office(BASE)
    one.site.healthy = lambda text: "USE_DAPHNE=true" not in text
    first = one.start("advance", 2)
    wait_until(lambda: one.restarts == 1, "the first is at work")
    refused(one.run("rollback", 0), "another run is at work", ".env.lock")
    first.terminate()
    first.communicate(timeout=15)
    assert one.unchanged()


def killed_half_way(one: FakeOffice) -> None:
    """A run whose process was killed after it had changed the file."""
    one.site.healthy = lambda text: False
    process = one.start("advance", 2)
    wait_until(lambda: one.restarts == 1, "the file is changed")
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=5)
    assert (one.folder / ".env.lock").is_dir()
    one.site.healthy = lambda text: True


def test_the_lock_of_a_run_that_was_killed_is_taken_over_and_its_copy_is_named(office):
    one = office(BASE)
    killed_half_way(one)
    [copy] = one.copies
    assert copy.read_bytes() == one.text
    done = one.run("rollback", 0)
    assert done.code == 0, done
    assert f"an earlier run was cut off half-way; the file as it was before it: {copy}" in done.out
    assert not (one.folder / ".env.lock").exists()


def test_after_a_run_that_was_killed_the_site_is_restarted_even_if_the_file_is_right(office):
    one = office(BASE + REDIS)
    killed_half_way(one)
    refused_run = one.run("rollback", 3)
    assert (refused_run.code, "cut off half-way" in refused_run.out) == (2, True)
    done = one.run("advance", 2, "--json")
    assert (done.report["outcome"], done.report["changes"], one.restarts) == ("done", [], 2)
    assert "cut off half-way" in done.err
    assert one.run("advance", 2, "--json").report["outcome"] == "already"


def test_a_lock_with_a_number_that_somebody_else_has_now_is_taken_over(office):
    one = office(BASE + FLAGS[2])
    (one.folder / ".env.lock").mkdir()
    (one.folder / ".env.lock" / "pid").write_text(f"{os.getpid()}\n")
    assert one.run("rollback", 0).code == 0


def test_whoever_reads_along_may_leave(office):
    one = office(BASE + FLAGS[2])
    process = one.start("rollback", 0)
    process.stdout.close()
    process.stderr.close()
    assert process.wait(timeout=20) == 0
    assert values(one.file)["USE_DAPHNE"] == "false"


# --- the shell --------------------------------------------------------------------------------------------------


def test_nothing_of_django_or_python_is_needed(office, tmp_path):
    one = office(BASE + FLAGS[4])
    folder = tmp_path / "elsewhere"
    for name in ("scripts", "env"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("*.py"))
    words = ["--to", "0", "--env-file", ".env", "--restart", one.restart, "--health", f"{one.url}/health/"]
    for name in ("python", "python3"):
        (folder / name).write_text("#!/bin/sh\nexit 99\n")
        (folder / name).chmod(0o755)
    done = subprocess.run(
        ["dash", str(folder / "scripts" / "rollback.sh"), *words],
        cwd=one.folder,
        env={"PATH": f"{folder}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert values(one.file)["USE_DAPHNE"] == "false"


# --- a power cut ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("well", [True, False], ids=["done", "put back"])
def test_what_replaces_the_file_and_what_is_kept_is_on_the_disk_before_it_does(office, tmp_path, well):
    """Some file systems write a name before what it stands for: after a power cut both files would be empty."""
    one = office(BASE + FLAGS[2])
    tools, seen = tmp_path / "tools", tmp_path / "seen"
    tools.mkdir()
    (tools / "sync").write_text(f'#!/bin/sh\ngrep -c BROADCAST=true "{one.file}" >>"{seen}"\necho "$*" >>"{seen}"\n')
    (tools / "sync").chmod(0o755)
    if not well:
        one.site.healthy = lambda text: "WEBSOCKET_BROADCAST=true" not in text
    done = one.run("advance", 3, "--timeout", "6", "--cookie", COOKIE, PATH=f"{tools}:{os.environ['PATH']}")
    assert done.code == (0 if well else 1), done
    [copy] = one.copies
    before_new, new, *back = seen.read_text().splitlines()
    assert (before_new, new) == ("0", f"{one.file}.lock/new {copy}")
    assert back == ([] if well else ["1", f"{one.file}.lock/old"])
