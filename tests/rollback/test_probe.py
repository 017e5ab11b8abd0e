"""What the scripts conclude from the health page, the handshake and the stream."""

import subprocess

import pytest

from tests.support.site import ROOT

from .office import BASE, COOKIE, FLAGS, GUARD_SECONDS, TIMEOUT, put_back


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
    one.site.seconds_per_retry = TIMEOUT // 3
    put_back(one, one.run("advance", 3), "Gunicorn still answers")
    one.set(BASE + FLAGS[5])
    done = one.run("rollback", 3)
    assert done.code == 0
    assert "no handshake gets through" in done.out


def test_a_stream_is_waited_for_even_when_the_restart_has_taken_all_the_time(office):
    one = office(BASE + FLAGS[2])
    one.site.healthy = lambda text: one.clock.advance(TIMEOUT - TIMEOUT // 3) is None
    done = one.run("rollback", 0, "--cookie", COOKIE, "--json")
    assert (done.code, done.report["event"]) == (0, "event"), done


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


def run_by_the_file(one, host: str, base: str = BASE) -> subprocess.CompletedProcess:
    """A rollback that finds the site by HOST and PORT of the file alone."""
    one.set(base + FLAGS[2] + f"HOST={host}\nPORT={one.url.rpartition(':')[2]}\nHTTPS=false\n")
    words = ["--to", "0", "--env-file", str(one.file), "--restart", one.restart]
    return subprocess.run(
        ["dash", str(ROOT / "scripts" / "rollback.sh"), *words],
        capture_output=True,
        text=True,
        timeout=GUARD_SECONDS,
        check=False,
    )


@pytest.mark.parametrize(
    ("host", "listens", "asked"),
    [
        ("0.0.0.0", "127.0.0.1", "127.0.0.1"),
        ("127.0.0.1", "127.0.0.1", "127.0.0.1"),
        ("localhost", "127.0.0.1", "localhost"),
        ("::1", "::1", "[::1]"),
        ("[::1]", "::1", "[::1]"),
        ("0:0:0:0:0:0:0:1", "::1", "[0:0:0:0:0:0:0:1]"),
        ("::", "::", "[::1]"),
        ('"[::]"', "::", "[::1]"),
    ],
)
def test_the_address_comes_from_the_file_however_it_is_spelled(office, host, listens, asked):
    one = office(BASE, listens)
    done = run_by_the_file(one, host)
    assert done.returncode == 0, done.stderr
    assert f"http://{asked}:{one.url.rpartition(':')[2]}/health/" in done.stdout
    assert {headers["Host"] for _, headers in one.site.asked} == {"office.example"}
    assert "X-Forwarded-Proto" not in one.site.asked[0][1]


@pytest.mark.parametrize("host", ["http://office", "[::1", "fe80::1%eth0", "here; rm"])
def test_an_address_that_cannot_be_is_refused_before_anything_changes(office, host):
    one = office(BASE)
    done = run_by_the_file(one, host)
    assert (done.returncode, done.stdout) == (2, ""), done
    assert done.stderr == f"rollback: HOST is '{host}' in {one.file}; it may be a host name or an address\n"
    assert one.unchanged()


def test_an_allowed_host_that_is_an_address_is_asked_for_in_brackets(office):
    one = office(BASE, "::1")
    done = run_by_the_file(one, "::1", "SECRET_KEY=a-secret\nALLOWED_HOSTS=::1\n")
    assert done.returncode == 0, done.stderr
    assert {headers["Host"] for _, headers in one.site.asked} == {"[::1]"}
