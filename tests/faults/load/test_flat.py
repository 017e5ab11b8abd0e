"""Whether memory is flat: what a leak looks like, and what does not make one."""

import pytest

from .held import memory, not_flat

MINUTES = 5
EVERY = 5.0  # seconds


def seen(rss_kb) -> list[str]:
    """What is said of a server whose memory (KB) at a moment (seconds) is this."""
    about = {"cpu_seconds": 0, "threads": 1, "fds": 1}
    moments = [number * EVERY for number in range(int(MINUTES * 60 / EVERY))]
    samples = [(moment, {"daphne": {**about, "rss_kb": rss_kb(moment)}}) for moment in moments]
    return not_flat({"memory": memory(samples, MINUTES * 60)})


def test_what_fills_up_in_the_first_minute_is_no_leak():
    assert seen(lambda moment: 100_000 + 40_000 * min(1, moment / 60)) == []


def test_a_step_now_and_then_is_no_leak():
    assert seen(lambda moment: 100_000 + 2_500 * (moment > 90) + 2_500 * (moment > 230)) == []


@pytest.mark.parametrize("kb_a_minute", [600, 5_000])
def test_a_leak_is_seen(kb_a_minute):
    assert "memory grows by" in seen(lambda moment: 100_000 + kb_a_minute * moment / 60)[0]


def test_a_leak_is_seen_beside_steps():
    assert seen(lambda moment: 100_000 + 700 * moment / 60 + 2_500 * (moment > 90))


def test_steps_that_come_to_much_are_seen():
    assert "more than when it was warm" in seen(lambda moment: 100_000 + 5_000 * (moment // 90))[0]
