"""The watch beside a running site: what browsers report takes WebSocket away, and connected browsers are told."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.utils import timezone

from projeng import inbox
from projeng.access import Role
from realtime.log import replay
from realtime.rollout.models import TransportChange
from switchover.transport import demotions, transport
from tests.support.people import person
from tests.support.ports import wait_until
from tests.support.site import ROOT, Site


@pytest.fixture
def watching(site: Site, tmp_path: Path) -> Iterator[Callable[[], str]]:
    """``manage.py watch_rollout`` as an operator runs it, a look a second; what it has said so far."""
    output = tmp_path / "watch"
    with output.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "watch_rollout", "--every", "1", "--settle", "1"],
            cwd=ROOT,
            env={**site.environment, "DJANGO_SETTINGS_MODULE": "gistagum.settings"},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until(lambda: output.read_text().count("\n"), "its first look", 20)
        yield output.read_text
        process.terminate()
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()
    assert "Traceback" not in output.read_text()


@pytest.mark.timeout(120)
def test_connections_that_fail_take_websocket_away_and_connected_browsers_are_told_within_five_seconds(
    site, browse, watching
):
    people = [person(Role.HEAD) for _ in range(4)]
    browsers = [browse(one) for one in people]
    begin = replay.head()
    links = [browser.open(by, begin) for browser in browsers for by in ("websocket", "sse")]
    for link in links:
        assert link.connection.of_type("transport")["transport"] == "websocket"

    def demoted() -> TransportChange | None:
        # A browser in trouble tries again about every second; the four of them stay below what they may report.
        for browser in browsers:
            assert browser.report(failed=("websocket", "websocket")).status_code in {200, 429}
        return TransportChange.objects.filter(action="take").first()

    change = wait_until(demoted, "WebSocket is taken away", 40)
    for link in links:
        told = link.connection.wait_for(lambda frame: frame.get("transport") == "sse", "told to use SSE", 10)
        assert told["reason"] == f"taken away from everybody: {change.reason}"
        age = (timezone.now() - change.at).total_seconds() - (time.monotonic() - told.at)
        assert age < 5.0
    assert (change.scope, change.by) == ("all", "manage.py watch_rollout")
    assert "failed connections in percent" in change.reason
    assert "2 times in a row" in change.reason
    assert "WebSocket is taken away from everybody: failed connections in percent" in watching()

    # Nothing is lost on the way: the sockets' cursors go on as streams.
    cursors = [link.cursor for link in links if link.transport == "websocket"]
    inbox.send(people, "After the demotion")
    for browser, cursor in zip(browsers, cursors, strict=True):
        assert browser.open("sse", cursor).connection.wait_for(
            lambda frame: frame.get("message") == "After the demotion", "what happened since"
        )

    # It never comes back by itself; and what led to it is not held against it once somebody gives it back.
    said = len(watching())
    wait_until(lambda: watching()[said:].count("nothing to judge") >= 2, "two more looks", 10)
    assert TransportChange.objects.count() == 1
    demotions.restore(transport.ALL, "", reason="mended", by="somebody")
    for link in links:
        link.connection.wait_for(lambda frame: frame.get("transport") == "websocket", "told to use WebSocket", 10)
    said = len(watching())
    wait_until(lambda: watching()[said:].count("not enough data") >= 3, "three more looks", 15)
    assert TransportChange.objects.count() == 2


@pytest.mark.timeout(120)
def test_events_that_sockets_lose_take_websocket_away(site, browse, watching):
    head = person(Role.HEAD)
    browser = browse(head)
    link = browser.open("websocket", replay.head())

    def demoted() -> TransportChange | None:
        inbox.send([head], "Something")
        link.connection.wait_for_cursor(replay.head())
        link.noted = link.arrived()[1::2]
        assert browser.report().status_code in {200, 429}
        return TransportChange.objects.first()

    change = wait_until(demoted, "WebSocket is taken away", 60)
    assert change.reason.startswith("missing events: ")
    assert link.connection.wait_for(lambda frame: frame.get("transport") == "sse", "told to use SSE", 10)
