"""The checker: a correct run has no violations, and each kind of violation is found."""

import math
from dataclasses import replace
from typing import Any

import pytest

from .changes import Change, Kind, Outcome
from .checker import PROJECTS, ClientHistory, LoggedEvent, Right, judge

HEAD, ENGINEER = 1, 2
COMMITTED = Outcome.COMMITTED


def project_event(event_id: int, mark: str, project: int = 7) -> LoggedEvent:
    fields = {"project_id": project, "name": f"Road {mark}", "changes": {"name": {"old": "Road [w.9]"}}}
    return LoggedEvent(event_id, "project_updated", fields, frozenset({PROJECTS, f"project:{project}"}))


def message(event_id: int, mark: str, user_id: int) -> LoggedEvent:
    return LoggedEvent(event_id, "notification", {"message": f"{mark} for you"}, frozenset({f"user:{user_id}"}))


class Run:
    """A small run in which nothing is wrong, to be spoilt."""

    def __init__(self) -> None:
        self.changes = [
            Change("w", 1, Kind.RENAMED, project=7, outcome=COMMITTED, stored=True),
            Change("w", 2, Kind.RENAMED, project=8, outcome=COMMITTED, stored=True),
            Change("w", 3, Kind.RENAMED, project=7, outcome=Outcome.ABANDONED),
            Change("w", 4, Kind.MESSAGE, recipients=frozenset({HEAD, ENGINEER}), outcome=COMMITTED, stored=True),
            Change("w", 5, Kind.RENAMED, project=7),
            Change("x", 1, Kind.CREATED, outcome=Outcome.UNKNOWN, stored=True),
        ]
        self.log = [
            project_event(1, "[w.1]"),
            project_event(2, "[w.2]", project=8),
            message(3, "[w.4]", HEAD),
            message(4, "[w.4]", ENGINEER),
            project_event(6, "[x.1]", project=9),
        ]
        self.head = ClientHistory("head", HEAD, [1, 2, 3, 6], [Right(f"user:{HEAD}"), Right(PROJECTS)], cursor=6)
        rights = [Right(f"user:{ENGINEER}"), Right("project:7")]
        self.engineer = ClientHistory("engineer", ENGINEER, [1, 4], rights, cursor=6)
        self.ended: dict[str, int] = {}
        self.differing: list[str] = []
        self.frames: dict[int, dict[str, Any]] = {}
        self.outbox: list[str] = []

    def found(self) -> set[str]:
        verdict = judge(
            self.changes, self.log, [self.head, self.engineer], self.ended, self.differing, self.frames, self.outbox
        )
        assert set(verdict.faults) == set(verdict.counted)
        assert len(verdict.lines()) == len(verdict.faults)
        return set(verdict.faults)


@pytest.fixture
def run() -> Run:
    return Run()


def test_what_is_right_is_not_complained_of(run):
    assert run.found() == set()


def test_an_event_that_never_came_is_lost_by_the_log_and_by_the_writers(run):
    run.engineer.ids = [4]
    assert run.found() == {"lost", "a change never came"}


@pytest.mark.parametrize(
    ("ids", "kinds"),
    [
        ([1, 2, 3, 3, 6], {"twice", "out of order"}),
        ([2, 1, 3, 6], {"out of order"}),
        ([1, 2, 3, 4, 6], {"seen without permission"}),
        ([1, 2, 3, 5, 6], {"not in the log"}),
    ],
)
def test_what_a_client_got_too_often_too_early_or_wrongly(run, ids, kinds):
    run.head.ids = ids
    assert run.found() == kinds


def test_what_another_project_told_is_not_theirs_by_the_writers_account_either(run):
    run.engineer.ids = [1, 2, 4]
    assert run.found() == {"seen without permission", "a change that is not theirs"}


def test_what_came_below_the_cursor_and_what_had_to_be_reset(run):
    run.head.late, run.engineer.resets = [2], ["last_event_id is ahead of the log"]
    assert run.found() == {"too late to be in order", "told to reset"}


def test_a_client_that_stands_still(run):
    run.engineer.cursor = 4
    assert run.found() == {"never came to the end"}


