"""What the scripts refuse, with one line and without changing anything."""

import os
import subprocess

import pytest

from tests.support.site import ROOT

from .office import BASE, FLAGS, GUARD_SECONDS, REDIS, refused


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
            timeout=GUARD_SECONDS,
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
    said = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=GUARD_SECONDS).stdout
    assert f"scripts/{script}.sh --to N" in said
    for option in ("to", "env-file", "restart", "health", "cookie", "timeout", "force", "dry-run", "json"):
        assert f"--{option}" in said
