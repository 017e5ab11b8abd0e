"""The control room: who may open it, and that each panel shows what is so."""

import re
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from projeng.access import Role
from realtime.log.models import Event
from realtime.parity.models import Receipt
from realtime.rollout.models import RolloutWatch
from switchover.control import overview, trends
from switchover.management.commands import parity_report
from switchover.templatetags.control_room import stamp
from switchover.transport import checklist
from tests.support import telemetry
from tests.support.control_room import CONTROL_ROOM_URL, client_of, page_html, region_text, visible_text
from tests.support.epochs import begin_epoch
from tests.support.people import person

CHECKLIST = "/ops/realtime/checklist/?to=2"
pytestmark = pytest.mark.django_db


# --- who may --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", [CONTROL_ROOM_URL, CHECKLIST])
@pytest.mark.parametrize(
    ("role", "fields", "status"),
    [
        (Role.HEAD, {}, 404),
        (Role.FINANCE, {}, 404),
        (Role.ENGINEER, {}, 404),
        (None, {}, 404),
        (None, {"is_staff": True}, 200),
        (Role.ENGINEER, {"is_staff": True}, 200),
        (None, {"is_staff": True, "is_superuser": True}, 200),
        (None, {"is_superuser": True}, 404),
    ],
)
def test_only_staff_may_open_it(address, role, fields, status):
    assert client_of(person(role, **fields)).get(address).status_code == status


@pytest.mark.parametrize("address", [CONTROL_ROOM_URL, CHECKLIST])
def test_who_is_not_signed_in_is_sent_to_sign_in(address):
    answer = client_of().get(address)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/login/?next=/ops/realtime/")


def test_an_account_that_was_disabled_is_no_longer_signed_in(staff):
    client = client_of(staff)
    staff.is_active = False
    staff.save()
    assert client.get(CONTROL_ROOM_URL).status_code == 302


def test_no_cache_keeps_it(staff):
    assert "no-store" in client_of(staff).get(CONTROL_ROOM_URL)["Cache-Control"]


@pytest.mark.parametrize("method", ["put", "delete", "patch"])
def test_other_methods_are_refused(staff, method):
    assert getattr(client_of(staff), method)(CONTROL_ROOM_URL).status_code == 405


def test_only_staff_are_led_there(staff, engineer):
    assert CONTROL_ROOM_URL in client_of(staff).get("/accounts/profile/").content.decode()
    assert CONTROL_ROOM_URL not in client_of(engineer).get("/accounts/profile/").content.decode()


# --- panels ---------------------------------------------------------------------------------------------------------


def test_an_office_in_which_nothing_has_happened(staff):
    html = page_html(staff)
    assert "Not enough data" in region_text(html, "status")
    assert "No browser has reported an event" in region_text(html, "chart-delay")
    assert "No server process has been seen" in region_text(html, "switches")
    assert "Nobody has said anything yet" in region_text(html, "words")
    assert "Nothing is taken away." in region_text(html, "demotions")


def test_the_phase_and_the_flags_are_those_that_the_servers_run_with(staff):
    on = telemetry.switches(
        USE_DAPHNE=True, WEBSOCKET_BROADCAST=True, USE_WEBSOCKETS=True, WEBSOCKET_ROLLOUT_PERCENT=25
    )
    telemetry.server(switches=on, sse=3, websocket=4)
    telemetry.server(switches=on, sse=10, websocket=1)
    telemetry.server(switches=telemetry.switches(), seen_at=telemetry.ago(minutes=5), sse=99)
    html = page_html(staff)
    assert "4 gradual" in region_text(html, "status")
    assert "25 % of users" in region_text(html, "status")
    assert re.search(r'id="now-websocket">5<', html)
    assert re.search(r'id="now-sse">13<', html)
    switches = region_text(html, "switches")
    assert "WEBSOCKET_ROLLOUT_PERCENT 25 from environment" in switches
    assert "SSE_ENABLED true by default" in switches


def test_servers_that_differ_are_pointed_out(staff):
    telemetry.server(switches=telemetry.switches(USE_DAPHNE=True))
    telemetry.server(server="gunicorn")
    html = page_html(staff)
    assert "Servers differ" in region_text(html, "status")
    assert re.search(
        r"USE_DAPHNE true from environment, 1 server false by default, 1 server", region_text(html, "switches")
    )


