"""The cohort: a stable share, groups, callers by name."""

import itertools

import pytest

from switchover.callers import Caller
from switchover.cohort import Cohort, share


def test_a_callers_place_is_the_same_in_every_process():
    assert share("gistagum websocket rollout", "7") == 71.78


def test_each_move_has_other_callers_first():
    places = [(share("one", str(key)), share("other", str(key))) for key in range(50)]
    assert sum(abs(one - other) < 1 for one, other in places) < 10


@pytest.mark.parametrize("percent", [0, 1, 10, 50, 99, 100])
def test_the_share_has_about_so_many_callers(percent):
    cohort = Cohort("salt", percent)
    inside = sum(cohort.includes(Caller(str(key)))[0] for key in range(2000))
    assert abs(inside / 20 - percent) < 4


def test_raising_the_percentage_only_adds_callers():
    callers = [Caller(str(key)) for key in range(300)]
    inside = [{one.key for one in callers if Cohort("salt", percent).includes(one)[0]} for percent in range(0, 101, 10)]
    assert all(fewer <= more for fewer, more in itertools.pairwise(inside))


def test_groups_and_named_callers_are_in_it_whatever_the_share():
    cohort = Cohort("salt", 0, frozenset({"Surveyors"}), frozenset({"importer", "10.0.0.7"}))
    assert cohort.includes(Caller("ana", frozenset({"Surveyors"}))) == (True, "member of Surveyors")
    assert cohort.includes(Caller("importer")) == (True, "named as importer")
    assert cohort.includes(Caller("ben", names=frozenset({"10.0.0.7"}))) == (True, "named as 10.0.0.7")
    assert not cohort.includes(Caller("Surveyors"))[0]
