"""How far polling clients have read that do not say it: a position for each, and none for those who are gone."""

import pytest
from django.utils import timezone

from messaging.chat import positions
from messaging.chat.models import PollPosition

pytestmark = pytest.mark.django_db


def test_a_poll_goes_on_where_the_last_one_ended_and_two_at_once_have_positions_of_their_own():
    first, second = positions.take("one"), positions.take("one")
    assert first.pk != second.pk
    positions.leave(first, 7)
    assert positions.take("one").cursor == 7


def test_positions_of_whoever_polls_no_more_are_deleted_by_whoever_comes_next():
    gone, here = positions.take("gone"), positions.take("here")
    PollPosition.objects.filter(pk=gone.pk).update(used_at=timezone.now() - 2 * positions.KEPT)
    new = positions.take("new")
    assert set(PollPosition.objects.values_list("pk", flat=True)) == {here.pk, new.pk}


def test_the_poll_after_one_that_was_broken_off_starts_where_that_stood():
    positions.leave(positions.take("one"), 7)
    positions.take("one")  # and nobody leaves it
    assert positions.take("one").cursor == 7


def test_of_several_that_are_held_the_one_that_is_behind_counts():
    first, second = positions.take("one"), positions.take("one")
    positions.leave(first, 7)
    positions.leave(second, 9)
    held = {positions.take("one").cursor, positions.take("one").cursor}
    assert held == {7, 9}
    assert positions.take("one").cursor == 7


def test_a_client_with_another_credential_starts_anew():
    positions.leave(positions.take("another"), 7)
    assert positions.take("one").cursor is None


def test_clients_with_names_have_positions_of_their_own_whoever_polls_first():
    for name, cursor in (("tab-1", 5), ("tab-2", 6)):
        positions.leave(positions.take("one", name), cursor)
    for _ in range(2):
        assert [positions.take("one", name).cursor for name in ("tab-1", "tab-1", "tab-2")] == [5, 5, 6]
    assert positions.take("one").cursor is None, "a client without a name takes none of theirs"
    positions.forget("one", "tab-1")
    assert [positions.take("one", name).cursor for name in ("tab-1", "tab-2")] == [None, 6]
    assert positions.take("another", "tab-2").cursor is None


def test_names_are_bounded_and_the_one_that_polled_last_is_kept():
    for number in range(positions.MOST + 5):
        positions.leave(positions.take("one", f"tab-{number}"), number)
    assert PollPosition.objects.count() == positions.MOST
    assert positions.take("one", f"tab-{positions.MOST + 4}").cursor == positions.MOST + 4
