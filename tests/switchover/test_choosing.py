"""Flags grant, demotions only take away: every combination."""

import pytest

from switchover.callers import Caller
from switchover.choosing import Grants, Taken, Way, choose
from switchover.cohort import Cohort

ANA = Caller("ana", frozenset({"Surveyors"}))


def grants(new=True, shadow=False, percent=100, groups=()):
    return Grants(new, shadow, Cohort("salt", percent, frozenset(groups)), "GREETING is old", "GREETING_SHADOW is true")


def test_the_cohort_is_given_the_new_way_and_the_others_the_old_one():
    assert choose("old", "new", grants(), ANA, Taken()).name == "new"
    assert choose("old", "new", grants(percent=0), ANA, Taken()).name == "old"
    assert choose("old", "new", grants(percent=0, groups=["Surveyors"]), ANA, Taken()).name == "new"


@pytest.mark.parametrize("early", [None, " and ana asked"])
@pytest.mark.parametrize("shadow", [True, False])
def test_with_the_switch_at_the_old_way_nobody_is_given_the_new_one(shadow, early):
    way = choose("old", "new", grants(new=False, shadow=shadow), ANA, Taken(), early)
    assert way.name == "old"
    assert way.shadow == (shadow and early is not None)
    assert "GREETING is old" in way.reason


@pytest.mark.parametrize(
    ("taken", "why"),
    [
        (Taken(everybody="slow"), "taken away from everybody: slow"),
        (Taken(callers={"ana": "asked"}), "taken away from this caller: asked"),
        (Taken(groups={"Surveyors": "old tablets"}), "taken away from group Surveyors: old tablets"),
    ],
)
def test_what_is_taken_away_wins_over_what_is_granted(taken, why):
    assert choose("old", "new", grants(), ANA, taken) == Way("old", False, why)
    assert choose("old", "new", grants(shadow=True), ANA, taken) == Way("old", False, why)
    assert not choose("old", "new", grants(new=False, shadow=True), ANA, taken, " and ana asked").shadow


def test_what_is_taken_from_others_leaves_the_rest_alone():
    taken = Taken(callers={"ben": "asked"}, groups={"Engineers": "slow"})
    assert choose("old", "new", grants(), ANA, taken).name == "new"


def test_in_shadow_the_old_way_answers_and_the_new_one_is_compared():
    assert choose("old", "new", grants(shadow=True), ANA, Taken())[:2] == ("old", True)
    assert choose("old", "new", grants(shadow=True, percent=0), ANA, Taken())[:2] == ("old", False)
