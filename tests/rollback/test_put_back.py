"""A run that fails or is interrupted puts the old file back and restarts the site with it."""

import os
import signal

import pytest

from tests.support.ports import wait_until

from .office import BASE, COOKIE, FLAGS, put_back, values


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


def test_whoever_reads_along_may_leave(office):
    one = office(BASE + FLAGS[2])
    process = one.start("rollback", 0)
    process.stdout.close()
    process.stderr.close()
    assert process.wait(timeout=20) == 0
    assert values(one.file)["USE_DAPHNE"] == "false"
