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
