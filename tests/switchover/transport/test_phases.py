"""Which phase some switches make."""

import itertools

import pytest

from switchover.transport import phases

BASE = {
    "USE_DAPHNE": False,
    "WEBSOCKET_BROADCAST": False,
    "USE_WEBSOCKETS": False,
    "WEBSOCKET_ROLLOUT_PERCENT": 100,
    "WEBSOCKET_ROLLOUT_GROUPS": [],
    "WEBSOCKET_SHADOW": False,
    "SSE_ENABLED": True,
    "REDIS_URL": False,
}
TWO = {"USE_DAPHNE": True}
THREE = {**TWO, "WEBSOCKET_BROADCAST": True}
TOLD = {**THREE, "USE_WEBSOCKETS": True}


@pytest.mark.parametrize(
    ("switches", "number"),
    [
        ({}, 0),
        ({"REDIS_URL": True}, 1),
        (TWO, 2),
        ({**TWO, "REDIS_URL": True}, 2),
        (THREE, 3),
        ({**THREE, "WEBSOCKET_SHADOW": True}, 3),
        ({**TOLD, "WEBSOCKET_ROLLOUT_PERCENT": 10}, 4),
        ({**TOLD, "WEBSOCKET_ROLLOUT_PERCENT": 0, "WEBSOCKET_ROLLOUT_GROUPS": ["Head Engineer"]}, 4),
        ({**TOLD, "WEBSOCKET_SHADOW": True}, 4),
        (TOLD, 5),
        ({**TOLD, "SSE_ENABLED": False}, 5),
        ({"WEBSOCKET_BROADCAST": True}, None),
        ({**TWO, "WEBSOCKET_SHADOW": True}, None),
        ({**TWO, "USE_WEBSOCKETS": True}, None),
        ({**THREE, "SSE_ENABLED": False}, None),
        ({**TOLD, "WEBSOCKET_ROLLOUT_PERCENT": 10, "SSE_ENABLED": False}, None),
    ],
)
def test_switches_make_a_phase_or_stand_between_two(switches, number):
    standing = phases.standing({**BASE, **switches})
    assert standing.number == number
    assert standing.why


def test_whatever_the_switches_hold_there_is_an_answer():
    booleans = [name for name, value in BASE.items() if isinstance(value, bool)]
    for values in itertools.product((True, False), repeat=len(booleans)):
        for percent, groups in itertools.product((0, 50, 100), ([], ["Head Engineer"])):
            more = {"WEBSOCKET_ROLLOUT_PERCENT": percent, "WEBSOCKET_ROLLOUT_GROUPS": groups}
            standing = phases.standing({**dict(zip(booleans, values, strict=True)), **more})
            assert standing.number in {None, *phases.NAMES}
            assert str(standing)


@pytest.mark.parametrize("name", BASE)
def test_a_process_of_other_code_that_says_nothing_of_a_switch_stands_between(name):
    """While new code comes to one server after the other, some say more of themselves than others."""
    standing = phases.standing({one: value for one, value in BASE.items() if one != name})
    assert standing.number is None
    assert name in standing.why
    assert phases.standing({**BASE, "SOME_LATER_SWITCH": True}).number == 0
