"""What browsers report: kept once, about events that are theirs who report, and bounded in size and rate."""

import json
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from projeng import inbox
from projeng.access import Role
from realtime.log import epochs, numbering, replay
from realtime.log.models import Event, LogEpoch
from realtime.parity import receipts, receipts_form, receipts_store
from realtime.parity.models import Fallback, LinkReport, Receipt
from tests.support.people import person

pytestmark = pytest.mark.django_db
ADDRESS = "/projeng/api/realtime/receipts/"
NAME = "0123456789abcdef"


@pytest.fixture(autouse=True)
def _fresh_budget(monkeypatch):
    monkeypatch.setattr(receipts, "budget", receipts.Budget(lambda: 7.0))
    monkeypatch.setattr(receipts, "daily", receipts.Budget(lambda: 7.0, receipts.DAY))


@pytest.fixture
def head():
    return person(Role.HEAD)


def said(**facts) -> dict:
    made = {"link": NAME, "transport": "websocket", "shown": True, "topics": ["projects"], "opened_ago": 60_000}
    return {**made, **facts}


def post(user, body, **options):
    client = Client()
    client.force_login(user)
    text = body if isinstance(body, str | bytes) else json.dumps(body)
    return client.post(options.pop("address", ADDRESS), text, **{"content_type": "application/json", **options})


def report(user, *links, fallbacks=()) -> dict:
    answer = post(user, {"links": links, "fallbacks": fallbacks})
    assert answer.status_code == 200, answer.content
    return answer.json()


def told(*people, number=1) -> list[int]:
    """Sends notifications; the ids of their events."""
    before = Event.objects.latest("pk").pk
    for one in range(number):
        inbox.send(people, f"Number {one}")
    return list(Event.objects.filter(pk__gt=before, type="notification").order_by("pk").values_list("pk", flat=True))


def test_a_report_is_kept_by_the_servers_clock(head):
    [first, second] = told(head, number=2)
    begun = timezone.now()
    Event.objects.update(at=begun - timedelta(seconds=5))
    facts = {"worked_ago": 59_000, "heard_ago": 1_000, "from": first - 1, "to": second}
    answer = report(head, said(**facts, events=[[first, 4_000], [second, 1_000]]))
    assert answer == {"accepted": 2, "refused": 0}
    link = LinkReport.objects.get()
    assert (link.user, link.transport, link.shown, link.topics) == (head, "websocket", True, ["projects"])
    assert (link.cursor_from, link.cursor_to, link.ended_at) == (first - 1, second, None)
    assert (link.worked_at - link.opened_at).total_seconds() == 1
    assert abs((link.reported_at - link.opened_at).total_seconds() - 60) < 0.001
    [one, other] = link.receipts.order_by("position")
    assert [(one.position, one.event_id), (other.position, other.event_id)] == [(0, first), (1, second)]
    assert 1_000 <= one.delay_ms <= 1_000 + (timezone.now() - begun).total_seconds() * 1000
    assert other.delay_ms - one.delay_ms == 3_000


def test_a_report_that_comes_twice_counts_once(head):
    ids = told(head, number=3)
    body = said(events=[[ids[0], 5], [ids[1], 5], [ids[1], 5]])
    fallback = {"name": "fedcba9876543210", "from": "websocket", "to": "sse", "reason": "blocked", "ago": 10}
    for _ in range(2):
        report(head, body, fallbacks=[fallback])
    assert list(Receipt.objects.order_by("position").values_list("event_id", flat=True)) == [ids[0], ids[1], ids[1]]
    report(head, said(first=3, events=[[ids[2], 5]]))
    assert Receipt.objects.count() == 4
    assert LinkReport.objects.count() == 1
    one = Fallback.objects.get()
    assert (one.left, one.taken, one.reason, one.user) == ("websocket", "sse", "blocked", head)


def test_an_older_report_that_comes_later_takes_nothing_back(head):
    newer = {"worked_ago": 9, "heard_ago": 5, "ended_ago": 4, "reason": "closed", "from": 3, "to": 90, "dropped": 2}
    report(head, said(**newer))
    before = LinkReport.objects.get()
    report(head, said(**{"from": 1, "to": 80}))
    after = LinkReport.objects.get()
    for name in ("opened_at", "worked_at", "heard_at", "ended_at", "reason", "cursor_from", "cursor_to", "dropped"):
        assert getattr(after, name) == getattr(before, name), name
    assert after.reported_at > before.reported_at


