"""Larger conversations: who takes part, what they may read, and which events they get."""

import pytest
from django.contrib.auth import get_user_model

from messaging import access, conversations, editing, membership, participants, reading, unread
from messaging.errors import Conflict, Forbidden, Invalid, NotFound
from messaging.listing import joinable
from messaging.models import Conversation, Participant
from realtime.access import audience, authority
from realtime.log.models import Event
from tests.messaging.conftest import write
from tests.support.people import person

pytestmark = pytest.mark.django_db


@pytest.fixture
def group(ana, ben) -> Conversation:
    return conversations.create(creator=ana, kind="group", participants=[ben], subject="Roads")


def sees(someone, event: Event) -> bool:
    return audience.may_see(authority.load([someone.pk])[someone.pk].keys, frozenset(event.audience))


def newest(kind: str) -> Event:
    return Event.objects.filter(type=kind).latest("id")


def texts(someone, place) -> list[str]:
    return [one.text for one in reading.history(someone, place)[0]]


def test_its_creator_administers_a_group_and_all_get_its_events_by_one_key(group, ana, ben, cora):
    write(ben, group)
    event = newest("message_created")
    assert event.audience == [f"conversation:{group.pk}:1"]
    assert [sees(one, event) for one in (ana, ben, cora)] == [True, True, False]
    assert group.participants.get(person=ana).role == "admin"


def test_whoever_joins_sees_nothing_from_before(group, ana, ben, cora):
    write(ana, group, "Secret")
    before = newest("message_created")
    conversations.add_participants(ana, group, [cora])
    write(ana, group, "Welcome")
    after = newest("message_created")
    assert [sees(cora, one) for one in (before, after)] == [False, True]
    assert [sees(ben, one) for one in (before, after)] == [True, True]
    assert texts(cora, group) == ["Welcome"]
    assert unread.per_conversation(cora) == {group.pk: 1}


def test_an_old_message_that_is_edited_is_not_shown_to_whoever_joined_later(group, ana, ben, cora):
    message = write(ana, group, "Secret")
    conversations.add_participants(ana, group, [cora])
    editing.edit(actor=ana, message_id=message.pk, text="Another secret")
    event = newest("message_edited")
    assert [sees(one, event) for one in (ben, cora)] == [True, False]
    with pytest.raises(NotFound):
        editing.earlier_texts(cora, message.pk)


def test_an_old_message_is_edited_after_the_log_has_forgotten_its_generation(group, ana, ben, cora):
    message = write(ana, group, "Secret")
    conversations.add_participants(ana, group, [cora])
    Conversation.objects.filter(pk=group.pk).update(past_generations=[])
    editing.edit(actor=ana, message_id=message.pk, text="Another secret")
    event = newest("message_edited")
    assert [sees(one, event) for one in (ana, ben, cora)] == [True, True, False]


def test_a_conversation_that_shows_its_history_shows_it_to_whoever_joins(ana, ben, cora):
    group = conversations.create(creator=ana, kind="group", participants=[ben], settings={"shows_history": True})
    write(ana, group, "Minutes")
    conversations.add_participants(ana, group, [cora])
    assert texts(cora, group) == ["Minutes"]
    assert sees(cora, newest("message_created"))
    assert unread.total(cora) == (0, 0)
    group.refresh_from_db()
    assert group.generation == 1


def test_several_who_join_between_two_messages_share_a_generation(group, ana):
    write(ana, group)
    for _ in range(3):
        conversations.add_participants(ana, group, [person()])
    group.refresh_from_db()
    assert group.generation == 2


def test_whoever_is_removed_loses_the_events_and_keeps_the_history(group, ana, ben):
    write(ana, group, "Before")
    conversations.remove_participant(ana, group, ben)
    assert newest("authority_changed").fields["user_ids"] == [ben.pk]
    assert sees(ben, newest("participants_changed"))
    write(ana, group, "After")
    assert not sees(ben, newest("message_created"))
    assert texts(ben, group) == ["Before"]
    with pytest.raises(Forbidden):
        write(ben, group)
    assert conversations.list_for(ben) == []
    assert unread.total(ben) == (0, 0)


def test_whoever_comes_back_reads_on_from_then(group, ana, ben):
    write(ana, group, "Before")
    conversations.leave(ben, group)
    write(ana, group, "Without him")
    conversations.add_participants(ana, group, [ben])
    write(ana, group, "With him")
    assert texts(ben, group) == ["With him"]


def test_the_last_administrator_may_not_leave(group, ana, ben):
    for refused in (
        lambda: conversations.leave(ana, group),
        lambda: conversations.set_role(ana, group, ana, "member"),
    ):
        with pytest.raises(Conflict):
            refused()
    conversations.set_role(ana, group, ben, "admin")
    conversations.leave(ana, group)
    conversations.leave(ben, group)  # nobody stays behind


def test_only_administrators_change_who_takes_part(group, ben, cora, ana):
    for refused in (
        lambda: conversations.add_participants(ben, group, [cora]),
        lambda: conversations.remove_participant(ben, group, ana),
        lambda: conversations.set_role(ben, group, ana, "member"),
        lambda: conversations.update(ben, group, subject="Bridges"),
    ):
        with pytest.raises(Forbidden):
            refused()


