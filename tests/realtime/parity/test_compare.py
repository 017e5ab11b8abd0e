"""From reports to what people got: each fault is found as often as it was made, and nothing else is."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from realtime.parity.compare import Arrival, Link, Log, Logged, compare, tally

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
LATE = 3_000
ME, YOU = 1, 2
KEYS = {ME: frozenset({"user:1", "projects"}), YOU: frozenset({"user:2"})}
TOPICS = frozenset({"notifications", "projects"})


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


def event(event_id: int, at: float, topic: str | None = "projects", *audience: str) -> Logged:
    return Logged(event_id, NOON + seconds(at), topic, frozenset(audience or {"projects"}))


def link(*ids: int, at: float = 0, **facts) -> Link:
    """A link that opened ``at`` seconds after noon and brought these events, each after 100 ms."""
    made = {"user_id": ME, "transport": "websocket", "topics": TOPICS, "cursor_from": 0, "cursor_to": 10, **facts}
    opened = NOON + seconds(at)
    made.setdefault("worked_at", opened)
    arrivals = [one if isinstance(one, Arrival) else Arrival(one, 100) for one in ids]
    return Link(opened_at=opened, arrivals=arrivals, **made)


def counted(*links: Link, log: Log, transport: str = "websocket") -> dict:
    since = NOON - seconds(3600)
    found = tally(links, log, since=since, until=NOON + seconds(3600), late_ms=LATE)
    return found[transport].numbers()


TEN = Log([event(number, number) for number in range(1, 11)], KEYS)


def test_nothing_is_wrong_where_everything_came_once_and_in_order():
    found = counted(link(*range(1, 11)), log=TEN)
    assert (found["owed"], found["delivered"]) == (10, 10)
    assert not any(found[name] for name in ("missing", "duplicates", "out_of_order", "late", "caught_up", "failed"))
    assert (found["p50_ms"], found["p99_ms"], found["measured"]) == (100, 100, 10)


def test_an_event_that_the_cursor_passed_without_bringing_it_is_missing():
    found = counted(link(1, 2, 4, 5, 6, 7, 9, 10), log=TEN)
    assert (found["missing"], found["delivered"], found["people_missing"]) == (2, 8, 1)


def test_what_lies_before_and_beyond_a_links_cursors_is_not_owed():
    assert counted(link(4, 5, cursor_from=3, cursor_to=5), log=TEN)["owed"] == 2


def test_an_event_beyond_the_cursor_is_missing_once_the_link_has_told_a_cursor_for_ten_seconds_since():
    stuck = {"cursor_from": 0, "cursor_to": 8}
    assert counted(link(*range(1, 9), heard_at=NOON + seconds(18), **stuck), log=TEN)["missing"] == 0
    assert counted(link(*range(1, 9), heard_at=NOON + seconds(19), **stuck), log=TEN)["missing"] == 1
    assert counted(link(*range(1, 9), heard_at=NOON + seconds(60), **stuck), log=TEN)["missing"] == 2


def test_what_another_link_brings_later_was_late_and_not_missing():
    stuck = link(*range(1, 9), cursor_to=8, heard_at=NOON + seconds(60))
    after = link(9, 10, at=61, cursor_from=8)
    found = counted(stuck, after, log=TEN)
    assert (found["missing"], found["caught_up"]) == (0, 2)


def test_an_event_that_comes_twice_on_a_link_is_a_duplicate_and_on_two_links_it_is_not():
    assert counted(link(1, 2, 2, 3, 2, cursor_to=3), log=TEN)["duplicates"] == 2
    assert counted(link(1, 2, cursor_to=2), link(1, 2, cursor_to=2), log=TEN)["duplicates"] == 0


def test_an_event_after_a_newer_one_is_out_of_order():
    found = counted(link(1, 3, 2, 5, 4, cursor_to=5), log=TEN)
    assert (found["out_of_order"], found["missing"], found["duplicates"]) == (2, 0, 0)


def test_late_is_over_the_limit_and_unknown_delays_are_not_measured():
    arrivals = [Arrival(1, LATE), Arrival(2, LATE + 1), Arrival(3, None)]
    found = counted(link(*arrivals, cursor_to=3), log=TEN)
    assert (found["late"], found["people_late"], found["measured"], found["delivered"]) == (1, 1, 2, 3)


def test_what_had_been_waiting_before_the_link_opened_is_caught_up_with_and_not_measured():
    found = counted(link(*range(1, 11), at=5.5), log=TEN)
    assert (found["caught_up"], found["measured"], found["missing"]) == (5, 5, 0)


def test_people_are_owed_what_they_may_see_of_the_topics_they_asked_for():
    log = Log(
        [
            event(1, 1),
            event(2, 2, "notifications", "user:2"),
            event(3, 3, "notifications", "user:1"),
            event(4, 4, None, "projects"),
            event(5, 5, "projects", "user:1", "user:2"),
        ],
        KEYS,
    )
    assert counted(link(), log=log)["missing"] == 3
    assert counted(link(user_id=YOU), log=log)["missing"] == 2
    assert counted(link(topics=frozenset({"notifications"})), log=log)["missing"] == 1
    assert counted(link(user_id=3), log=log)["missing"] == 0  # an account that is gone holds no key


def test_nothing_is_judged_before_a_change_of_what_somebody_may_see():
    log = Log(TEN.events.values(), KEYS, floors={ME: 6})
    found = counted(link(8, 9, 10), log=log)
    assert (found["owed"], found["missing"], found["unjudged_people"]) == (4, 1, 1)


def test_without_a_cursor_nothing_is_owed():
    assert counted(link(1, cursor_from=None), link(1, cursor_to=None), log=TEN)["owed"] == 0


def ended(reason: str, at: float = 0, transport: str = "websocket", **facts) -> Link:
    return link(
        at=at, transport=transport, reason=reason, ended_at=NOON + seconds(at + 1), **{"worked_at": None, **facts}
    )


def test_a_connection_that_never_worked_has_failed_and_one_that_broke_later_was_lost():
    found = counted(ended("blocked"), ended("blocked"), ended("silent"), link(), log=TEN)
    assert (found["tried"], found["failed"], found["failed_percent"]) == (4, 3, 75.0)
    assert found["failures"] == {"blocked": 2, "silent": 1}
    assert counted(ended("closed", worked_at=NOON), log=TEN)["lost"] == 1


@pytest.mark.parametrize("reason", ["stopped", "replaced", "told", "stale", "signed-out", "other-user"])
def test_a_connection_that_somebody_ended_has_not_failed(reason):
    found = counted(ended(reason), link(), log=TEN)
    assert (found["tried"], found["failed"]) == (1, 0)
    assert counted(ended(reason, worked_at=NOON), log=TEN)["lost"] == 0


def test_a_connection_that_is_still_to_come_is_neither_tried_nor_failed():
    assert counted(link(worked_at=None), log=TEN)["tried"] == 0


def test_a_socket_that_met_no_server_has_not_failed():
    down = [ended("blocked"), ended("unreachable", at=4, transport="sse")]
    found = counted(*down, ended("blocked", at=60), link(), log=TEN)
    assert (found["tried"], found["away"], found["failed"], found["failed_percent"]) == (3, 1, 1, 50.0)
    another = ended("unreachable", at=4, transport="sse", user_id=YOU)
    assert counted(ended("blocked"), another, log=TEN)["failed"] == 1


def test_connections_count_in_the_span_in_which_they_began():
    found = tally(
        [link(at=-1), link(at=0), link(at=9), link(at=10)], TEN, since=NOON, until=NOON + seconds(10), late_ms=1
    )
    assert found["websocket"].tried == 2


def test_transports_are_counted_apart():
    log = TEN
    links = [link(1, 2, cursor_to=2), link(1, transport="sse", cursor_to=2)]
    assert counted(*links, log=log)["missing"] == 0
    assert counted(*links, log=log, transport="sse")["missing"] == 1


@pytest.mark.parametrize(
    ("delays", "expected"),
    [([7], (7, 7, 7)), (range(1, 101), (50, 95, 99)), (range(1, 201), (100, 190, 198)), ([1, 1000], (1, 1000, 1000))],
)
def test_percentiles_are_those_of_the_nearest_rank(delays, expected):
    log = Log([event(number, 1) for number in range(1, len(delays) + 1)], KEYS)
    arrivals = [Arrival(number, delay) for number, delay in enumerate(delays, 1)]
    random.Random(1).shuffle(arrivals)
    found = counted(link(*arrivals, cursor_to=len(delays)), log=log)
    assert (found["p50_ms"], found["p95_ms"], found["p99_ms"]) == expected


# --- shadow -----------------------------------------------------------------------------------------------------


def test_shadow_says_what_came_both_ways_and_which_way_was_first():
    shown = link(Arrival(1, 300), Arrival(2, 300), Arrival(3, 300), transport="sse", cursor_to=4)
    beside = link(Arrival(1, 100), Arrival(2, 400), Arrival(4, 100), shown=False, cursor_to=4)
    found = compare([shown, beside, link(1, user_id=YOU)], TEN)
    assert found == {
        "people": 1,
        "both": 2,
        "only_shown": 1,
        "only_compared": 1,
        "websocket_first": 1,
        "lead_ms": 200,
    }


def test_what_a_link_was_not_there_for_is_no_difference():
    shown = link(*range(1, 11), transport="sse")
    beside = link(5, 6, shown=False, cursor_from=4, cursor_to=6)
    found = compare([shown, beside], TEN)
    assert (found["both"], found["only_shown"], found["only_compared"]) == (2, 0, 0)


def test_without_shadow_nothing_is_compared():
    assert compare([link(1)], TEN) is None


# --- whatever happens -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(60))
def test_of_any_faults_exactly_those_that_were_made_are_found(seed):
    chance = random.Random(seed)
    people = {number: frozenset({f"user:{number}", *chance.sample(["a", "b", "c"], 2)}) for number in range(1, 6)}
    topics = ["notifications", "projects", None]
    log = Log(
        [
            event(number, number, chance.choice(topics), chance.choice(["a", "b", "c", "user:1", "user:2"]))
            for number in sorted(chance.sample(range(1, 300), 120))
        ],
        people,
        floors={number: chance.randrange(100) for number in chance.sample(sorted(people), 2)},
    )
    made = {
        name: dict.fromkeys(("missing", "duplicates", "out_of_order", "late", "delivered"), 0)
        for name in ("sse", "websocket")
    }
    links = []
    for _ in range(12):
        user_id, transport = chance.choice(sorted(people)), chance.choice(["sse", "websocket"])
        begin = chance.randrange(200)
        end = begin + chance.randrange(100)
        faults = made[transport]
        came: list[Arrival] = []
        swapped = False
        for one in log.events.values():
            if not begin < one.id <= end or not one.topic or one.audience.isdisjoint(people[user_id]):
                continue
            judged = one.id > log.floors.get(user_id, 0)
            what = chance.choice(["fine"] * 6 + ["lost", "twice", "late", "swapped"])
            if what == "lost":
                faults["missing"] += judged
                continue
            faults["delivered"] += 1
            faults["late"] += what == "late"
            came.append(Arrival(one.id, LATE + 1 if what == "late" else 50))
            if what == "twice":
                faults["duplicates"] += 1
                came.append(came[chance.randrange(len(came))])
            if what == "swapped" and not swapped and len(came) > 1 and came[-2].event_id < one.id:
                # Only next to each other, and once a link: one fault is then one event after a newer one.
                newest_before = max((arrival.event_id for arrival in came[:-2]), default=0)
                first_time = came[-2] not in came[:-2]
                if newest_before < came[-2].event_id and first_time:
                    came[-2:] = came[-1], came[-2]
                    faults["out_of_order"] += 1
                    swapped = True
        links.append(link(*came, user_id=user_id, transport=transport, cursor_from=begin, cursor_to=end, at=-1))
    chance.shuffle(links)
    found = tally(links, log, since=NOON - seconds(3600), until=NOON + seconds(3600), late_ms=LATE)
    for transport, faults in made.items():
        numbers = found[transport].numbers() if transport in found else dict.fromkeys(faults, 0)
        assert {name: numbers[name] for name in faults} == faults


# --- what must not look good -------------------------------------------------------------------------------------


def test_an_event_that_a_living_link_held_back_is_late_though_another_link_brought_it():
    stuck = link(*range(1, 9), cursor_to=8, heard_at=NOON + seconds(60))
    found = counted(stuck, link(9, 10, at=61, cursor_from=8), log=TEN)
    assert (found["missing"], found["late"], found["people_late"]) == (0, 2, 1)
    assert found["p99_ms"] == 51_000  # at least: so long after the event the link still told a cursor without it


@pytest.mark.parametrize("asleep", [8 * 3600, 600, 200])
def test_a_machine_that_slept_is_no_failure_of_its_transport(asleep):
    """Its link ends long after it was last heard of, whatever the browser calls that, and owes nothing of meanwhile."""
    woke = NOON + seconds(60 + asleep)
    night = Log([event(1, 1), *(event(number, 60 + asleep * number / 11) for number in range(2, 11))], KEYS)
    again = {"cursor_from": 1, "cursor_to": 10, "at": 61 + asleep}
    for reason, heard in (("silent", NOON + seconds(50)), ("stale", NOON + seconds(50)), ("stale", woke)):
        slept = link(1, cursor_to=1, heard_at=heard, ended_at=woke, reason=reason)
        found = tally([slept, link(*range(2, 11), **again)], night, since=NOON, until=woke + seconds(60), late_ms=LATE)[
            "websocket"
        ].numbers()
        assert (found["failed"], found["missing"], found["late"], found["people_late"]) == (0, 0, 0, 0), reason
        assert (found["delivered"], found["caught_up"], found["p99_ms"]) == (10, 9, 100), reason


def test_a_connection_that_worked_and_fell_silent_has_failed_where_another_one_worked_at_once():
    gone = {"reason": "silent", "ended_at": NOON + seconds(40)}
    stream = link(at=41, transport="sse", worked_at=NOON + seconds(42))
    found = counted(link(**gone), stream, log=TEN)
    assert (found["failed"], found["lost"], found["failures"]) == (1, 0, {"silent": 1})
    # Nobody knows why where there was nothing else for a while: out of reach of the network, say.
    for other in (
        [],
        [link(at=41, transport="sse", worked_at=NOON + seconds(70))],
        [link(at=41, transport="sse", worked_at=NOON + seconds(42), user_id=YOU)],
        [link(at=41, transport="sse", worked_at=None, ended_at=NOON + seconds(49), reason="silent")],
    ):
        found = counted(link(**gone), *other, log=TEN)
        assert (found["failed"], found["lost"]) == (0, 1)
    assert counted(link(**{**gone, "reason": "closed"}), stream, log=TEN)["failed"] == 0
