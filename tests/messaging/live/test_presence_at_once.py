"""Processes that say at once who came and went, on PostgreSQL: what was said last of anybody is what is true."""

import random
from collections import defaultdict
from collections.abc import Callable

import pytest

from messaging.live.models import LastSeen, PresenceProcess
from messaging.live.presence import PresenceStore, online_among
from realtime.log import replay
from realtime.log.models import Event
from tests.messaging.conftest import write
from tests.messaging.test_at_once import at_once
from tests.support.people import person

PROCESSES, ROUNDS = 4, 12


def said() -> dict[int, list[bool]]:
    """What was said of each person, in order."""
    replay.head()  # waits until every event has its place, whoever gives it
    found = defaultdict(list)
    for row in Event.objects.filter(type="presence_changed").order_by("id"):
        found[row.fields["person_id"]].append(row.fields["is_online"])
    return found


@pytest.fixture
def people(new_database, on_database, ana) -> list:
    everybody = [person() for _ in range(6)]
    for one in everybody:
        write(ana, one)
    return everybody


@pytest.fixture
def ana(new_database, on_database):
    on_database(new_database("postgres"))
    return person()


def test_of_each_person_coming_and_going_is_said_in_turns_and_last_what_is_true(people):
    ids = [one.pk for one in people]
    stores = [PresenceStore() for _ in range(PROCESSES)]
    here: list[set] = [set() for _ in range(PROCESSES)]

    def lives(number: int) -> Callable[[], None]:
        chance = random.Random(number)

        def run() -> None:
            for _ in range(ROUNDS):
                arrived = set(chance.sample(ids, 3)) - here[number]
                left = {one for one in here[number] if chance.random() < 0.6}
                stores[number].change(arrived, left)
                here[number] = (here[number] | arrived) - left
                stores[number].renew()

        return run

    at_once(*(lives(number) for number in range(PROCESSES)))
    online = set().union(*here)
    assert online_among(ids) == online
    for one, states in said().items():
        assert states == [number % 2 == 0 for number in range(len(states))], one
        assert states[-1] == (one in online)
    assert set(LastSeen.objects.filter(is_online=True).values_list("pk", flat=True)) == online


def test_of_several_processes_that_clear_a_dead_one_each_person_is_said_to_be_gone_once(people):
    ids = [one.pk for one in people]
    dead, others = PresenceStore(), [PresenceStore() for _ in range(PROCESSES)]
    dead.change(ids)
    others[0].change(ids[:2])
    PresenceProcess.objects.filter(pk=dead.key).update(alive_until="2020-01-01T00:00:00Z")
    assert [store.renew() for store in others[:1]] == [(True, True)]
    at_once(*(store.clear_dead for store in others))
    found = said()
    assert [found[one] for one in ids[:2]] == [[True]] * 2
    assert [found[one] for one in ids[2:]] == [[True, False]] * 4
    assert online_among(ids) == set(ids[:2])
