"""``manage.py parity_report``: what was reported, from the database to words and JSON."""

import json
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from projeng import inbox
from projeng.access import Role
from realtime.log import numbering, position
from realtime.log.models import Event, LogEpoch
from realtime.parity.models import Fallback, Feedback, LinkReport, Receipt
from switchover.transport.report import measure
from tests.support.people import person
from tests.support.reports import link, receive

pytestmark = pytest.mark.django_db


def told(*people, number: int) -> list[int]:
    """Sends so many notifications to each of these people; the ids of the events."""
    before = Event.objects.latest("pk").pk
    for one in range(number):
        inbox.send(people, f"Number {one}")
    return list(Event.objects.filter(pk__gt=before, type="notification").order_by("pk").values_list("pk", flat=True))


def outcome(capsys, *words: str) -> dict:
    call_command("parity_report", "--json", *words)
    return json.loads(capsys.readouterr().out)


def test_it_finds_what_was_lost_doubled_and_late_on_each_transport(capsys):
    head, other = person(Role.HEAD), person(Role.HEAD)
    ids = told(head, number=60)
    socket = link(head, "websocket", ids)
    receive(socket, ids[:10] + ids[11:30] + ids[29:50] + [ids[51], ids[50]] + ids[52:])
    stream = link(other, "sse", ids)
    receive(stream, [], delay_ms=1)
    found = outcome(capsys)
    one = found["transports"]["websocket"]
    assert (one["owed"], one["delivered"], one["missing"], one["duplicates"], one["out_of_order"]) == (60, 59, 1, 1, 1)
    assert found["transports"]["sse"]["owed"] == 0  # nothing was for them
    assert found["transports"]["poll"]["tried"] == 0
    assert found["verdict"] == "bad"
    [check] = [check for check in found["checks"] if check["outcome"] == "bad"]
    assert (check["name"], check["value"], check["limit"], check["people"]) == ("missing events", 1, 0, 1)


def test_without_data_it_says_so_and_does_not_guess(capsys):
    call_command("parity_report")
    words = capsys.readouterr().out
    assert words.endswith("Verdict: not enough data\n")
    assert "p99 in ms: not enough data, 0 of 50" in words
    found = outcome(capsys)
    assert found["verdict"] == "not enough data"
    assert {check["outcome"] for check in found["checks"]} == {"not enough data"}


def test_enough_data_within_the_limits_is_good(capsys, settings):
    settings.ROLLOUT_MIN_CONNECTIONS, settings.ROLLOUT_MIN_EVENTS = 2, 4
    head = person(Role.HEAD)
    ids = told(head, number=4)
    receive(link(head, "websocket", ids), ids)
    assert outcome(capsys)["verdict"] == "not enough data"
    link(head, "websocket", ids[:0])
    assert outcome(capsys)["verdict"] == "good"


def test_each_limit_can_be_broken(settings):
    settings.ROLLOUT_MIN_CONNECTIONS, settings.ROLLOUT_MIN_EVENTS = 2, 2
    settings.ROLLOUT_MAX_FAILED_PERCENT, settings.ROLLOUT_MAX_P99_MS, settings.ROLLOUT_MAX_MISSING = 50, 1000, 1
    head = person(Role.HEAD)
    ids = told(head, number=4)
    first = link(head, "websocket", ids)
    receive(first, ids, delay_ms=1000)
    failed = link(head, "websocket", [], worked_at=None, ended_at=timezone.now(), reason="blocked")
    now = timezone.now()
    hour = timedelta(hours=1)

    def outcomes() -> list[str]:
        return [check.outcome for check in measure(now - hour, now + hour).checks]

    assert outcomes() == ["good", "good", "good"]
    Receipt.objects.filter(event_id=ids[0]).update(delay_ms=1001)
    assert outcomes() == ["good", "good", "bad"]
    Receipt.objects.filter(event_id__in=ids[:1]).delete()
    assert outcomes() == ["good", "good", "good"]
    Receipt.objects.filter(event_id=ids[1]).delete()
    assert outcomes() == ["good", "bad", "good"]
    failed.pk, failed.link = None, "another-link"
    failed.save()
    assert outcomes() == ["bad", "bad", "good"]


