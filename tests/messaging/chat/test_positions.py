"""How far polling clients have read that do not say it."""

import pytest

from messaging.chat import positions
from messaging.chat.models import PollPosition

pytestmark = pytest.mark.django_db

CLIENT = "digest"


def test_a_poll_goes_on_where_the_last_one_left():
    positions.leave(positions.take(CLIENT), 7)
    assert positions.take(CLIENT).cursor == 7
    assert PollPosition.objects.count() == 1


def test_the_poll_after_one_that_was_broken_off_starts_where_that_stood():
    positions.leave(positions.take(CLIENT), 7)
    positions.take(CLIENT)  # and nobody leaves it
    assert positions.take(CLIENT).cursor == 7


def test_of_several_that_are_held_the_one_that_is_behind_counts():
    first, second = positions.take(CLIENT), positions.take(CLIENT)
    positions.leave(first, 7)
    positions.leave(second, 9)
    held = {positions.take(CLIENT).cursor, positions.take(CLIENT).cursor}
    assert held == {7, 9}
    assert positions.take(CLIENT).cursor == 7


def test_a_client_with_another_credential_starts_anew():
    positions.leave(positions.take("another"), 7)
    assert positions.take(CLIENT).cursor is None
