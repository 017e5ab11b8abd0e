"""What is said again and again is counted; what is rare, or a fault, is always said."""

import logging

import pytest

from gistagum.log_throttle import LINES, SECONDS, LogThrottle


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def say(clock):
    """``say("text %s", 1)``: the line as it is written; ``None`` when it is left out."""
    throttle = LogThrottle(clock)

    def line(text, *arguments, name="django.request", level=logging.WARNING, **extra):
        record = logging.LogRecord(name, level, "", 0, text, arguments, None)
        record.__dict__.update(extra)
        return record.getMessage() if throttle.filter(record) else None

    return line


def test_a_few_lines_of_a_kind_are_written_in_a_minute_and_then_the_number_of_the_others(say, clock):
    written = [say("%s: %s", "Not Found", f"/{number}", status_code=404) for number in range(500)]
    assert [line for line in written if line] == [f"Not Found: /{number}" for number in range(LINES)]
    clock.now += SECONDS
    assert say("%s: %s", "Not Found", "/x", status_code=404) == "Not Found: /x (490 more like it since the last one)"
    assert say("%s: %s", "Not Found", "/y", status_code=404) == "Not Found: /y"


def test_that_somebody_was_refused_is_one_line_a_minute_for_each_kind(say, clock):
    kinds = ["Refused, too many tries to sign in.", "Refused, one person opens live connections too often."]
    for kind in kinds:
        assert say(kind, name="ours") == kind
        assert [say(kind, name="ours") for _ in range(50)] == [None] * 50
    clock.now += SECONDS
    assert [say(kind, name="ours") for kind in kinds] == [
        f"{kind} (50 more like it since the last one)" for kind in kinds
    ]


def test_an_answer_of_429_is_not_said_twice(say):
    assert say("%s: %s", "Too Many Requests", "/", status_code=429) is None


def test_faults_are_always_written(say):
    written = [say("%s: %s", "Internal Server Error", "/", level=logging.ERROR, status_code=500) for _ in range(50)]
    assert None not in written


def test_requests_for_other_hosts_are_errors_that_anybody_can_send(say):
    name = "django.security.DisallowedHost"
    written = [say(f"Invalid HTTP_HOST header: {number}", name=name, level=logging.ERROR) for number in range(99)]
    assert len([line for line in written if line]) == LINES


def test_what_servers_say_of_requests_is_of_one_kind_whoever_sent_them(say):
    text = "Invalid request from ip=127.0.0.{}: limit request headers fields size"
    written = [say(text.format(number), name="gunicorn.error") for number in range(99)]
    assert len([line for line in written if line]) == LINES


def test_one_kind_takes_nothing_from_another(say):
    for _ in range(99):
        say("%s: %s", "Not Found", "/", status_code=404)
    assert say("%s: %s", "Forbidden", "/", status_code=403)
    assert say("something else")


def test_a_sign_of_percent_in_what_is_counted_does_no_harm(say, clock):
    for _ in range(99):
        say("100%")
    clock.now += SECONDS
    assert say("100%") == "100% (89 more like it since the last one)"


def test_what_is_said_of_anything_else_than_requests_is_always_written(say):
    assert None not in [say("A reader is let go: it took nothing for %.0f s.", 20.0, name="ours") for _ in range(50)]


def test_any_number_of_kinds_takes_bounded_memory(clock):
    throttle = LogThrottle(clock)
    for number in range(5_000):
        throttle.filter(logging.LogRecord(f"django.{number}", logging.INFO, "", 0, "text", (), None))
    assert len(throttle._kinds) <= 1_001
