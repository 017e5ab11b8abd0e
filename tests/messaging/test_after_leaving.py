"""Whoever left a conversation, or was taken out of it, sees it as it was then."""

import pytest

from messaging import access, conversations, editing, listing, reactions
from messaging.errors import Forbidden
from messaging.page.shapes import conversation_of
from messaging.serializing import messages_json, moment
from tests.messaging.conftest import write

pytestmark = pytest.mark.django_db


@pytest.fixture
def group(ana, ben):
    return conversations.create(creator=ana, kind="group", participants=[ben], subject="Roads")


@pytest.fixture
def message(group, ana, ben, cora):
    """A message that Ben read, after whose departure everything changes."""
    message = write(ana, group, "Frist")
    editing.edit(actor=ana, message_id=message.pk, text="First")
    reactions.react(ben, message.pk, "👍")
    conversations.remove_participant(ana, group, ben)
    editing.edit(actor=ana, message_id=message.pk, text="Later secret")
    editing.edit(actor=ana, message_id=message.pk, text="Last secret")
    reactions.react(ana, message.pk, "🎉")
    conversations.add_participants(ana, group, [cora])
    conversations.update(ana, group, subject="Secret", settings={"metadata": {"secret": 1}, "is_open": True})
    write(ana, group, "Secret")
    return message


def test_messages_have_their_texts_and_reactions_of_then(message, ana, ben):
    now, _ = access.message_of(ben, message.pk)
    [shown] = messages_json([now], ben)
    first_edit = message.edits.order_by("id")[0]
    assert (shown["text"], shown["reactions"]) == ("First", {"👍": [ben.pk]})
    assert shown["edited_at"] == moment(first_edit.edited_at)
    assert [one.text for one in editing.earlier_texts(ben, message.pk)] == ["Frist"]
    [present] = messages_json([now], ana)
    assert (present["text"], present["reactions"]) == ("Last secret", {"👍": [ben.pk], "🎉": [ana.pk]})


def test_the_conversation_tells_nothing_that_has_changed_since(message, group, ben):
    view = listing.view(ben, access.find(ben, group.pk))
    place = view.conversation
    assert (place.title, place.metadata, place.is_open, place.last_seq) == ("", {}, False, 1)
    assert (place.last_message_at, view.last_message.text) == (message.sent_at, "First")
    assert (view.title, list(view.participants), view.participant_count) == (listing.LEFT, [], 0)
    shown = conversation_of(ben, group.pk)
    assert (shown["title"], shown["last_seq"], shown["readers"], shown["takes_part"]) == (listing.LEFT, 1, [], False)


def test_a_reaction_is_not_taken_back_later(message, ben):
    with pytest.raises(Forbidden):
        reactions.unreact(ben, message.pk, "👍")


def test_a_message_that_is_deleted_later_is_gone(message, ana, ben):
    editing.delete(actor=ana, message_id=message.pk)
    now, _ = access.message_of(ben, message.pk)
    [shown] = messages_json([now], ben)
    assert (shown["text"], editing.earlier_texts(ben, message.pk)) == ("", [])


def test_replies_are_counted_as_they_were_then(group, ana, ben):
    root, other = write(ana, group, "Root"), write(ana, group, "Other")
    kept, deleted = (write(ben, group, "Reply", parent_id=root.pk) for _ in range(2))
    conversations.remove_participant(ana, group, ben)
    for parent in (root, root, other):
        write(ana, group, "Secret", parent_id=parent.pk)
    editing.delete(actor=ana, message_id=deleted.pk)

    def counts(person) -> list[int]:
        return [
            one["thread_count"] for one in messages_json([access.message_of(person, kept.parent_id)[0], other], person)
        ]

    other.refresh_from_db()
    assert counts(ben) == [1, 0]
    assert counts(ana) == [3, 1]
