"""A project has a conversation of those who may see it, and its pages hear of it when that changes."""

import pytest

from messaging import conversations, sending
from messaging.errors import NotFound
from messaging.models import Conversation
from projeng.access import Role
from projeng.models import Project
from realtime.access import audience, authority
from realtime.log.models import Event
from tests.support.log import logged
from tests.support.people import person

pytestmark = pytest.mark.django_db


@pytest.fixture
def head():
    return person(Role.HEAD)


@pytest.fixture
def engineer():
    return person(Role.ENGINEER)


@pytest.fixture
def project(engineer):
    made = Project.objects.create(name="Covered court", barangay="Apokon")
    made.assigned_engineers.add(engineer)
    return made


def events(kind: str) -> list[Event]:
    return list(logged().filter(type=kind).order_by("pk"))


def key(project: Project) -> str:
    return f"project:{project.pk}"


def test_those_who_see_a_project_have_its_conversation_and_nobody_else(head, engineer, project):
    place = conversations.of_subject(head, key(project))
    assert conversations.of_subject(engineer, key(project)) == place
    for other in (person(Role.ENGINEER), person()):
        with pytest.raises(NotFound):
            conversations.of_subject(other, key(project))
    assert place.title == "Covered court"


@pytest.mark.parametrize("text", ["0{}", "00{}", " {}", "+{}", "{} ", "-{}", "{}.0", "9" * 40])
def test_a_project_has_one_conversation_however_its_id_is_written(head, project, text):
    conversations.of_subject(head, key(project))
    with pytest.raises(NotFound):
        conversations.of_subject(head, f"project:{text.format(project.pk)}")
    assert Conversation.objects.count() == 1


def test_events_of_the_conversation_reach_those_who_see_the_project(head, engineer, project):
    place = conversations.of_subject(head, key(project))
    sending.send(sender=head, conversation=place, text="Formwork is ready.")
    [event] = events("message_created")
    outsider = person(Role.ENGINEER)
    viewers = authority.load([head.pk, engineer.pk, outsider.pk])
    seen = [one for one in viewers.values() if audience.may_see(one.keys, frozenset(event.audience))]
    assert {one.user_id for one in seen} == {head.pk, engineer.pk}


def test_who_is_unassigned_loses_the_conversation_and_their_pages_hear_of_it(head, engineer, project):
    place = conversations.of_subject(engineer, key(project))
    project.assigned_engineers.clear()
    assert conversations.list_for(engineer) == []
    with pytest.raises(NotFound):
        sending.send(sender=engineer, conversation=place, text="Am I still here?")
    [event] = events("conversation_changed")
    assert (event.fields["what"], event.audience) == ("people", [f"user:{engineer.pk}"])


def test_a_renamed_project_renames_its_conversation(head, project):
    place = conversations.of_subject(head, key(project))
    project.name = "Gym"
    project.save()
    project.save()
    place.refresh_from_db()
    assert place.title == "Gym"
    assert [event.fields["what"] for event in events("conversation_changed")] == ["title"]


def test_a_project_that_nobody_talks_about_has_no_conversation(project):
    project.name = "Gym"
    project.save()
    project.assigned_engineers.clear()
    assert not Conversation.objects.exists()
    assert events("conversation_changed") == []


def test_the_conversation_of_a_deleted_project_is_nobodys(head, project):
    conversations.of_subject(head, key(project))
    project.delete()
    assert conversations.list_for(head) == []
