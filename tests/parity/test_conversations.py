"""Browsers report on conversations as on everything else: the report finds what was done to them, and nothing else."""

import json
import random
from collections import Counter

import pytest
from django.core.management import call_command

from messaging import conversations, editing, reactions, receipts, sending
from messaging.events import MESSAGES
from messaging.models import Receipt
from projeng.access import Role
from realtime.log import replay
from realtime.parity.models import LinkReport
from tests.support.people import person
from tests.support.ports import wait_until

FAULTS = ("delivered", "missing", "duplicates", "out_of_order", "late")


def much_is_said(ana, ben, cora) -> int:
    """Conversations of two and of three, and of others; the newest id when all of it was told."""
    group = conversations.create(creator=ana, kind="group", participants=[ben, cora], subject="Roads")
    others = [person(), person()]
    for number in range(15):
        first, _ = sending.send(sender=ana, receiver=ben, text=f"Direct {number}")
        sending.send(sender=ben, conversation=group, text=f"Group {number}")
        sending.send(sender=others[0], receiver=others[1], text=f"Not for them {number}")
    editing.edit(actor=ana, message_id=first.pk, text="Edited")
    reactions.react(ben, first.pk, "👍")
    receipts.mark_read(ben, conversation=first.conversation)
    editing.delete(actor=ana, message_id=first.pk)
    theirs = Receipt.objects.filter(person=ben, delivered_at=None)
    wait_until(lambda: not theirs.exists(), "what was handed to connections counts as delivered", 30)
    return replay.head()


@pytest.mark.timeout(120)
def test_it_finds_exactly_what_was_done_to_conversations_on_each_transport(site, browse, capsys):
    chance = random.Random(20261130)
    ana, ben, cora = people = [person(Role.HEAD), person(Role.ENGINEER), person(Role.FINANCE)]
    outsider = person(Role.HEAD)
    begin = replay.head()
    browsers = {one: browse(one) for one in [*people, outsider]}
    for browser in browsers.values():
        browser.topics = [MESSAGES]
        for transport in ("sse", "websocket"):
            browser.open(transport, begin)
    end = much_is_said(ana, ben, cora)
    made = {"sse": Counter(), "websocket": Counter()}
    for browser in browsers.values():
        for link in browser.links:
            link.connection.wait_for_cursor(end)
            if browser.user != outsider:
                link.pass_on_faulty(chance, made[link.transport])
            else:
                assert link.arrived() == []
        assert browser.report().json()["refused"] == 0
    assert {tuple(one.topics) for one in LinkReport.objects.all()} == {(MESSAGES,)}
    call_command("parity_report", "--json")
    found = json.loads(capsys.readouterr().out)
    for transport, faults in made.items():
        numbers = found["transports"][transport]
        assert {name: numbers[name] for name in FAULTS} == {name: faults[name] for name in FAULTS}, transport
        assert all(faults[name] for name in FAULTS), "each fault was made"
        assert numbers["owed"] == faults["delivered"] + faults["missing"]