def test_receipts_for_what_somebody_may_not_see_or_nobody_is_sent_are_refused_and_counted(head):
    engineer = person(Role.ENGINEER)
    [own] = told(engineer)
    [foreign] = told(head)
    servers_own = Event.objects.filter(type="authority_changed").latest("pk").pk
    answer = report(engineer, said(events=[[own, 1], [foreign, 1], [servers_own, 1], [2**62, 1]]))
    assert answer == {"accepted": 1, "refused": 3}
    assert Receipt.objects.get().event_id == own
    assert LinkReport.objects.get().refused == 3


def test_a_link_is_told_of_only_by_the_person_whose_it_is(head):
    [event_id] = told(head)
    report(head, said(events=[[event_id, 1]], to=event_id))
    thief = person(Role.ENGINEER)
    report(thief, said(events=[[event_id, 1]], ended_ago=1, reason="silent", to=event_id + 1))
    link = LinkReport.objects.get(user=head)
    assert (link.ended_at, link.reason, link.cursor_to, link.receipts.count()) == (None, "", event_id, 1)
    assert LinkReport.objects.get(user=thief).receipts.count() == 0


def test_a_delay_that_cannot_be_is_not_known(head):
    ids = told(head, number=4)
    report(head, said(events=[[ids[0], None], [ids[1], 3_600_000], [ids[2], 500], [ids[3], 0]]))
    delays = list(Receipt.objects.order_by("position").values_list("delay_ms", flat=True))
    assert delays[:3] == [None, None, 0]  # the clocks of two servers may be a little apart
    assert delays[3] >= 0


def test_refusals(head):
    assert Client().post(ADDRESS, "{}", content_type="application/json").status_code == 401
    client = Client()
    client.force_login(head)
    assert client.get(ADDRESS).status_code == 405
    assert post(head, "{}", address=f"{ADDRESS}?user={head.pk + 1}").status_code == 409
    assert post(head, "{}", address=f"{ADDRESS}?user={head.pk}").status_code == 200
    assert post(head, "a=b", content_type="application/x-www-form-urlencoded").status_code == 415
    assert post(head, b" " * receipts.MOST_BYTES).status_code == 400
    assert post(head, b" " * (receipts.MOST_BYTES + 1)).status_code == 413
    assert not LinkReport.objects.exists()


def test_a_report_from_another_site_is_refused(head):
    client = Client(enforce_csrf_checks=True)
    client.force_login(head)
    assert client.post(ADDRESS, "{}", content_type="application/json").status_code == 403


WRONG = [
    b" ",
    b"\xff\xfe",
    b"[" * 60_000,
    b"1" * 60_000,
    "null",
    "[]",
    '"links"',
    '{"links": {}}',
    '{"links": [1]}',
    '{"links": null}',
    '{"fallbacks": "x"}',
    {"links": [said()] * 2},
    {"links": [said(link=f"{number:016x}") for number in range(receipts_form.MOST_LINKS + 1)]},
    {"links": [said(events=[[1, 1]] * (receipts_form.MOST_EVENTS + 1))]},
    {"links": [said(link=f"{number:016x}", events=[[1, 1]] * 300) for number in range(2)]},
    {"fallbacks": [{}] * (receipts_form.MOST_FALLBACKS + 1)},
    *[
        {"links": [said(**{name: value})]}
        for name, values in {
            "link": [
                None,
                1,
                "",
                "short",
                "x" * 37,
                "0123456789ABCDEF",
                "0123456789abcde\n",
                "'; DROP TABLE --",
                [NAME],
            ],
            "transport": [None, "pigeon", "", 1, ["sse"], {}],
            "shown": [None, 1, "true"],
            "topics": [1, [1], ["x" * 33], ["PROJECTS"], ["a"] * 11, [None], {"a": 1}],
            "opened_ago": [None, -1, 1.5, "1", True, 1e9, 10**12, [1], float("nan"), float("inf")],
            "worked_ago": [-1, 0.5, False, 10**12],
            "heard_ago": [-1, "x"],
            "ended_ago": [-1, {}],
            "reason": [None, 1, "x" * 33, "<script>", "a b", "\ud800", "é"],
            "from": [-1, 2**63, 1.0, "1"],
            "to": [-1, 2**63, True],
            "dropped": [-1, 2**31],
            "first": [-1, 2**31, "0"],
            "events": [
                {},
                [1],
                [[1]],
                [[1, 2, 3]],
                [["1", 1]],
                [[None, 1]],
                [[0, 1]],
                [[2**63, 1]],
                [[1, -1]],
                [[1, 1.5]],
            ],
        }.items()
        for value in values
    ],
    *[
        {"fallbacks": [{"name": NAME, "from": "websocket", "to": "sse", "reason": "blocked", "ago": 1, **wrong}]}
        for wrong in [{"name": ""}, {"from": "x"}, {"to": None}, {"reason": 5}, {"ago": None}, {"ago": -1}]
    ],
]