def test_connections_over_time(staff):
    telemetry.samples("a", [(2, 5), (3, 6), (4, 7)])
    telemetry.samples("b", [(1, 0), (1, 0), (1, 0)])
    chart = trends.connections(trends.window("1"), [])
    values = {one.key: [value for value in one.values if value is not None] for one in chart.series}
    assert values["sse"][:3] == [3, 4, 5]
    assert values["websocket"][:3] == [5, 6, 7]
    assert len(chart.moments) == 60
    assert "WebSocket: " in chart.summary
    assert "7 at most" in chart.summary
    longer = trends.connections(trends.window("6"), [])
    assert max(value or 0 for value in longer.series[0].values) == 7
    assert "Connections" in page_html(staff, "?hours=24")


def test_delays_are_shown_by_transport(staff, engineer):
    events = [telemetry.event(engineer, minutes=20 - number / 10) for number in range(100)]
    telemetry.receipts(telemetry.link(engineer), events, range(10, 1010, 10))
    telemetry.receipts(telemetry.link(engineer, "sse"), events, [5] * 100)
    waiting = telemetry.link(engineer, opened_at=telemetry.ago(minutes=1), worked_at=telemetry.ago(minutes=1))
    telemetry.receipts(waiting, events, [600_000] * 100)  # caught up with: no delay of the transport's
    shown = region_text(page_html(staff), "percentiles")
    assert "WebSocket 500 ms 950 ms 990 ms 100" in shown
    assert "SSE 5 ms 5 ms 5 ms 100" in shown


def test_the_verdict_is_that_of_the_report(staff, engineer, settings, capsys):
    settings.ROLLOUT_MIN_CONNECTIONS, settings.ROLLOUT_MIN_EVENTS = 1, 2
    events = [telemetry.event(engineer, minutes=10) for _ in range(4)]
    link = telemetry.link(engineer)
    telemetry.receipts(link, events[:3], [20, 30, 40])
    link.cursor_to = events[3].pk
    link.save()
    html = page_html(staff)
    parity_report.Command().run_from_argv(["manage.py", "parity_report"])
    assert "Verdict: bad" in capsys.readouterr().out
    broken = "Missing events: 1 of 4 owed, more than the limit of 0. 1 person hit."
    assert f"Bad {broken}" in region_text(html, "status")
    parity = region_text(html, "parity")
    assert broken in parity
    assert "Events owed 4 came 3 came on another connection 0 missing 1 " in parity


def test_it_shows_how_soon_changes_were_on_the_screen(staff, engineer):
    events = [telemetry.event(engineer, minutes=10) for _ in range(4)]
    telemetry.receipts(telemetry.link(engineer), events, [20, 30, 40, 50])
    Receipt.objects.filter(event_id=events[0].pk).update(painted_ms=340)
    shown = region_text(page_html(staff), "parity")
    half = "Until it was on the screen, half of the events (p50) 340 ms"
    assert f"{half} of 95 in 100 (p95) 340 ms of 99 in 100 (p99) 340 ms" in shown


def test_it_shows_how_long_events_waited_and_which_epochs_began(staff, engineer):
    Event.objects.update(written_at=None)  # as an older release left them
    assert "From writing to its place" not in region_text(page_html(staff), "parity")
    events = [telemetry.event(engineer, minutes=10 - number) for number in range(4)]
    for number, event in enumerate(events):
        event.written_at = event.at - timedelta(milliseconds=10 * number)
        event.save()
    telemetry.receipts(telemetry.link(engineer), events, [10] * 4)
    cache.clear()
    parity = region_text(page_html(staff), "parity")
    assert "From writing to its place in the log: half of the events within 10 ms, 99 in 100 within 30 ms" in parity
    assert "Epoch" not in parity
    assert "Of a lost history" not in parity
    events[3].delete()
    epoch = begin_epoch()
    cache.clear()
    parity = region_text(page_html(staff), "parity")
    assert f"Epoch {epoch.pk} of the log began " in parity
    assert f"what had been read after {epoch.cut} is of a history that was lost" in parity
    assert "Of a lost history 1 " in parity


