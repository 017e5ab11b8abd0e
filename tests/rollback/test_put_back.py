"""A run that fails or is interrupted puts the old file back and restarts the site with it."""

import os
import signal

import pytest

from tests.support.ports import wait_until

from .office import BASE, COOKIE, FLAGS, GUARD_SECONDS, TIMEOUT, put_back, values

GIVEN_UP = f"failed after {TIMEOUT - TIMEOUT // 3} s"  # the last third is for putting back


def test_a_site_that_is_never_healthy_is_put_back(office):
    one = office(BASE)
    one.site.healthy = lambda text: "USE_DAPHNE=true" not in text
    one.site.seconds_per_retry = TIMEOUT // 3
    done = one.run("advance", 2)
    put_back(one, done, GIVEN_UP, "/health/ answers 503", "the site runs with it")
    assert one.restarts == 2


@pytest.mark.parametrize(
    ("health", "words"),
    [
        ("database: wrong password", "/health/ answers 503 (database: wrong password); "),
        ("database: read-only\nand more", "/health/ answers 503 (database: read-only); "),
        ("<html>no gateway</html>", "/health/ answers 503; "),
        ('database: "; rm', "/health/ answers 503; "),
    ],
)
def test_what_a_site_says_of_its_database_is_passed_on(office, health, words):
    one = office(BASE)
    one.site.healthy = lambda text: "USE_DAPHNE=true" not in text
    one.site.health = health
    one.site.seconds_per_retry = TIMEOUT // 3
    done = one.run("advance", 2)
    put_back(one, done, GIVEN_UP, words, "the site runs with it")


@pytest.mark.parametrize("answer", ["silent", "html", "500", "503", "404"])
def test_a_stream_that_does_not_speak_is_put_back(answer, office):
    one = office(BASE + FLAGS[2])
    one.site.stream = lambda text: "event" if "USE_DAPHNE=true" in text else answer
    one.site.seconds_per_retry = TIMEOUT // 3
    done = one.run("rollback", 0, "--cookie", COOKIE)
    put_back(one, done, "stays silent" if answer == "silent" else "answers", "/projeng/api/realtime/events/")


def test_a_restart_that_changed_nothing_is_noticed(office):
    one = office(BASE + FLAGS[2])
    one.site.daphne = lambda text: True
    one.site.seconds_per_retry = TIMEOUT // 3
    put_back(one, one.run("rollback", 0), GIVEN_UP, "Daphne still answers, not Gunicorn")


def test_a_restart_that_fails_is_put_back_with_what_it_said(office):
    one = office(BASE)
    failing = f'case $(cat "{one.file}") in *USE_DAPHNE=true*) echo no such unit >&2; exit 5 ;; esac'
    done = one.run("advance", 2, "--restart", failing)
    assert done.code == 1
    assert "the restart failed with 5: no such unit; the old file is back" in done.err
    assert one.unchanged()


def test_a_restart_that_never_ends_is_put_back(office, tmp_path):
    one = office(BASE)
    hanging = f'case $(cat "{one.file}") in *USE_DAPHNE=true*) touch "{tmp_path}/begun"; exec sleep 60 ;; esac'
    process = one.start("advance", 2, "--restart", hanging)
    wait_until((tmp_path / "begun").exists, "the restart has begun")
    one.clock.advance(TIMEOUT - TIMEOUT // 3)
    done = one.end(process)
    assert (done.code, one.unchanged()) == (1, True)
    assert f"{GIVEN_UP}: the restart did not end in time" in done.err


def test_it_says_when_the_site_is_not_well_with_the_old_file_either(office):
    one = office(BASE)
    one.site.healthy = lambda text: False
    one.site.seconds_per_retry = TIMEOUT // 3
    done = one.run("advance", 2, "--json")
    put_back(one, done, "but the site is not well with it either")
    assert (done.report["outcome"], done.report["event"]) == ("put-back", None)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
@pytest.mark.parametrize("everybody", [True, False], ids=["terminal", "kill"])
def test_an_interrupted_run_puts_file_and_site_back(number, everybody, office):
    one = office(BASE)
    one.site.healthy = lambda text: "USE_DAPHNE=true" not in text
    process = one.start("advance", 2)
    wait_until(lambda: one.restarts == 1 and one.site.asked, "the site is being waited for")
    assert not one.unchanged()
    (os.killpg if everybody else os.kill)(process.pid, number)
    done = one.end(process)
    assert done.code == 130, done
    # A shell may tell besides of what it was just waiting for.
    assert done.err.splitlines()[-1] == "advance: interrupted; the old file is back, and the site runs with it"
    assert one.unchanged()
    assert (one.running.read_bytes(), one.restarts) == (one.text, 2)


def test_a_run_that_is_interrupted_while_it_restarts_restarts_again(office):
    one = office(BASE)
    hanging = f'touch "{one.folder}/begun"; exec sleep 60'
    slow = f'case $(cat "{one.file}") in *USE_DAPHNE=true*) {hanging} ;; esac; {one.restart}'
    process = one.start("advance", 2, "--restart", slow, "--health", f"{one.url}/health/")
    wait_until((one.folder / "begun").exists, "the restart has begun")
    process.terminate()
    done = one.end(process)
    assert (done.code, done.err.count("\n")) == (130, 1)
    (one.folder / "begun").unlink()
    assert one.unchanged()
    assert (one.running.read_bytes(), one.restarts) == (one.text, 1)


def test_whoever_reads_along_may_leave(office):
    one = office(BASE + FLAGS[2])
    process = one.start("rollback", 0)
    process.stdout.close()
    process.stderr.close()
    assert process.wait(GUARD_SECONDS) == 0
    assert values(one.file)["USE_DAPHNE"] == "false"