@pytest.mark.parametrize("body", WRONG, ids=lambda body: repr(body)[:60])
def test_what_is_not_as_it_must_be_is_refused_in_words_and_nothing_is_kept(head, body):
    answer = post(head, body)
    assert answer.status_code == 400
    assert answer.json()["message"].endswith(".")
    assert len(answer.content) < 300
    assert not LinkReport.objects.exists()
    assert not Fallback.objects.exists()


def test_nothing_but_lists_is_needed(head):
    assert report(head) == {"accepted": 0, "refused": 0}
    assert post(head, "{}").status_code == 200


def test_who_reports_too_often_is_told_to_wait_and_others_are_not(head):
    for _ in range(receipts.POSTS_A_MINUTE):
        assert post(head, "{}").status_code == 200
    answer = post(head, "{}")
    assert (answer.status_code, answer["Retry-After"]) == (429, "53")
    assert post(person(Role.HEAD), "{}").status_code == 200


def test_who_reports_too_much_is_told_to_wait(head):
    links = said(events=[[1, 1]] * receipts_form.MOST_EVENTS)
    for _ in range(receipts.EVENTS_A_MINUTE // receipts_form.MOST_EVENTS):
        assert report(head, links)["refused"] == receipts_form.MOST_EVENTS
    assert post(head, {"links": [links]}).status_code == 429
    assert post(head, {"links": [said()]}).status_code == 200


def test_how_many_events_one_person_tells_of_in_a_day_is_bounded_however_patient_they_are(head, monkeypatch):
    now = 0.0
    monkeypatch.setattr(receipts, "budget", receipts.Budget(lambda: now))
    monkeypatch.setattr(receipts, "daily", receipts.Budget(lambda: now, receipts.DAY))
    monkeypatch.setattr(receipts, "EVENTS_A_DAY", 3)
    [event_id] = told(head)
    answers = []
    for position in range(5):
        now += 60
        answers.append(post(head, {"links": [said(first=position, events=[[event_id, 1]])]}).status_code)
    assert answers == [200] * 3 + [429] * 2
    assert Receipt.objects.count() == 3
    assert post(head, {"links": [said(ended_ago=1, reason="closed")]}).status_code == 200  # what costs nothing
    now = float(receipts.DAY)
    assert post(head, {"links": [said(first=9, events=[[event_id, 1]])]}).status_code == 200


def test_how_many_links_and_fallbacks_one_person_tells_of_in_a_day_is_bounded(head, monkeypatch):
    monkeypatch.setattr(receipts_store, "A_DAY", 3)
    monkeypatch.setattr(receipts_store, "MOST_FALLBACKS", 3)
    links = [said(link=f"{number:016x}") for number in range(5)]
    assert [post(head, {"links": [link]}).status_code for link in links] == [200] * 3 + [429] * 2
    assert post(head, {"links": [{**links[0], "worked_ago": 1}]}).status_code == 200  # one that is known
    fallback = {"from": "websocket", "to": "sse", "reason": "blocked", "ago": 6 * 24 * 3600 * 1000}
    for number in range(5):
        answer = post(head, {"fallbacks": [{**fallback, "name": f"{number:016x}"}]})
        assert answer.status_code == (200 if number < 3 else 429)
    assert (LinkReport.objects.count(), Fallback.objects.count()) == (3, 3)
    assert post(person(Role.HEAD), {"links": links[:1]}).status_code == 200
    LinkReport.objects.update(reported_at=timezone.now() - timedelta(days=1, seconds=1))
    assert post(head, {"links": [links[4]]}).status_code == 200


def test_a_budget_is_there_again_in_the_next_minute_and_never_grows():
    now = 0.0
    budget = receipts.Budget(lambda: now)
    assert budget.spend(1, "posts", 5, 5) == 0
    assert budget.spend(1, "posts", 1, 5) == 60
    now = 59.0
    assert budget.spend(1, "posts", 1, 5) == 1
    for user_id in range(100):
        budget.spend(user_id, "posts", 1, 5)
    now = 60.0
    assert budget.spend(1, "posts", 5, 5) == 0
    assert len(budget._spent) == 1


def test_a_report_costs_the_same_however_much_it_tells(head):
    client = Client()
    client.force_login(head)
    ids = told(head, number=80)

    def cost(*links) -> int:
        with CaptureQueriesContext(connection) as queries:
            answer = client.post(ADDRESS, json.dumps({"links": links}), content_type="application/json")
        assert answer.status_code == 200
        return len(queries)

    few = cost(said(events=[[ids[0], 1]]))
    many = [said(link=f"{number:016x}", events=[[one, 1] for one in ids[number::9]]) for number in range(9)]
    assert cost(*many) == few <= 14
    assert Receipt.objects.count() == 81


def test_pages_say_where_reports_go(head):
    client = Client()
    client.force_login(head)
    assert f'data-receipts-url="{ADDRESS}"' in client.get("/accounts/profile/").content.decode()


# --- a history that was lost ------------------------------------------------------------------------------------


def test_receipts_above_a_cut_are_kept(head):
    first, second = told(head, number=2)
    Event.objects.filter(pk=second).delete()
    numbering.renew_epoch(epochs.read().number)
    epoch = LogEpoch.objects.latest("id")
    answer = report(head, said(events=[[first, 10], [second, 10], [second + 1, None], [epoch.begins + 9, 10]]))
    assert answer == {"accepted": 3, "refused": 1}
    receipts = list(Receipt.objects.order_by("position").values_list("event_id", "delay_ms"))
    assert [event_id for event_id, _ in receipts] == [first, second, second + 1]
    assert [delay is None for _, delay in receipts] == [False, True, True]
    assert LinkReport.objects.get().refused == 1


def test_delays_are_measured_by_the_clock_that_set_the_moment_of_the_event(new_database, on_database):
    """The clocks of this machine and the database's may be far apart."""
    on_database(new_database("postgres"))
    head = person(Role.HEAD)
    replay.head()
    inbox.send([head], "Number 1")
    event = replay.head()
    with time_machine.travel(timezone.now() + timedelta(minutes=10), tick=True):
        report(head, said(events=[[event, 0]]))
    assert Receipt.objects.get().delay_ms < 60_000


# --- when it was on the screen ----------------------------------------------------------------------------------


def painted(*ids: int) -> list[int | None]:
    return [Receipt.objects.get(event_id=event_id).painted_ms for event_id in ids]


def test_it_is_kept_when_a_change_was_on_the_screen(head):
    first, second, third = told(head, number=3)
    Event.objects.update(at=timezone.now() - timedelta(seconds=5))
    events = [[first, 4_000], [second, 4_000], [third, 4_000]]
    report(head, said(events=events, painted=[[second, 3_000], [third, None]]))
    none, some, unknown = painted(first, second, third)
    assert (none, unknown) == (None, None)
    assert 2_000 <= some < 3_500


def test_what_is_painted_after_its_receipt_was_reported_completes_it_once(head):
    first, second = told(head, number=2)
    Event.objects.update(at=timezone.now() - timedelta(seconds=5))
    report(head, said(events=[[first, 4_000], [second, 4_000]]))
    report(head, said(events=[], first=2, painted=[[first, 3_000]]))
    early = painted(first)
    report(head, said(events=[], first=2, painted=[[first, 1_000], [second, 1_000]]))
    assert painted(first) == early
    assert painted(second)[0] > early[0]


def test_what_did_not_come_over_a_link_was_not_painted_by_it(head):
    other = person(Role.HEAD)
    mine, theirs = told(head)[0], told(other)[0]
    answer = report(head, said(events=[[mine, 10]], painted=[[theirs, 10], [mine + 1000, 10]]))
    assert answer == {"accepted": 1, "refused": 0}
    assert list(Receipt.objects.values_list("event_id", "painted_ms")) == [(mine, None)]


@pytest.mark.parametrize("wrong", [7, [7], [[7]], [["7", 1]], [[7, -1]], [[0, 1]], [[1, 1]] * 501])
def test_paints_of_another_form_are_refused(head, wrong):
    assert post(head, {"links": [said(painted=wrong)]}).status_code == 400
    assert not LinkReport.objects.exists()