def test_only_what_lies_in_the_span_counts(capsys):
    head = person(Role.HEAD)
    ids = told(head, number=10)
    Event.objects.filter(pk__in=ids[:4]).update(at=timezone.now() - timedelta(hours=2))
    old = link(head, "websocket", ids)
    receive(old, ids[:2] + ids[4:])
    LinkReport.objects.update(opened_at=timezone.now() - timedelta(hours=3))
    one = outcome(capsys)["transports"]["websocket"]
    assert (one["owed"], one["delivered"], one["missing"], one["tried"]) == (6, 6, 0, 0)
    one = outcome(capsys, "--since", "1d")["transports"]["websocket"]
    assert (one["owed"], one["delivered"], one["missing"], one["tried"]) == (10, 8, 2, 1)


def test_nobody_is_judged_for_events_before_what_they_may_see_changed(capsys):
    engineer = person(Role.ENGINEER)
    before = told(engineer, number=3)
    engineer.first_name = "New"
    engineer.save()
    after = told(engineer, number=2)
    link(engineer, "websocket", before + after)
    one = outcome(capsys)["transports"]["websocket"]
    assert (one["owed"], one["missing"], one["unjudged_people"]) == (2, 2, 1)


def test_fallbacks_and_peoples_word_are_in_it(capsys):
    head = person(Role.HEAD)
    for number, reason in enumerate(["blocked", "blocked", "silent"]):
        now = timezone.now()
        Fallback.objects.create(user=head, name=f"n{number}", left="websocket", taken="sse", reason=reason, at=now)
    Feedback.objects.create(user=head, live=True, transport="websocket", comment="quick \x1b[31m\nas can be")
    Feedback.objects.create(user=head, live=False, transport="sse")
    found = outcome(capsys)
    assert found["fallbacks"] == [
        {"from": "websocket", "to": "sse", "reason": "blocked", "times": 2},
        {"from": "websocket", "to": "sse", "reason": "silent", "times": 1},
    ]
    assert found["feedback"]["transports"] == {"sse": {"yes": 0, "no": 1}, "websocket": {"yes": 1, "no": 0}}
    assert len(found["feedback"]["comments"]) == 1
    call_command("parity_report")
    words = capsys.readouterr().out
    assert "Fallbacks: WebSocket to SSE, blocked: 2\n" in words
    assert "People on WebSocket: 1 say that it is live, 0 that it is not\n" in words
    assert "quick  [31m as can be\n" in words


def test_in_words_it_names_every_number(capsys):
    head = person(Role.HEAD)
    ids = told(head, number=3)
    receive(link(head, "websocket", ids), [ids[0], ids[0], ids[2]], delay_ms=40)
    link(head, "websocket", [], worked_at=None, ended_at=timezone.now(), reason="blocked")
    receive(link(head, "websocket", ids, shown=False), ids, delay_ms=10)
    call_command("parity_report", "--since", "30m")
    words = capsys.readouterr().out
    assert "WebSocket: 1 person\n" in words
    assert "  connections: 3 tried, 1 failed (blocked 1), 0 lost\n" in words
    assert (
        "  events: 5 delivered, 1 missing of 6 owed, 1 duplicates, 0 out of order, 0 late, 0 caught up with\n" in words
    )
    assert "  commit to browser: p50 10 ms, p95 40 ms, p99 40 ms (of 5, not enough data: 50 would be)\n" in words
    assert "  WebSocket was first with 2, by 30 ms in the middle\n" in words
    assert "WebSocket: missing events: 1 (of 6, 1 person hit) is over the limit of 0\n" in words


@pytest.mark.parametrize("text", ["", "1", "h", "0h", "1.5h", "91d", "1w", "1h ", "99999d"])
def test_a_span_that_is_none_is_wrong_usage(text):
    with pytest.raises(CommandError, match="no time span such as 30m, 1h or 7d"):
        call_command("parity_report", "--since", text)


def test_it_costs_the_same_number_of_queries_for_one_as_for_many(capsys):
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            measure(timezone.now() - timedelta(hours=1), timezone.now())
        return len(queries)

    heads = [person(Role.HEAD) for _ in range(6)]
    ids = told(*heads, number=5)
    receive(link(heads[0], "websocket", ids), ids)
    one = cost()
    for head in heads:
        for transport in ("sse", "websocket"):
            receive(link(head, transport, ids), ids)
    assert cost() == one <= 12


# --- epochs, and how long events waited for their places --------------------------------------------------------


def epoch_after(cut: int) -> LogEpoch:
    """A new epoch, in which the events after ``cut`` are lost."""
    Event.objects.filter(id__gt=cut).delete()
    assert numbering.renew_epoch(position.read().history.number, cut)
    return LogEpoch.objects.latest("id")


