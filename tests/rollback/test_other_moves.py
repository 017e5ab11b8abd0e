"""advance.sh and rollback.sh with --move: another move than that of transports goes up and down by its own files."""

import shutil

import pytest

from tests.support.site import ROOT

from .office import BASE, put_back, refused, values

FILES = {
    0: "# Phase 0, as it was: the old greeting.\nGREETING=morning\nGREETING_PERCENT=100\nGREETING_SHADOW=false\n",
    1: "# Phase 1, shadow: both are asked.\nGREETING=morning\nGREETING_PERCENT=100\n"
    "# or GREETING_PERCENT=0..100\nGREETING_SHADOW=true\n",
    2: "# Phase 2, gradual: a tenth.\nGREETING=evening\n# or GREETING_PERCENT=0..99\nGREETING_PERCENT=10\n"
    "GREETING_SHADOW=false\n",
    3: "# Phase 3, default: everybody.\nGREETING=evening\nGREETING_PERCENT=100\nGREETING_SHADOW=false\n",
}
MOVE = ("--move", "greeting")


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A folder with the scripts and the files of a move."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copytree(ROOT / "scripts", folder / "scripts")
    shutil.copytree(ROOT / "env", folder / "env")
    for number, text in FILES.items():
        (folder / "env" / f"greeting-phase-{number}.env").write_text(text)
    return folder


@pytest.fixture
def site(office, root):
    """An office whose scripts know the move."""

    def make(text):
        one = office(text)
        one.root = root
        return one

    return make


def flags(one):
    return {name: value for name, value in values(one.file).items() if name.startswith("GREETING")}


def test_it_goes_up_step_by_step_and_down_in_one(site):
    one = site(BASE + "USE_DAPHNE=false\n")
    for number in (1, 2, 3):
        done = one.run("advance", number, *MOVE, "--json")
        assert done.code == 0, done
        assert (done.report["move"], done.report["outcome"], done.report["to"]) == ("greeting", "done", number)
    assert flags(one) == {"GREETING": "evening", "GREETING_PERCENT": "100", "GREETING_SHADOW": "false"}
    done = one.run("rollback", 0, *MOVE, "--json")
    assert (done.code, done.report["from"]) == (0, "3")
    assert flags(one)["GREETING"] == "morning"
    assert values(one.file)["USE_DAPHNE"] == "false"  # the flags of another move are left alone
    assert one.running.read_bytes() == one.file.read_bytes()
    assert {path for path, _ in one.site.asked} == {"/health/"}  # the streams are the transport's


def test_the_wrong_way_is_refused_and_the_other_script_is_named(site):
    one = site(BASE + "GREETING=evening\n")
    refused(one.run("advance", 1, *MOVE), "in phase 3", "rollback.sh --move greeting --to 1")
    one.set(BASE)
    refused(one.run("rollback", 3, *MOVE), "in phase 0", "advance.sh --move greeting --to 3")
    assert one.unchanged()


def test_named_callers_without_a_percentage_are_a_small_cohort_that_stays(site):
    one = site(BASE + "GREETING_CALLERS=ana\n")
    assert one.run("advance", 2, *MOVE, "--force").code == 0
    assert flags(one) == {"GREETING": "evening", "GREETING_CALLERS": "ana"}


def test_what_fails_is_put_back(site):
    one = site(BASE)
    one.site.healthy = lambda text: "GREETING_SHADOW=true" not in text
    one.site.seconds_per_retry = 30
    put_back(one, one.run("advance", 1, *MOVE), "answers 503")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--move", "nothing"), "there is no move 'nothing'"),
        (("--move", "../greeting"), "--move is '../greeting'"),
        (("--move", "Greeting"), "--move is 'Greeting'"),
    ],
)
def test_a_move_that_there_is_not_is_refused(site, words, said):
    one = site(BASE)
    refused(one.run("advance", 1, *words), said)
    assert one.unchanged()


def test_a_phase_that_the_move_has_not_is_refused(site):
    refused(site(BASE).run("advance", 4, *MOVE), "there is no phase '4'", "0 to 3")


def test_the_transport_can_be_named(site):
    done = site(BASE).run("advance", 0, "--move", "transport", "--dry-run", "--json")
    assert (done.code, "move" in done.report) == (0, False)