def test_a_rolled_back_change_that_is_announced(run):
    run.log.append(project_event(7, "[w.3]"))
    run.head.ids, run.engineer.ids = [*run.head.ids, 7], [*run.engineer.ids, 7]
    run.head.cursor = run.engineer.cursor = 7
    assert run.found() == {
        "announced but rolled back",
        "a change that is not theirs",
        "out of the order of their writer",
    }


def test_a_committed_change_that_is_not_announced(run):
    run.log.pop(0)
    run.head.ids, run.engineer.ids = [2, 3, 6], [4]
    assert run.found() == {"committed and never announced", "a change never came"}


def test_an_outcome_that_nobody_knows_may_be_either_but_not_half(run):
    run.changes[5].stored = False
    assert "announced but rolled back" in run.found()
    run.changes[5].stored, run.changes[4].stored = True, True
    assert "committed and never announced" in run.found()


def test_a_database_that_forgets_or_keeps_what_it_should_not(run):
    run.changes[0].stored, run.changes[2].stored = False, True
    assert {"committed and gone", "abandoned and stored"} <= run.found()


def test_a_message_that_is_announced_twice_or_to_others(run):
    run.log.insert(3, replace(message(3, "[w.4]", HEAD), id=5))
    run.log.sort(key=lambda event: event.id)
    run.head.ids = [1, 2, 3, 5, 6]
    assert run.found() == {"announced more than once"}
    run.changes[3].recipients = frozenset({HEAD})
    assert {"announced to others than meant", "a change that is not theirs"} <= run.found()


def test_a_writer_whose_changes_come_in_another_order(run):
    run.changes[0].number, run.changes[1].number = 2, 1
    run.log[0] = project_event(1, "[w.2]")
    run.log[1] = project_event(2, "[w.1]", project=8)
    assert run.found() == {"out of the order of their writer"}


def test_two_clients_that_got_different_things_under_one_id(run):
    run.differing.append("head got …")
    assert run.found() == {"not the same for all"}


class TestPlaces:
    """Each event has one place in the log, for ever."""

    @pytest.fixture(autouse=True)
    def lines(self, run: Run) -> None:
        """Events 1 and 2 tell of lines 11 and 12 of the timeline, and both clients received them so."""
        for place in (0, 1):
            fields = {**run.log[place].fields, "activity_id": 11 + place}
            run.log[place] = replace(run.log[place], fields=fields)
            run.frames[place + 1] = {"type": "project_updated", "id": place + 1, **fields}
        assert run.found() == set()

    def test_two_events_that_have_changed_their_numbers(self, run):
        run.frames[1]["activity_id"], run.frames[2]["activity_id"] = 12, 11
        assert run.found() == {"number changed"}

    def test_an_event_that_is_another_one_now(self, run):
        run.frames[1]["activity_id"] = 13
        assert run.found() == {"number changed"}

    def test_an_event_that_has_another_number_now(self, run):
        run.frames[5] = {**run.frames.pop(1), "id": 5}
        assert run.found() == {"number changed"}

    def test_an_event_that_was_given_two_numbers(self, run):
        run.log.append(replace(run.log[0], id=7))
        run.head.ids, run.engineer.ids = [*run.head.ids, 7], [*run.engineer.ids, 7]
        run.head.cursor = run.engineer.cursor = 7
        assert run.found() == {"given twice"}

    def test_a_committed_event_that_was_never_given_one(self, run):
        run.outbox.append("Road [w.1]")
        assert run.found() == {"committed and never numbered"}


