"""Two runs at once, and the run after one that was killed."""

import os
import signal

from tests.support.ports import wait_until

from .office import BASE, FLAGS, REDIS, FakeOffice, refused


def test_two_runs_at_once_do_not_mix(office):
    one = office(BASE)
    one.site.healthy = lambda text: "USE_DAPHNE=true" not in text
    first = one.start("advance", 2)
    wait_until(lambda: one.restarts == 1, "the first is at work")
    refused(one.run("rollback", 0), "another run is at work", ".env.lock")
    first.terminate()
    one.end(first)
    assert one.unchanged()


def killed_half_way(one: FakeOffice) -> None:
    """A run whose process was killed after it had changed the file."""
    one.site.healthy = lambda text: False
    process = one.start("advance", 2)
    wait_until(lambda: one.restarts == 1, "the file is changed")
    os.killpg(process.pid, signal.SIGKILL)
    one.end(process)
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
