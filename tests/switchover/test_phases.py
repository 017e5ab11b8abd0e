"""The phases of a move, as its files define them."""

import pytest

from switchover.phases import Phase, phase_of, phases, standing

TEXTS = {
    0: "# Phase 0, as it was: nothing.\nGREETING=morning\nGREETING_PERCENT=100\nGREETING_SHADOW=false\n",
    1: "# Phase 1, shadow. Both.\nGREETING=morning\n# or GREETING_PERCENT=0..100\nGREETING_PERCENT=100\n"
    "GREETING_SHADOW=true\n",
    2: "# Phase 2, gradual: some.\n# needs REDIS_URL\nGREETING=evening\n# or GREETING_PERCENT=0..99\n"
    "GREETING_PERCENT=10\n# or GREETING_SHADOW=true\nGREETING_SHADOW=false\n",
    3: "# Phase 3, default: all.\nGREETING=evening\nGREETING_PERCENT=100\nGREETING_SHADOW=false\n",
}
PHASES = [phase_of(number, text) for number, text in TEXTS.items()]


@pytest.mark.parametrize(
    ("values", "number"),
    [
        (("morning", 100, False), 0),
        (("morning", 5, True), 1),
        (("evening", 10, False), 2),
        (("evening", 55, True), 2),
        (("evening", 100, False), 3),
        (("evening", 100, True), None),
        (("morning", 5, False), None),
    ],
)
def test_the_flags_make_a_phase_or_none(values, number):
    named = dict(zip(("GREETING", "GREETING_PERCENT", "GREETING_SHADOW"), values, strict=True))
    found = standing(PHASES, named)
    assert found.number == number
    assert ("between phases" in str(found)) == (number is None)


def test_the_name_is_that_of_the_first_line():
    assert [phase.name for phase in PHASES] == ["as it was", "shadow", "gradual", "default"]


def test_a_server_that_knows_nothing_of_the_move_runs_other_code():
    assert "it runs other code" in standing(PHASES, {"USE_DAPHNE": True}).why


def test_files_are_read_up_to_the_first_that_is_missing(tmp_path):
    for number in (0, 1, 3):
        (tmp_path / f"greeting-phase-{number}.env").write_text(TEXTS[number])
    found = phases(tmp_path, "greeting")
    assert list(found) == [0, 1]
    assert found[1] == PHASES[1]
    assert phases(tmp_path, "nothing") == {}


def test_without_phases_nothing_stands_anywhere():
    assert standing([], {}).number is None
    assert standing([Phase(0, "", {})], {}).number == 0
