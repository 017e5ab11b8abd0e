"""Which phase an env file is in, and what advance.sh and rollback.sh change to get to another."""

from pathlib import Path

import pytest

from .office import BASE, COOKIE, FLAGS, REDIS, phase, refused, values

NUMBERS = range(6)
UP = [(1, 2), (2, 3), (3, 4), (4, 5), (0, 5)]


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