class TestOrderAcrossWriters:
    """The messages of change w.4 were committed at 10. Another writer began x.1 later, and its event comes later."""

    @pytest.fixture(autouse=True)
    def times(self, run: Run) -> None:
        run.changes[3].began, run.changes[3].returned = 9.0, 10.0
        run.changes[5].began, run.changes[5].returned = 11.0, 12.0
        assert run.found() == set()

    def place(self, run: Run, first: int, second: int, third: int) -> None:
        """Give the events of both changes these places in the log: the two messages first."""
        events = (run.log[2], first), (run.log[3], second), (run.log[4], third)
        run.log[2:] = sorted((replace(event, id=place) for event, place in events), key=lambda event: event.id)
        run.head.ids = [1, 2, *sorted([first, third])]
        run.engineer.ids = [1, second]
        run.head.cursor = run.engineer.cursor = 6

    def test_who_began_after_another_was_committed_comes_later(self, run):
        self.place(run, 4, 6, 3)
        assert run.found() == {"out of the order of the commits"}

    def test_two_that_overlap_may_come_in_either_order(self, run):
        run.changes[5].began = 9.9
        self.place(run, 4, 6, 3)
        assert run.found() == set()

    def test_the_outcome_of_the_later_one_need_not_be_known(self, run):
        run.changes[5].returned = math.inf
        self.place(run, 4, 6, 3)
        assert run.found() == {"out of the order of the commits"}

    def test_all_messages_of_a_change_come_before_what_began_later(self, run):
        self.place(run, 3, 6, 4)
        assert run.found() == {"out of the order of the commits"}


class TestRightsThatChange:
    """An engineer is assigned to project 8 by event 2, or taken off it by event 5."""

    def spoil(self, run: Run, ids: list[int], **right: Any) -> set[str]:
        run.log.append(project_event(7, "[w.2]", project=8))
        run.changes = []
        run.head.ids, run.head.cursor = [1, 2, 3, 6, 7], 7
        run.engineer.rights.append(Right("project:8", **right))
        run.engineer.ids, run.engineer.cursor = ids, 7
        return run.found() - {"announced but rolled back"}

    def test_what_was_written_before_it_was_given_may_be_seen_or_not(self, run):
        assert self.spoil(run, [1, 4, 7], since=2) == set()

    def test_and_be_seen_by_who_reads_it_afterwards(self, run):
        assert self.spoil(run, [1, 2, 4, 7], since=2, read_from={"engineer": 1}) == set()

    def test_but_not_by_who_had_read_past_it_by_then(self, run):
        assert self.spoil(run, [1, 2, 4, 7], since=4, read_from={"engineer": 2}) == {"seen without permission"}

    def test_what_was_written_after_it_was_given_must_be_seen(self, run):
        assert self.spoil(run, [1, 4], since=2, read_from={"engineer": 1}) == {"lost"}

    def test_what_was_written_after_its_end_must_not_be_seen(self, run):
        assert self.spoil(run, [1, 2, 4, 7], until=6, read_to={"engineer": 5}) == {"seen without permission"}

    def test_what_a_client_had_read_past_before_the_end_it_must_have_got(self, run):
        assert self.spoil(run, [1, 4], until=6, read_to={"engineer": 5}) == {"lost"}

    def test_what_it_had_not_come_to_by_then_it_need_not_have(self, run):
        assert self.spoil(run, [1, 4], until=6, read_to={"engineer": 1}) == set()

    def test_a_right_that_rested_must_bring_everything_afterwards(self, run):
        """An account that is disabled and enabled: its clients cannot have read on meanwhile."""
        rested = {"since": 2, "read_from": {"engineer": 2}}
        assert self.spoil(run, [1, 4, 7], **rested) == set()
        run.engineer.ids = [1, 4]
        assert run.found() == {"lost"}

    def test_what_came_while_a_right_rested_came_too_early(self, run):
        assert self.spoil(run, [1, 4, 7], since=2, read_from={"engineer": 7}) == {"seen without permission"}


def test_what_came_by_a_session_after_its_end(run):
    run.head.sessions = [(0, "old"), (2, "new")]
    run.ended = {"old": 2}
    assert run.found() == set()
    run.head.sessions = [(0, "old"), (3, "new")]
    assert run.found() == {"seen after the session ended"}


def test_a_change_of_which_nobody_knew_may_come_true_after_the_next_ones(run):
    """A server that was slow went on with a form that its browser had given up."""
    run.changes.append(Change("w", 0, Kind.RENAMED, project=8, outcome=Outcome.UNKNOWN, stored=True))
    run.log.append(project_event(7, "[w.0]", project=8))
    run.head.ids, run.head.cursor, run.engineer.cursor = [*run.head.ids, 7], 7, 7
    assert run.found() == set()
