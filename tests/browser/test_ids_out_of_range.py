"""A log whose ids went beyond 2^53, where browsers cannot tell them apart: pages go on moving, whoever wrote them."""

import time

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from projeng import inbox
from projeng.access import Role
from realtime.log import replay
from realtime.log.events import AuthorityChanged
from realtime.log.models import PLACE_LIMIT, Event, LogEpoch, OutboxEvent
from realtime.log.place_range import EXHAUSTED, PLACES_END
from realtime.log.publish import Announcement, publish
from tests.support.people import person
from tests.support.site import running_on

from .support import FAILED_REQUESTS, connection_state, unread, until, until_state

pytestmark = [pytest.mark.timeout(150), pytest.mark.own_site]

site = running_on("daphne-postgres")


def _continue_at_nanoseconds() -> int:
    place = time.time_ns()
    with connection.cursor() as cursor:
        cursor.execute("SELECT setval('realtime_event_id_seq', %s)", [place])
    return place


def test_pages_go_on_moving_when_the_log_was_continued_at_a_time_in_nanoseconds(site, browse, caplog):
    head = person(Role.HEAD)
    inbox.send([head], "Before")
    replay.head()
    browsing = browse(site)
    page = browsing.open(head, "/dashboard/notifications/", tolerate=[FAILED_REQUESTS])
    until_state(page, "live")
    # The sequence alone.
    _continue_at_nanoseconds()
    inbox.send([head], "The sequence was moved")
    until(page, lambda: unread(page) == 2, "the page moves", 10)
    # Events that something else has written there, as a release of before would.
    place = _continue_at_nanoseconds()
    Event.objects.bulk_create(
        Event(id=place + number, type="authority_changed", fields={"user_ids": [head.pk]}, audience=[])
        for number in range(1, 4)
    )
    later = browsing.open(head, "/dashboard/notifications/", tolerate=[FAILED_REQUESTS])
    inbox.send([head], "Events were there")
    for one in (page, later):
        until(one, lambda one=one: unread(one) == 3, "the page moves", 15)
        until_state(one, "live")
    inbox.send([head], "And on it goes")
    for one in (page, later):
        until(one, lambda one=one: unread(one) == 4, "the page moves", 10)
        newest = replay.head()
        until(one, lambda one=one, newest=newest: int(one.evaluate("realtimeManager.cursor")) >= newest, "it is there")
    assert max(Event.objects.values_list("id", flat=True)) < PLACE_LIMIT
    told = [site.log.read_text(), *(record.getMessage() for record in caplog.records)]  # by whoever numbered
    assert sum(text.count("2^53") for text in told) == 2


def test_pages_do_not_say_live_when_no_places_are_left_and_the_documented_way_out_works(site, browse):
    head = person(Role.HEAD)
    inbox.send([head], "Before")
    replay.head()
    page = browse(site).open(head, "/dashboard/notifications/", tolerate=[FAILED_REQUESTS])
    until_state(page, "live")
    LogEpoch.objects.create(
        cut=replay.head(), begins=PLACES_END - 10, fingerprint=LogEpoch.objects.latest("id").fingerprint
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT setval('realtime_event_id_seq', %s)", [PLACES_END - 10])
    with transaction.atomic():
        publish(*(Announcement(AuthorityChanged(user_ids=[0]), []) for _ in range(600)))
    until_state(page, "reconnecting", 15)
    inbox.send([head], "Nobody can be told")
    assert site.healthy()
    page.wait_for_timeout(3_000)
    assert connection_state(page) != "live"
    assert EXHAUSTED in site.log.read_text() or OutboxEvent.objects.exists()
    page.reload()
    assert unread(page) == 2, "pages are served"
    with connection.cursor() as cursor:  # docs/operating.md, "Out of range"
        cursor.execute("TRUNCATE realtime_event, realtime_logepoch, realtime_logmark RESTART IDENTITY")
    call_command("new_epoch", "--all", verbosity=0)
    until_state(page, "live")
    inbox.send([head], "After it")
    until(page, lambda: unread(page) == 3, "the page moves")
    until(page, Event.objects.exists, "what was announced has its place")  # the page may have been told by the reset
    assert max(Event.objects.values_list("id", flat=True)) < PLACES_END
