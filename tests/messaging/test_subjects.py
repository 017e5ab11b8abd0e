"""Conversations about something of an application: who may see it decides, at every moment."""

import pytest

from messaging import conversations, reading, subjects, unread
from messaging.errors import Forbidden, NotFound
from messaging.subjects import Subject
from realtime.log.models import Event
from tests.messaging.conftest import write

pytestmark = pytest.mark.django_db


@pytest.fixture
def viewers():
    """Who may see the bridge; it is a subject meanwhile."""
    allowed: set[int] = set()
    subjects.register_subject(
        Subject(
            prefix="bridge",
            visible=lambda person, keys: keys if person.pk in allowed else [],
            audience=lambda key: [f"seen:{key}"],
            title=lambda key: f"Bridge {key.partition(':')[2]}",
            may_write=lambda person, key: person.first_name != "Cora",
        )
    )
    yield allowed
    subjects.unregister_subject("bridge")


def test_whoever_may_see_it_takes_part_from_the_first_look(viewers, ana, ben):
    viewers |= {ana.pk, ben.pk}
    place = conversations.of_subject(ana, "bridge:7")
    write(ana, place, "Cracks")
    assert conversations.of_subject(ben, "bridge:7") == place
    assert unread.total(ben) == (0, 0)
    write(ana, place, "More cracks")
    assert unread.total(ben) == (1, 1)
    assert [one.text for one in reading.history(ben, place)[0]] == ["More cracks", "Cracks"]
    assert [(one.title, one.unread) for one in conversations.list_for(ben)] == [("Bridge 7", 1)]
    assert Event.objects.filter(type="message_created").latest("id").audience == ["seen:bridge:7"]


def test_whoever_may_not_see_it_any_more_finds_nothing(viewers, ana, ben):
    viewers |= {ana.pk, ben.pk}
    place = conversations.of_subject(ben, "bridge:7")
    write(ana, place)
    viewers -= {ben.pk}
    assert conversations.list_for(ben) == []
    assert unread.total(ben) == (0, 0)
    for refused in (
        lambda: conversations.of_subject(ben, "bridge:7"),
        lambda: reading.history(ben, place),
        lambda: write(ben, place),
    ):
        with pytest.raises(NotFound):
            refused()


def test_the_application_says_who_writes(viewers, cora):
    viewers.add(cora.pk)
    place = conversations.of_subject(cora, "bridge:7")
    with pytest.raises(Forbidden):
        write(cora, place)


@pytest.mark.parametrize("key", ["bridge", "bridge:", "tunnel:7", "", ":7"])
def test_what_is_no_subject_has_no_conversation(viewers, ana, key):
    with pytest.raises(NotFound):
        conversations.of_subject(ana, key)
