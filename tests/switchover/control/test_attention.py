"""What the control room calls to an operator's attention, in which words, and what it puts first."""

import re
from datetime import timedelta

import pytest

from realtime.log.models import Event, LogEpoch
from realtime.rollout.models import TransportHold
from switchover.control import attention, trends
from switchover.transport.verdict import BAD, FAILED, GOOD, MISSING, P99, UNKNOWN, Check
from tests.support import telemetry
from tests.support.control_room import page_html, region_text
from tests.support.epochs import begin_epoch

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("check", "words"),
    [
        (
            Check(P99, 1544, 3000, 505, 50, 0, GOOD),
            "Delay of 99 in 100 events: 1.5 s of 505 measured, within the limit of 3 s.",
        ),
        (
            Check(P99, 4200, 3000, 505, 50, 2, BAD),
            "Delay of 99 in 100 events: 4.2 s of 505 measured, more than the limit of 3 s. 2 people hit.",
        ),
        (
            Check(P99, None, 3000, 0, 50, 0, UNKNOWN),
            "Delay of 99 in 100 events: not known yet, 0 of the 50 events that a verdict needs.",
        ),
        (
            Check(FAILED, 2.5, 5, 40, 20, 1, GOOD),
            "Connections that failed: 2.5 % of 40 connections, within the limit of 5 %.",
        ),
        (
            Check(FAILED, None, 5, 3, 20, 0, UNKNOWN),
            "Connections that failed: not known yet, 3 of the 20 connections that a verdict needs.",
        ),
        (
            Check(MISSING, 1, 0, 491, 50, 1, BAD),
            "Missing events: 1 of 491 owed, more than the limit of 0. 1 person hit.",
        ),
    ],
)
def test_a_limit_is_put_in_words(check, words):
    assert attention.in_words(check) == words


def test_nothing_needs_attention_in_a_quiet_office(staff):
    telemetry.server()
    LogEpoch.objects.all().delete()
    assert "Nothing needs attention." in region_text(page_html(staff), "attention")


def test_alarms_come_before_warnings_and_bring_their_panel_to_the_top(staff, engineer):
    telemetry.fallback(engineer, "blocked", minutes=5)
    telemetry.feedback(engineer, False, "Nothing moves")
    TransportHold.objects.create(scope="all", target="", reason="The proxy buffers", by="head")
    html = page_html(staff)
    levels = re.findall(r'data-level="(\w+)"', html)
    assert levels == sorted(levels, key=lambda level: level != "alarm")
    assert levels[0] == "alarm"
    shown = region_text(html, "attention")
    assert "WebSocket is taken away from everybody: The proxy buffers." in shown
    assert "1 fallback to a lesser transport; the most frequent reason: blocked." in shown
    assert "1 answer says that a page is not live." in shown
    assert html.index('id="demotions"') < html.index('id="charts"') < html.index('id="parity"')


def test_every_finding_leads_to_a_part_of_the_page(staff, engineer):
    events = [telemetry.event(engineer, minutes=10) for _ in range(3)]
    link = telemetry.link(engineer, "sse")
    telemetry.receipts(link, [events[0], events[2], events[1]], [10, 10, 10])
    lost = telemetry.link(engineer, "poll", cursor_to=events[2].pk)
    telemetry.fallback(engineer, "blocked", minutes=5)
    telemetry.feedback(engineer, False)
    telemetry.server(switches=telemetry.switches(USE_DAPHNE=True))
    telemetry.server()
    TransportHold.objects.create(scope="user", target=str(engineer.pk), reason="Slow", by="head")
    begin_epoch()
    html = page_html(staff)
    shown = region_text(html, "attention")
    assert "SSE. 1 event came out of order." in shown
    assert f"polling. Missing events: {lost.cursor_to and 3} of 3 owed." in shown
    assert "Servers run with different flags or different code." in shown
    assert "of the log began: a backup was restored, or a standby took over." in shown
    parts = re.findall(r'data-level="\w+">.*?href="#([\w-]+)"', html)
    assert len(parts) == 7
    for part in parts:
        assert f'id="{part}"' in html


def test_the_rate_of_events_is_drawn(staff, engineer):
    Event.objects.all().delete()  # of making these people
    moment = trends.window("1").moments(1)[30]
    for seconds in (1, 2, 59, 60):
        Event.objects.create(type="notification", at=moment + timedelta(seconds=seconds), fields={}, audience=[])
    assert "Events in the last hour: 4 in all, at most 3 per minute." in page_html(staff)


@pytest.mark.parametrize(
    ("delay", "words"),
    [(10, "Limit 3 s, far above"), (2000, "Limit 3 s, kept"), (5000, "Limit 3 s, exceeded")],
)
def test_the_chart_of_delays_shows_its_limit(staff, engineer, delay, words):
    events = [telemetry.event(engineer, minutes=20)]
    telemetry.receipts(telemetry.link(engineer), events, [delay])
    html = page_html(staff)
    assert words in region_text(html, "chart-delay")
    assert ('class="limit"' in html) == (delay > 10)


def test_what_was_delivered_adds_up(staff, engineer):
    """What came, what came on another connection and what is missing are together what was owed."""
    events = [telemetry.event(engineer, minutes=10) for _ in range(8)]
    link = telemetry.link(engineer)
    telemetry.receipts(link, [*events[:5], events[7]], [10] * 6)
    link.cursor_to, link.heard_at = events[4].pk, link.opened_at
    link.save()
    parity = region_text(page_html(staff), "parity")
    assert "Events owed 5 came 5 came on another connection 0 missing 0 " in parity
    assert "Events that came and were not owed, or not yet 1 " in parity
