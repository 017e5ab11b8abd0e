"""A request with a key: carried out once, answered the same again, for a person, for a time, within bounds."""

import io
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from messaging.errors import Conflict, Forbidden, Invalid
from messaging.idempotency import keys
from messaging.idempotency.models import KeyedRequest
from messaging.models import Message
from messaging.turns import TooOften
from tests.messaging.conftest import write

pytestmark = pytest.mark.django_db


class Act:
    """Something that is done, and counts how often."""

    times = 0

    def __call__(self) -> tuple[int, str]:
        self.times += 1
        return 201, f'{{"time": {self.times}}}'


def grow_old(by: timedelta) -> None:
    KeyedRequest.objects.update(begun_at=timezone.now() - by)


def test_the_first_answer_is_given_again_without_doing_it_again(ana):
    act = Act()
    answers = [keys.once(ana, "k", "POST /x 1", act) for _ in range(3)]
    assert answers == [(201, '{"time": 1}')] * 3
    assert act.times == 1


def test_another_request_under_the_same_key_is_refused_and_another_persons_is_not(ana, ben):
    keys.once(ana, "k", "POST /x 1", Act())
    with pytest.raises(Invalid):
        keys.once(ana, "k", "POST /x 2", Act())
    assert keys.once(ben, "k", "POST /x 2", Act()) == (201, '{"time": 1}')


def test_a_request_whose_first_is_still_running_is_refused(ana):
    def act() -> tuple[int, str]:
        with pytest.raises(Conflict) as refusal:
            keys.once(ana, "k", "POST /x 1", Act())
        assert refusal.value.code == "running"
        return 201, "{}"

    assert keys.once(ana, "k", "POST /x 1", act) == (201, "{}")


def test_what_was_refused_leaves_nothing_and_the_key_free(ana, ben):
    def act() -> tuple[int, str]:
        write(ana, ben)
        raise Forbidden("No.")

    with pytest.raises(Forbidden):
        keys.once(ana, "k", "POST /x 1", act)
    assert not Message.objects.exists()
    assert keys.once(ana, "k", "POST /x 2", Act()) == (201, '{"time": 1}')


def test_a_claim_that_a_dead_server_left_is_taken_over_and_a_late_first_one_undone(ana, ben):
    def slow() -> tuple[int, str]:
        write(ana, ben, "Too late")
        grow_old(keys.RUNNING)
        with pytest.raises(Invalid):
            keys.once(ana, "k", "POST /x 2", Act())
        KeyedRequest.objects.update(claim="somebody else's")
        return 201, "{}"

    with pytest.raises(Conflict):
        keys.once(ana, "k", "POST /x 1", slow)
    assert not Message.objects.exists()
    grow_old(keys.RUNNING)
    assert keys.once(ana, "k", "POST /x 1", Act()) == (201, '{"time": 1}')


def test_a_key_is_forgotten_after_a_day(ana):
    act = Act()
    keys.once(ana, "k", "POST /x 1", act)
    grow_old(keys.KEPT - timedelta(minutes=1))
    keys.once(ana, "k", "POST /x 1", act)
    assert act.times == 1
    grow_old(keys.KEPT)
    assert keys.once(ana, "k", "POST /x 2", act) == (201, '{"time": 2}')


def test_a_new_key_takes_expired_ones_of_anybody_along(ana, ben):
    keys.once(ben, "old", "POST /x 1", Act())
    grow_old(keys.KEPT + timedelta(seconds=1))
    keys.once(ana, "new", "POST /x 1", Act())
    assert list(KeyedRequest.objects.values_list("person_id", flat=True)) == [ana.pk]


def test_the_regular_command_takes_expired_keys_along(ana):
    keys.once(ana, "old", "POST /x 1", Act())
    grow_old(keys.KEPT + timedelta(seconds=1))
    keys.once(ana, "old", "POST /x 1", Act())  # it is used anew
    call_command("settle_attachments", stdout=io.StringIO())
    assert KeyedRequest.objects.count() == 1
    grow_old(keys.KEPT + timedelta(seconds=1))
    out = io.StringIO()
    call_command("settle_attachments", stdout=out)
    assert "1 kept answers deleted." in out.getvalue()
    assert not KeyedRequest.objects.exists()


def test_a_person_has_a_bounded_number_of_keys(ana, ben, monkeypatch):
    monkeypatch.setattr(keys, "MOST_KEYS", 2)
    for key in "ab":
        keys.once(ana, key, "POST /x 1", Act())
    with pytest.raises(TooOften) as refusal:
        keys.once(ana, "c", "POST /x 1", Act())
    assert 0 < refusal.value.seconds <= 24 * 3600
    assert keys.once(ana, "a", "POST /x 1", Act()) == (201, '{"time": 1}')
    keys.once(ben, "c", "POST /x 1", Act())


def test_a_key_of_any_characters_is_one_up_to_its_length(ana):
    assert keys.once(ana, "\ud800" * 255, "POST /x \udfff", Act())[0] == 201
    with pytest.raises(Invalid):
        keys.once(ana, "k" * 256, "POST /x 1", Act())
