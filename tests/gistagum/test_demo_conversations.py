"""`manage.py demo_conversations`: the demo's people write to each other."""

import io
import json

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from messaging import unread
from messaging.models import Conversation, Message
from projeng.demo.people import make_people
from projeng.models import Project

pytestmark = pytest.mark.django_db


@pytest.fixture
def people():
    made = make_people("a-long-test-password")
    project = Project.objects.create(name="Covered court", barangay="Apokon")
    project.assigned_engineers.add(made["engineer1"])
    return made


def run(**options) -> list[dict]:
    out = io.StringIO()
    call_command("demo_conversations", stdout=out, json=True, every=0, seed=1, **options)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_conversations_of_every_kind_begin_in_the_past(people):
    assert run(count=0) == [{"messages_made": 15}]
    assert {one.kind for one in Conversation.objects.all()} == {"direct", "group", "subject"}
    assert Message.objects.order_by("-sent_at").first().sent_at < Conversation.objects.latest("pk").created_at
    assert unread.total(people["head"])[0] > 0


def test_running_it_again_makes_nothing_twice(people):
    run(count=0)
    assert run(count=0) == [{"messages_made": 0}]


def test_people_go_on_writing(people):
    lines = run(count=40)
    assert len(lines) == 41
    assert Message.objects.count() == 15 + 40
    assert Message.objects.exclude(parent=None).exists()


def test_without_the_demos_people_there_is_no_demo():
    with pytest.raises(CommandError, match="no demo people"):
        run(count=0)
    assert run(count=0, if_people=True) == []