def test_the_verdict_is_made_of_so_many_receipts_and_says_since_when(staff, engineer, monkeypatch):
    """However long a connection has lasted: what counts is when its events were."""
    monkeypatch.setattr(overview, "MOST_JUDGED", 10)
    events = [telemetry.event(engineer, minutes=50 - number) for number in range(40)]
    telemetry.receipts(telemetry.link(engineer), events, [10] * 40)
    cache.clear()
    parity = overview.parity(trends.window("1"))
    assert parity.since == events[29].at
    assert parity.websocket.delivered == 11
    assert f"From {stamp(events[29].at)}" in region_text(page_html(staff), "parity")


def test_fallbacks_by_reason_and_the_latest(staff, engineer):
    telemetry.fallback(engineer, "blocked", minutes=5)
    telemetry.fallback(engineer, "blocked", minutes=6)
    telemetry.fallback(engineer, "full", "poll", "sse", minutes=7)
    telemetry.fallback(engineer, "ancient", hours=3)
    shown = region_text(page_html(staff), "fallbacks")
    assert "blocked WebSocket → SSE 2" in shown
    assert "full SSE → polling 1" in shown
    assert "Ana Reyes 5 min ago" in shown
    assert "ancient" not in shown
    assert "ancient" in region_text(page_html(staff, "?hours=6"), "fallbacks")


def test_words_of_people(staff, engineer):
    telemetry.feedback(engineer, True)
    telemetry.feedback(staff, False, "<b>Slow</b>\nagain", transport="sse")
    html = page_html(staff)
    shown = region_text(html, "words")
    assert "phase 4 SSE 0 1" in shown
    assert "phase 4 WebSocket 1 0" in shown
    assert "&lt;b&gt;Slow&lt;/b&gt;<br>again" in html


def test_what_the_watch_said_last(staff):
    moment = telemetry.ago(minutes=3)
    RolloutWatch.objects.create(name="p99 in ms", judged_to=moment, looked_at=moment, strikes=2, line="p99 is too high")
    assert "P99 is too high 2 strikes looked at 3 min ago" in region_text(page_html(staff), "demotions")


# --- what it costs, and whatever is asked ---------------------------------------------------------------------------


@pytest.mark.parametrize("sort", ["name", "lag"])
def test_the_queries_do_not_grow_with_what_there_is(staff, sort):
    client = client_of(staff)

    def queries() -> int:
        cache.clear()  # without a verdict at hand
        with CaptureQueriesContext(connection) as seen:
            assert client.get(f"{CONTROL_ROOM_URL}?sort={sort}&q=many-").status_code == 200
        return len(seen)

    def more(begin: int, end: int) -> None:
        for number in range(begin, end):
            user = person(Role.ENGINEER, f"many-{number:02}")
            events = [telemetry.event(user, minutes=5) for _ in range(3)]
            telemetry.receipts(telemetry.link(user), events, [10, 20, 30])
            telemetry.fallback(user, "blocked", minutes=5)
            telemetry.feedback(user, True)
            telemetry.server()

    more(0, 2)
    before = queries()
    more(2, 12)
    assert queries() == before
    assert before < 50


@pytest.mark.parametrize(
    "query",
    [
        "?hours=7",
        "?hours=x&page=-1&sort=<script>",
        "?page=99999999999999999999",
        "?q=%00%00",
        "?q=" + "x" * 5000,
        "?q=%27%22%3Cscript%3Ealert(1)%3C/script%3E",
    ],
)
def test_whatever_is_asked_is_answered(staff, query):
    assert "<script>" not in page_html(staff, query).split("<body", 1)[1]


# --- the checklist --------------------------------------------------------------------------------------------------


def test_the_checklist_is_looked_at_only_when_asked_for(staff, monkeypatch):
    def never(to: int):
        raise AssertionError("The page looked at the checklist.")

    monkeypatch.setattr("switchover.transport.checklist.findings", never)
    page_html(staff)


def test_the_checklist_shows_its_evidence(staff, tmp_path, monkeypatch):
    monkeypatch.setattr(checklist, "REPORTS", str(tmp_path))  # none of another test's
    telemetry.server()
    shown = visible_text(client_of(staff).get(CHECKLIST).content.decode())
    assert "Before phase 2, endpoints:" in shown
    assert "Database: yes, no migration waits" in shown
    assert "Rollback drill: missing," in shown


@pytest.mark.parametrize("to", ["", "9", "-1", "x", "1' OR 1", "٣"])
def test_there_is_no_checklist_for_what_is_no_phase(staff, to):
    assert client_of(staff).get("/ops/realtime/checklist/", {"to": to}).status_code == 404
