"""Which transport somebody gets, and why: every combination of flags, cohort and holds."""

import itertools

import pytest

from switchover.transport.transport import (
    SHADOW,
    SSE,
    WEBSOCKET,
    Decision,
    Demotions,
    Flags,
    Person,
    cohort,
    decide,
    share,
)


def flags(use=True, shadow=False, percent=100, groups=()):
    return Flags(use_websockets=use, shadow=shadow, percent=percent, groups=frozenset(groups))


ANYBODY = Person(7)


def test_everybody_gets_websocket_when_the_flags_say_so():
    assert decide(flags(), ANYBODY, Demotions()) == Decision(WEBSOCKET, f"share {share(7):.2f} is within 100 %")


@pytest.mark.parametrize("shadow", [True, False])
@pytest.mark.parametrize("percent", [0, 100])
@pytest.mark.parametrize("staff", [True, False])
def test_the_kill_switch_leaves_nobody_on_websocket(shadow, percent, staff):
    person = Person(7, is_staff=staff, groups=frozenset({"Head Engineer"}))
    decision = decide(flags(use=False, shadow=shadow, percent=percent, groups=["Head Engineer"]), person, Demotions())
    assert decision.transport == (SHADOW if shadow and staff else SSE)
    assert "USE_WEBSOCKETS is false" in decision.reason


def test_staff_do_not_shadow_where_it_was_taken_away():
    decision = decide(flags(use=False, shadow=True), Person(7, is_staff=True), Demotions(everybody="too slow"))
    assert decision.transport == SSE


def test_in_shadow_the_cohort_runs_both_and_the_others_sse():
    granted = flags(shadow=True, percent=0, groups=["Finance Manager"])
    assert decide(granted, Person(7, groups=frozenset({"Finance Manager"})), Demotions()).transport == SHADOW
    assert decide(granted, ANYBODY, Demotions()).transport == SSE


@pytest.mark.parametrize(
    ("holds", "why"),
    [
        (Demotions(everybody="the proxy"), "taken away from everybody: the proxy"),
        (Demotions(users={7: "asked for it"}), "taken away from this person: asked for it"),
        (Demotions(groups={"Engineers": "slow phones"}), "taken away from group Engineers: slow phones"),
    ],
)
def test_what_is_taken_away_at_run_time_wins_over_what_is_granted(holds, why):
    assert decide(flags(), Person(7, groups=frozenset({"Engineers"})), holds) == Decision(SSE, why)


def test_what_is_taken_from_others_is_left_to_the_rest():
    holds = Demotions(users={8: "asked"}, groups={"Engineers": "slow"})
    assert decide(flags(), ANYBODY, holds).transport == WEBSOCKET


def test_nothing_at_run_time_can_grant_what_the_flags_do_not():
    """Holds only narrow: whatever holds there are, nobody leaves SSE who would be there without any."""
    everyone = [Person(number, number % 2 == 0, frozenset({"A"} if number % 3 else set())) for number in range(60)]
    holds = [Demotions(), Demotions(everybody="x"), Demotions(users={1: "x", 2: "y"}), Demotions(groups={"A": "x"})]
    for use, shadow, percent in itertools.product((True, False), (True, False), (0, 30, 100)):
        granted = flags(use=use, shadow=shadow, percent=percent)
        for person, hold in itertools.product(everyone, holds):
            free, held = decide(granted, person, Demotions()), decide(granted, person, hold)
            assert held.transport in {SSE, free.transport}


def test_raising_the_percentage_only_ever_adds_people():
    people = [Person(number) for number in range(2_000)]
    before: set[int] = set()
    for percent in range(0, 101, 5):
        inside = {person.user_id for person in people if cohort(flags(percent=percent), person)[0]}
        assert before <= inside
        assert abs(len(inside) / 20 - percent) < 4  # a fair share of them
        before = inside
    assert len(before) == 2_000


def test_the_place_of_a_user_never_changes():
    assert [share(number) for number in (1, 2, 3)] == [80.54, 53.33, 81.09]  # across releases, too
    assert len({share(number) for number in range(1_000)}) > 900
    assert all(0 <= share(number) < 100 for number in range(1_000))


def test_groups_are_in_whatever_the_percentage():
    inside, why = cohort(flags(percent=0, groups=["Head Engineer"]), Person(7, groups=frozenset({"Head Engineer"})))
    assert (inside, why) == (True, "member of Head Engineer")
