"""The control room and people's word on PostgreSQL, which is stricter about NULs, ordering and locks."""

import pytest
from django.core.cache import cache

from projeng.access import Role
from realtime.parity.models import Feedback
from realtime.rollout.models import TransportHold
from tests.support import telemetry
from tests.support.control_room import CONTROL_ROOM_URL, client_of, page_html
from tests.support.people import person


@pytest.fixture
def staff(new_database, on_database):
    on_database(new_database("postgres"))
    cache.clear()
    user = person(Role.HEAD, is_staff=True)
    events = [telemetry.event(user, minutes=5) for _ in range(5)]
    telemetry.receipts(telemetry.link(user), events[:3], [10, 20, 30])
    telemetry.fallback(user, "blocked", minutes=3)
    telemetry.samples("a", [(1, 2)] * 10)
    telemetry.server()
    return user


@pytest.mark.parametrize("query", ["", "?sort=lag", "?hours=24&q=%00x%00", "?q=%25_%5C"])
def test_the_page_is_answered(staff, query):
    assert "Control room" in page_html(staff, query)


def test_what_is_sent_is_kept_or_refused(staff):
    client = client_of(staff)
    client.post(CONTROL_ROOM_URL, {"action": "take", "scope": "all", "reason": "a\0b"})
    assert not TransportHold.objects.exists()
    client.post(CONTROL_ROOM_URL, {"action": "take", "scope": "all", "reason": "x"})
    assert TransportHold.objects.exists()
    client.post("/live/word/", {"live": "no", "comment": "\0", "page": "/"})
    assert not Feedback.objects.exists()
    client.post("/live/word/", {"live": "no", "comment": "?", "page": "/"})
    client.post("/live/word/", {"live": "yes", "page": "/"})
    assert Feedback.objects.count() == 1
