"""The check for memory growth distinguishes a leak from a warm-up and from single steps."""

import pytest

from .sustained import growing_processes, memory

MINUTES = 5
EVERY = 5.0  # seconds


def seen(rss_kb) -> dict:
    """Return the report of a server whose memory (KB) is a function of the time (seconds)."""
    about = {"cpu_seconds": 0, "threads": 1, "fds": 1}
    moments = [number * EVERY for number in range(int(MINUTES * 60 / EVERY))]
    return memory([(moment, {"daphne": {**about, "rss_kb": rss_kb(moment)}}) for moment in moments], MINUTES * 60)


def test_what_fills_up_in_the_first_minute_is_no_growth():
    assert growing_processes({"memory": seen(lambda moment: 100_000 + 40_000 * min(1, moment / 60))}) == []


@pytest.mark.parametrize("kb_a_minute", [600, 5_000])
def test_growth_is_a_fault(kb_a_minute):
    assert growing_processes({"memory": seen(lambda moment: 100_000 + kb_a_minute * moment / 60)})


def test_a_leak_grows_usually_and_a_step_does_not():
    assert seen(lambda moment: 100_000 + 700 * moment / 60)["daphne"]["usual_kb_a_minute"] == pytest.approx(700)
    assert seen(lambda moment: 100_000 + 2_500 * (moment > 90))["daphne"]["usual_kb_a_minute"] == 0
