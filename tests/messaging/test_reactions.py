"""Reactions: each emoji once a person, counted and told."""

import pytest

from messaging import editing, reactions
from messaging.errors import Conflict, Forbidden, Invalid, NotFound
from messaging.serializing import messages_json
from realtime.log.models import Event
from tests.messaging.conftest import write

pytestmark = pytest.mark.django_db


def test_a_reaction_counts_once_and_can_be_taken_back(ana, ben):
    message = write(ana, ben)
    assert reactions.react(ben, message.pk, "👍") == {"👍": 1}
    assert reactions.react(ben, message.pk, "👍") == {"👍": 1}
    assert reactions.react(ana, message.pk, "👍") == {"👍": 2}
    [shown] = messages_json([message], ana)
    assert shown["reactions"] == {"👍": [ben.pk, ana.pk]}
    assert reactions.unreact(ben, message.pk, "👍") == {"👍": 1}
    assert reactions.unreact(ben, message.pk, "👍") == {"👍": 1}
    told = Event.objects.filter(type="reaction_changed").order_by("id")
    assert [(one.fields["added"], one.fields["counts"]) for one in told] == [
        (True, {"👍": 1}),
        (True, {"👍": 2}),
        (False, {"👍": 1}),
    ]


@pytest.mark.parametrize("emoji", ["", " ", "a b", "\n", "\0", "x" * 33, None, 7, ["👍"]])
def test_what_is_no_emoji_is_refused(ana, ben, emoji):
    with pytest.raises(Invalid):
        reactions.react(ben, write(ana, ben).pk, emoji)


def test_nobody_reacts_to_what_they_may_not_read_or_what_is_gone(ana, ben, cora):
    message = write(ana, ben)
    with pytest.raises(NotFound):
        reactions.react(cora, message.pk, "👍")
    editing.delete(actor=ana, message_id=message.pk)
    with pytest.raises(Conflict):
        reactions.react(ben, message.pk, "👍")


def test_a_message_has_a_limited_number_of_kinds(ana, ben, monkeypatch):
    monkeypatch.setattr(reactions, "KINDS_LIMIT", 1)
    message = write(ana, ben)
    reactions.react(ben, message.pk, "👍")
    reactions.react(ana, message.pk, "👍")
    with pytest.raises(Conflict):
        reactions.react(ana, message.pk, "🎉")


def test_nobody_reacts_to_a_message_of_somebody_to_whom_they_may_no_longer_write(ana, ben):
    message = write(ana, ben)
    ana.is_active = False
    ana.save()
    with pytest.raises(Forbidden):
        reactions.react(ben, message.pk, "👍")
