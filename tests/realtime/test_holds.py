"""Taking WebSocket away and giving it back: what is stored, recorded and announced."""

import pytest
from django.contrib.auth.models import Group

from realtime import authority, holds, rollout
from realtime.models import Event, TransportChange
from tests.support.people import person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _granted(settings):
    settings.USE_WEBSOCKETS = True


def _transports(*users):
    return [rollout.decision(user).transport for user in users]


def test_one_user_a_group_or_everybody():
    group = Group.objects.create(name="Surveyors")
    first, second, third = person(), person(), person()
    second.groups.add(group)
    assert _transports(first, second, third) == ["websocket"] * 3
    holds.take("user", str(first.pk), reason="asked for it", by="ana")
    assert _transports(first, second, third) == ["sse", "websocket", "websocket"]
    holds.take("group", "Surveyors", reason="old tablets", by="ana")
    assert _transports(first, second, third) == ["sse", "sse", "websocket"]
    holds.take("all", "", reason="the proxy", by="ana")
    assert _transports(first, second, third) == ["sse"] * 3
    holds.give_back("user", str(first.pk), reason="", by="ben")
    assert _transports(first, second, third) == ["sse"] * 3
    holds.give_back("all", "", reason="proxy mended", by="ben")
    assert _transports(first, second, third) == ["websocket"] * 3


def test_each_change_is_recorded_with_who_when_and_why_and_told_to_the_servers():
    holds.take("all", "", reason="the proxy", by="ana")
    holds.give_back("all", "", reason="mended", by="ben")
    recorded = TransportChange.objects.order_by("id").values_list("action", "scope", "reason", "by")
    assert list(recorded) == [("take", "all", "the proxy", "ana"), ("give_back", "all", "mended", "ben")]
    assert list(Event.objects.values_list("type", "audience")) == [("transport_changed", [])] * 2


def test_doing_it_again_changes_and_records_nothing():
    assert holds.take("all", "", reason="first", by="ana")
    assert not holds.take("all", "", reason="second", by="ben")
    assert rollout.holds().everybody == "first"
    assert holds.give_back("all", "", reason="", by="ana")
    assert not holds.give_back("all", "", reason="", by="ana")
    assert TransportChange.objects.count() == Event.objects.count() == 2


def test_the_kill_switch_costs_no_query_and_the_rollout_two_for_all(settings, django_assert_num_queries):
    users = [person() for _ in range(5)]
    settings.USE_WEBSOCKETS = False
    with django_assert_num_queries(0):
        rollout.decisions(users)
    settings.USE_WEBSOCKETS = True
    with django_assert_num_queries(2):
        rollout.decisions(users)


def test_a_viewer_carries_the_decision():
    user = person()
    assert authority.load([user.pk])[user.pk].transport.transport == "websocket"
    holds.take("user", str(user.pk), reason="asked", by="ana")
    assert authority.load([user.pk])[user.pk].transport == ("sse", "taken away from this person: asked")
