"""What servers say of themselves is by one clock for all of them: the database's."""

from datetime import timedelta

import pytest
import time_machine

from realtime.rollout.models import ConnectionSample, ServerProcess
from realtime.rollout.presence import Presence, alive

pytestmark = pytest.mark.django_db
WRONG = [timedelta(hours=-1), timedelta(hours=1), timedelta(days=400)]


def seen(*processes: Presence) -> set[str]:
    assert len({one.key for one in processes}) == len(processes)
    return set(alive().values_list("key", flat=True))


@pytest.mark.parametrize("wrong", WRONG)
def test_a_server_whose_clock_is_wrong_serves_like_any_other(wrong):
    right, other = Presence(), Presence()
    right.beat()
    with time_machine.travel(wrong):
        other.beat()
        assert seen(right, other) == {right.key, other.key}
    assert seen(right, other) == {right.key, other.key}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_server_whose_clock_is_wrong_deletes_nothing_of_the_others(wrong):
    right, other = Presence(), Presence()
    right.beat()
    with time_machine.travel(wrong):
        other.beat()
    assert ServerProcess.objects.count() == 2
    assert ConnectionSample.objects.count() == 2


def test_to_say_again_that_it_lives_is_one_query(django_assert_num_queries):
    process = Presence()
    process.beat()
    with django_assert_num_queries(1):
        process.beat()
    ServerProcess.objects.all().delete()
    process.beat()
    assert seen(process) == {process.key}


def test_who_is_gone_for_a_day_is_forgotten():
    gone, here = Presence(), Presence()
    gone.beat()
    ServerProcess.objects.update(seen_at=ServerProcess.objects.get().seen_at - timedelta(days=1, minutes=1))
    here.beat()
    assert list(ServerProcess.objects.values_list("key", flat=True)) == [here.key]
