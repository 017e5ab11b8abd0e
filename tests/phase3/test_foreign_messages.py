"""What any code sends to the layer's groups reaches the sockets of those who may see it, and nobody else."""

import time

import pytest

from projeng import inbox
from projeng.access import Role
from projeng.models import Project
from realtime.log import replay
from tests.support.people import person
from tests.support.ports import wait_until

from .conftest import send_to_group


@pytest.fixture
def send(shared_redis):
    """``send(group, handler, data)``, as code elsewhere would with Channels' own means."""
    return lambda group, handler, data: send_to_group(shared_redis.url, group, handler, data)


@pytest.fixture
def office(open_office, shared_redis):
    return open_office(shared_redis.url, "sqlite")


def messages(one) -> list:
    return [frame["message"] for frame in one.frames if "message" in frame]


def test_a_notification_reaches_its_recipient_on_every_transport_and_nobody_else(office, send):
    ana, ben = person(Role.HEAD), person(Role.ENGINEER)
    hers = [office.socket(ana, "notifications/"), office.socket(ana, joined=False), *office.streams(ana, 3)]
    not_hers = [office.socket(ben, "notifications/"), office.socket(ana, "projects/"), *office.streams(ben)]
    office.settle(*hers)
    send(f"user_{ana.pk}_notifications", "send_notification", {"message": "From elsewhere", "notification_id": None})
    for one in hers:
        frame = one.wait_for(lambda frame: frame.get("message") == "From elsewhere")
        assert frame == {"type": "notification", "message": "From elsewhere", "notification_id": None}
    inbox.send([ana, ben], "The end")
    for one in hers:
        one.wait_for(lambda frame: frame.get("message") == "The end")
    not_hers[0].saying("The end")
    not_hers[2].wait_for(lambda frame: frame.get("message") == "The end")
    for one in not_hers:
        assert "From elsewhere" not in messages(one)


def test_a_project_update_reaches_those_who_may_see_the_project(office, send):
    people = {"head": person(Role.HEAD), "finance": person(Role.FINANCE), "nobody": person()}
    people |= {"assigned": person(Role.ENGINEER), "other": person(Role.ENGINEER)}
    project = Project.objects.create(name="Covered court", barangay="Apokon")
    project.assigned_engineers.add(people["assigned"])
    sockets = {name: office.socket(user, "projects/") for name, user in people.items()}
    notifications = office.socket(people["head"], "notifications/")
    office.settle(sockets["head"], sockets["finance"])  # one process: it is then the same for all
    send("project_updates", "send_update", {"type": "project_updated", "project_id": project.pk, "name": "Theirs"})
    send("project_updates", "send_update", {"type": "project_deleted", "name": "Nameless"})
    for name in ("head", "finance"):
        assert sockets[name].of_type("project_updated")["name"] == "Theirs"
        assert sockets[name].of_type("project_deleted")["name"] == "Nameless"
    assert sockets["assigned"].of_type("project_updated")["project_id"] == project.pk
    project.assigned_engineers.remove(people["assigned"])
    for socket in sockets.values():
        socket.wait_for_cursor(replay.head())  # its process knows who may see what
    send("project_updates", "send_update", {"type": "project_updated", "project_id": project.pk, "name": "Later"})
    sockets["head"].wait_for(lambda frame: frame.get("name") == "Later")
    seen = {name: [f.get("name") for f in one.frames if "at" not in f] for name, one in sockets.items()}
    assert "Nameless" not in seen["assigned"]
    assert "Later" not in seen["assigned"]
    for name in ("other", "nobody"):
        assert not {"Theirs", "Nameless", "Later"} & set(seen[name])
    assert not [frame for frame in notifications.frames if frame["type"].startswith("project")]


JUNK = [
    ("project_updates", "send_update", None),
    ("project_updates", "send_update", "text"),
    ("project_updates", "send_update", [1, 2]),
    ("project_updates", "send_update", {}),
    ("project_updates", "send_update", {"project_id": "12"}),
    ("project_updates", "send_update", {"project_id": {"a": 1}, "name": None}),
    ("project_updates", "send_update", {"type": 5}),
    ("project_updates", "send_update", {"type": "x", "blob": b"\xff\x00"}),
    ("project_updates", "send_update", {"id": 2**62, "type": "project_updated"}),
    ("project_updates", "send_update", {"id": -1}),
    ("project_updates", "no_such_handler", {"message": "x"}),
    ("project_updates", "send_notification", {"message": "x"}),
    ("project_updates", "websocket.close", {"code": 1000}),
    ("project_updates", "send_update", {"deep": [[[[[[]]]]]], "long": "x" * 100_000}),
]


def test_junk_in_a_group_harms_nobody(office, send):
    ana = person(Role.HEAD)
    socket = office.socket(ana)
    [stream] = office.streams(ana)
    office.settle(socket, stream)
    for group, handler, data in JUNK:
        send(group, handler, data)
        send(f"user_{ana.pk}_notifications", handler, data)
    time.sleep(0.2)
    send(f"user_{ana.pk}_notifications", "send_notification", {"message": "Afterwards"})
    for one in (socket, stream):
        one.wait_for(lambda frame: frame.get("message") == "Afterwards")
    assert not socket.ended.is_set()
    for site in (office.gunicorn, office.daphne):
        assert "Traceback" not in site.log.read_text()


def test_the_ways_in_that_the_office_offers(open_office, shared_redis):
    """``broadcast_notification`` and ``broadcast_project_update``, in a process of their own."""
    import subprocess
    import sys

    from tests.support.site import ROOT

    office = open_office(shared_redis.url, "sqlite")
    ana = person(Role.HEAD)
    socket = office.socket(ana)
    office.settle(socket)
    script = (
        "import django; django.setup()\n"
        "from realtime.channel_layer.broadcast import broadcast\n"
        "from projeng.channels_utils import broadcast_notification, broadcast_project_update\n"
        "from tests.support.ports import wait_until\n"
        "layer = broadcast.layer\n"
        "def until_sent(send, *what):\n"  # on a machine that is very busy one may take too long, and is left out then
        "    sent = layer.sent\n"
        "    while layer.sent == sent:\n"
        "        tried = layer.sent + layer.failed\n"
        "        send(*what)\n"
        "        wait_until(lambda: layer.sent + layer.failed > tried, 'the layer has tried')\n"
        f"until_sent(broadcast_notification, {ana.pk}, {{'message': 'Hello'}})\n"
        "until_sent(broadcast_project_update, {'type': 'project_updated', 'name': 'Court'})\n"
    )
    environment = office.daphne.environment | {"DJANGO_SETTINGS_MODULE": "gistagum.settings"}
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=environment, check=True, timeout=30)
    wait_until(lambda: [frame for frame in socket.frames if frame.get("name") == "Court"], "the project's frame")
    assert socket.saying("Hello")["type"] == "notification"
