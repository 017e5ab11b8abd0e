"""Faults 26 to 30 of the old chat: who is there has one source and is told to whom it concerns."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from messaging import contacts
from messaging.chat.online import may_know
from messaging.contacts import ContactRule
from messaging.live.models import PresenceProcess, PresentPerson

pytestmark = pytest.mark.django_db


def present(one: Any, seconds: int) -> PresentPerson:
    """Somebody with a connection to a process that lives for so long."""
    process = PresenceProcess.objects.create(
        key=f"p{one.pk}{seconds}", alive_until=timezone.now() + timedelta(seconds=seconds)
    )
    return PresentPerson.objects.create(process=process, person=one)


def test_fault_26_somebody_with_two_connections_is_there_until_the_last_ends(as_ana, as_ben, ana, ben):
    as_ben.send(ana)
    rows = [present(ben, 60), present(ben, 50)]
    for still_there in (True, False):
        rows.pop().delete()
        assert (ben.pk in as_ana.get("chats/online-users/").json()["online_users"]) is still_there


@pytest.mark.parametrize(("seconds", "there"), [(60, True), (-1, False)])
def test_fault_27_both_readings_of_presence_have_one_source(as_ana, as_ben, ana, ben, seconds, there):
    as_ben.send(ana)
    present(ben, seconds)
    assert (ben.pk in as_ana.get("chats/online-users/").json()["online_users"]) is there
    assert as_ana.get("chats/conversations/").json()[0]["other_user"]["is_online"] is there
    assert as_ana.get(f"chats/conversation/{ben.pk}/").json()["other_user"]["is_online"] is there


@pytest.fixture
def discreet():
    before = contacts.set_rule(Discreet())
    yield
    contacts.set_rule(before)


def test_fault_28_who_is_there_is_told_of_partners_and_of_whom_one_may_write_to(
    as_ana, as_ben, as_cora, ana, ben, cora, strangers
):
    as_ana.send(ben)
    for one in (ana, ben, cora):
        present(one, 60)
    strangers()
    assert set(as_ana.get("chats/online-users/").json()["online_users"]) == {ana.pk, ben.pk}
    strangers(cora)
    assert set(as_cora.get("chats/online-users/").json()["online_users"]) == {ana.pk, ben.pk, cora.pk}


class Discreet(ContactRule):
    """Everybody may write to everybody, and nobody knows of anybody whether they are there."""

    def sees_presence_of(self, person: Any) -> Any:
        return super().sees_presence_of(person).none()


@pytest.mark.parametrize("writes", [False, True])
def test_fault_28_a_dot_is_shown_of_partners_and_of_nobody_else(as_ana, ana, ben, discreet, writes):
    present(ben, 60)
    if writes:
        as_ana.send(ben)
        assert as_ana.get("chats/conversations/").json()[0]["other_user"]["is_online"]
    assert as_ana.get(f"chats/conversation/{ben.pk}/").json()["other_user"]["is_online"] is writes
    assert (ben.pk in as_ana.get("chats/online-users/").json()["online_users"]) is writes
    assert bool(may_know(ana, [ben.pk])) is writes
    assert may_know(ana, [ana.pk]) == {ana.pk}


def test_fault_30_typing_is_stored_nowhere_and_false_may_be_text(as_ana, ben, django_assert_max_num_queries):
    with django_assert_max_num_queries(8) as queries:
        answer = as_ana.post("chats/typing/", {"receiver_id": ben.pk, "is_typing": "false"})
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    assert not [one for one in queries.captured_queries if one["sql"].startswith(("INSERT", "UPDATE"))]