def test_whoever_is_in_already_is_not_added_again(group, ana, ben, cora):
    assert [row.person_id for row in conversations.add_participants(ana, group, [ben, cora])] == [cora.pk]
    assert conversations.add_participants(ana, group, [ben, cora]) == []
    assert newest("participants_changed").fields["added_count"] == 1


def test_direct_conversations_have_no_others(ana, ben, cora):
    place = write(ana, ben).conversation
    for refused in (
        lambda: conversations.add_participants(ana, place, [cora]),
        lambda: conversations.leave(ana, place),
        lambda: conversations.set_role(ana, place, ben, "admin"),
    ):
        with pytest.raises(Conflict):
            refused()


def test_an_open_group_can_be_joined_and_another_cannot(group, ana, cora):
    with pytest.raises(NotFound):
        conversations.join(cora, group.pk)
    conversations.update(ana, group, settings={"is_open": True})
    conversations.join(cora, group.pk)
    conversations.join(cora, group.pk)
    assert group.participants.get(person=cora).role == "member"


def test_whoever_was_taken_out_of_an_open_group_is_back_only_when_an_administrator_adds_them(group, ana, ben):
    conversations.update(ana, group, settings={"is_open": True})
    conversations.leave(ben, group)
    conversations.join(ben, group.pk)
    conversations.remove_participant(ana, group, ben)
    with pytest.raises(NotFound):
        conversations.join(ben, group.pk)
    assert not joinable(ben).exists()
    conversations.add_participants(ana, group, [ben])
    conversations.leave(ben, group)
    assert joinable(ben).get() == group
    conversations.join(ben, group.pk)


def test_support_takes_a_conversation_from_the_queue(ana, ben):
    agent = person(is_staff=True)
    place = conversations.create(creator=ana, kind="support", subject="Cannot sign in")
    write(ana, place, "Help")
    assert texts(agent, place) == ["Help"]  # looking at the queue
    with pytest.raises(Forbidden):
        write(agent, place)
    with pytest.raises(NotFound):
        conversations.get_for(ben, place.pk)
    joined = conversations.join(agent, place.pk)
    assert joined.assignee_id == agent.pk
    write(agent, place, "Gladly")
    conversations.assign(agent, place, None)
    assert Conversation.objects.get(pk=place.pk).assignee_id is None
    with pytest.raises(Forbidden):
        conversations.assign(ana, place, agent)


def test_a_conversation_of_5000_costs_one_event_and_one_key(ana, django_assert_max_num_queries):
    users = get_user_model()
    crowd = users.objects.bulk_create(users(username=f"crowd{number}", password="!") for number in range(5000))
    place = conversations.create(creator=ana, kind="group", participants=crowd)
    write(ana, place)
    before = Event.objects.count()
    with django_assert_max_num_queries(12):
        write(ana, place)
    assert Event.objects.count() == before + 1
    assert newest("message_created").audience == [membership.conversation_key(place.pk, 1)]
    with django_assert_max_num_queries(2):
        assert len(membership.granted_keys(authority.accounts.read([one.pk for one in crowd[:500]]))) == 500


def test_direct_conversations_cost_the_audience_rule_nothing(ana, ben):
    write(ana, ben)
    assert not Participant.objects.filter(holds_key=True).exists()
    assert membership.granted_keys(authority.accounts.read([ana.pk])) == {}


@pytest.mark.parametrize(
    "values",
    [
        {"kind": "party"},
        {"kind": "subject"},
        {"subject": "x" * 501},
        {"subject": "\0"},
        {"subject": 7},
        {"settings": {"colour": "red"}},
        {"settings": {"is_open": "yes"}},
        {"kind": "direct"},
    ],
)
def test_a_conversation_with_wrong_values_is_refused(ana, values):
    with pytest.raises(Invalid):
        conversations.create(**{"creator": ana, "kind": "group", "participants": [], **values})


def test_people_to_whom_one_may_not_write_cannot_be_invited(ana, ben):
    ben.is_active = False
    with pytest.raises(NotFound):
        conversations.create(creator=ana, kind="group", participants=[ben])


def test_of_two_who_take_a_support_conversation_at_once_the_first_has_it(ana, monkeypatch):
    first, second = person(is_staff=True), person(is_staff=True)
    place = conversations.create(creator=ana, kind="support", subject="Cannot sign in")
    add = participants._add

    def add_late(*values):
        monkeypatch.setattr(participants, "_add", add)
        conversations.join(first, place.pk)
        return add(*values)

    monkeypatch.setattr(participants, "_add", add_late)
    assert conversations.join(second, place.pk).assignee_id == first.pk
    told = [event.fields["what"] for event in Event.objects.filter(type="conversation_changed")]
    assert told.count("assignee") == 1


def test_whoever_is_removed_while_they_send_sends_nothing(group, ana, ben, monkeypatch):
    check = access.require_writable

    def removed_then(*values):
        receiver = check(*values)
        conversations.remove_participant(ana, group, ben)
        return receiver

    monkeypatch.setattr(access, "require_writable", removed_then)
    with pytest.raises(Forbidden):
        write(ben, group)
    assert not group.messages.exists()
