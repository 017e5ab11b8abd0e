"""Real streams and sockets, faults made on purpose: the report finds exactly those, where they were made."""

import json
import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.management import call_command

from projeng import inbox
from projeng.access import Role
from projeng.models import Project
from realtime.log import replay
from realtime.parity.models import LinkReport
from tests.support.log import logged
from tests.support.people import person

FAULTS = ("delivered", "missing", "duplicates", "out_of_order", "late")


def much_happens(*people) -> int:
    """Events for all of these, for one of them, and for nobody here; the newest id."""
    project = Project.objects.create(name="Library", barangay="Apokon", project_cost=1_000_000)
    stranger = person(Role.ENGINEER)
    for number in range(20):
        inbox.send(people, f"For all {number}")
        inbox.send(people[:1], f"For one {number}")
        inbox.send([stranger], f"For somebody else {number}")
        project.progress = number
        project.save()
    return replay.head()


def report(capsys) -> dict:
    call_command("parity_report", "--json")
    return json.loads(capsys.readouterr().out)


@pytest.mark.timeout(120)
def test_it_finds_exactly_what_was_done_on_each_transport(site, browse, capsys):
    chance = random.Random(20261120)
    people = [person(Role.HEAD) for _ in range(3)]
    begin = replay.head()
    browsers = [browse(one) for one in people]
    links = [browser.open(transport, begin) for browser in browsers for transport in ("sse", "websocket")]
    end = much_happens(*people)
    made = {"sse": Counter(), "websocket": Counter()}
    for link in links:
        link.connection.wait_for_cursor(end)
        link.pass_on_faulty(chance, made[link.transport])
    for browser in browsers:
        assert browser.report(failed=("websocket",)).json()["refused"] == 0
    found = report(capsys)
    for transport, faults in made.items():
        numbers = found["transports"][transport]
        assert {name: numbers[name] for name in FAULTS} == {name: faults[name] for name in FAULTS}, transport
        assert all(faults[name] for name in FAULTS), "each fault was made"
        assert numbers["owed"] == faults["delivered"] + faults["missing"]
        assert numbers["people"] == 3
        assert 0 <= numbers["p50_ms"] < 3_000 < numbers["p99_ms"]
    assert (found["transports"]["sse"]["tried"], found["transports"]["sse"]["failed"]) == (3, 0)
    assert (found["transports"]["websocket"]["tried"], found["transports"]["websocket"]["failed"]) == (6, 3)
    assert found["fallbacks"] == [{"from": "websocket", "to": "sse", "reason": "blocked", "times": 3}]
    assert found["verdict"] == "bad"
    assert [check["outcome"] for check in found["checks"]] == ["bad", "bad", "bad"]


@pytest.mark.timeout(120)
def test_where_nothing_was_done_it_finds_nothing(site, browse, capsys):
    people = [person(Role.HEAD), person(Role.FINANCE), person(Role.ENGINEER)]
    begin = replay.head()
    links = [(browse(one), transport) for one in people for transport in ("sse", "websocket")] + [
        (browse(people[0]), "websocket") for _ in range(3)
    ]
    opened = [browser.open(transport, begin) for browser, transport in links]
    end = much_happens(*people)
    for (browser, _), link in zip(links, opened, strict=True):
        link.connection.wait_for_cursor(end)
        link.pass_on()
        assert browser.report().json()["refused"] == 0
        assert browser.report().status_code == 200  # with nothing new
    found = report(capsys)
    for transport in ("sse", "websocket"):
        numbers = found["transports"][transport]
        assert not any(numbers[name] for name in ("missing", "duplicates", "out_of_order", "failed", "refused"))
        assert numbers["owed"] == numbers["delivered"] > 60
    assert found["verdict"] == "good", found["checks"]


@pytest.mark.timeout(120)
def test_in_shadow_it_finds_what_only_one_way_brought(site, browse, capsys):
    head = person(Role.HEAD)
    begin = replay.head()
    browser = browse(head)
    shown, beside = browser.open("sse", begin), browser.open("websocket", begin, shown=False)
    end = much_happens(head)
    for link in (shown, beside):
        link.connection.wait_for_cursor(end)
        link.pass_on()
    del beside.noted[3:6]
    del shown.noted[10]
    assert browser.report().status_code == 200
    found = report(capsys)
    assert (found["shadow"]["only_shown"], found["shadow"]["only_compared"]) == (3, 1)
    assert found["shadow"]["both"] == len(shown.arrived()) - 4
    assert found["transports"]["websocket"]["missing"] == 3
    assert found["transports"]["sse"]["missing"] == 1


@pytest.mark.timeout(60)
def test_of_reports_that_come_at_the_same_moment_each_counts(site, browse):
    head = person(Role.HEAD)
    browser = browse(head)
    inbox.send([head], "Something")
    event_id = logged().filter(type="notification").latest("pk").pk
    about = {"link": "0123456789abcdef", "transport": "sse", "shown": True, "topics": [], "opened_ago": 9_000}

    def post(number: int) -> int:
        said = {
            **about,
            "worked_ago": 5_000 if number % 3 == 0 else None,
            "ended_ago": 10 if number % 3 == 1 else None,
            "reason": "closed" if number % 3 == 1 else "",
            "to": number,
            "first": number,
            "events": [[event_id, 1]],
        }
        return browser.http.post("/projeng/api/realtime/receipts/", json={"links": [said]}).status_code

    with ThreadPoolExecutor(10) as threads:
        assert set(threads.map(post, range(40))) == {200}
    link = LinkReport.objects.get()
    assert (link.reason, link.cursor_to, link.receipts.count()) == ("closed", 39, 40)
    assert link.worked_at < link.ended_at