@pytest.mark.parametrize("more", [0, 3])
def test_receipts_of_a_lost_history_are_counted_and_not_judged(capsys, more):
    head = person(Role.HEAD)
    ids = told(head, number=10)
    receive(link(head, "websocket", ids), [*ids[:7], ids[8], ids[7], ids[8], ids[9]])
    epoch = epoch_after(ids[6])
    news = told(head, number=more)
    found = outcome(capsys)
    one = found["transports"]["websocket"]
    assert (one["owed"], one["delivered"], one["lost_history"]) == (7, 7, 4)
    assert (one["missing"], one["duplicates"], one["out_of_order"]) == (0, 0, 0)
    assert [(one["epoch"], one["cut"], one["begins"]) for one in found["epochs"]] == [(epoch.pk, ids[6], epoch.begins)]
    call_command("parity_report")
    words = capsys.readouterr().out
    assert "  not judged: 4 receipts of a history that was lost\n" in words
    assert f"Epoch {epoch.pk} of the log began at " in words
    assert len(news) == more


def test_from_a_cursor_that_was_lost_a_link_owes_nothing(capsys):
    head = person(Role.HEAD)
    ids = told(head, number=4)
    epoch = epoch_after(ids[0])
    news = told(head, number=2)
    now = timezone.now() + timedelta(minutes=1)
    link(head, "websocket", [ids[2], news[1]], cursor_from=ids[2])  # its browser was told to load again
    # Cut off before it was told: what it had before the cut came, and of what came afterwards it could not know.
    receive(link(head, "websocket", [ids[0], ids[3]], heard_at=now), [ids[0]])
    # It went on from a valid cursor, and one event of the new history never came.
    receive(link(head, "websocket", [ids[0] + 1, news[1]]), [news[1]])
    one = outcome(capsys)["transports"]["websocket"]
    assert news[0] > epoch.begins
    assert (one["owed"], one["missing"]) == (3, 1)


def test_after_new_epoch_all_nothing_from_before_is_judged(capsys):
    head = person(Role.HEAD)
    ids = told(head, number=3)
    receive(link(head, "websocket", ids), ids[:1])
    call_command("new_epoch", "--all")
    capsys.readouterr()
    one = outcome(capsys)["transports"]["websocket"]
    assert (one["owed"], one["missing"], one["lost_history"]) == (0, 0, 1)


def test_a_log_without_a_new_epoch_says_none(capsys):
    person(Role.HEAD)
    assert outcome(capsys)["epochs"] == []
    call_command("parity_report")
    assert "Epoch" not in capsys.readouterr().out


def test_it_says_how_long_events_waited_for_their_places(capsys):
    ids = told(person(Role.HEAD), number=100)
    Event.objects.exclude(pk__in=ids).update(written_at=None)  # as an older release left them
    for number, event in enumerate(Event.objects.filter(pk__in=ids).order_by("pk")):
        Event.objects.filter(pk=event.pk).update(written_at=event.at - timedelta(milliseconds=number))
    Event.objects.filter(pk=ids[0]).update(written_at=timezone.now() + timedelta(days=1))  # by a clock that was ahead
    assert outcome(capsys)["numbering"] == {"measured": 100, "p50_ms": 49, "p99_ms": 98}
    call_command("parity_report")
    assert "From writing to its place in the log: p50 49 ms, p99 98 ms (of 100)\n" in capsys.readouterr().out


def test_without_events_no_lag_is_known(capsys):
    assert outcome(capsys)["numbering"] == {"measured": 0, "p50_ms": None, "p99_ms": None}
    call_command("parity_report")
    assert "From writing" not in capsys.readouterr().out


def test_commit_to_paint_stands_beside_commit_to_browser(capsys):
    head = person(Role.HEAD)
    ids = told(head, number=100)
    receive(link(head, "websocket", ids), ids, delay_ms=20)
    assert outcome(capsys)["transports"]["websocket"]["painted"] == 0
    call_command("parity_report")
    assert "commit to paint" not in capsys.readouterr().out
    for number, event_id in enumerate(ids[:50], 1):
        Receipt.objects.filter(event_id=event_id).update(painted_ms=10 * number)
    one = outcome(capsys)["transports"]["websocket"]
    assert (one["painted"], one["paint_p50_ms"], one["paint_p95_ms"], one["paint_p99_ms"]) == (50, 250, 480, 500)
    assert (one["measured"], one["p50_ms"]) == (100, 20)
    call_command("parity_report")
    assert "  commit to paint: p50 250 ms, p95 480 ms, p99 500 ms (of 50)" in capsys.readouterr().out
