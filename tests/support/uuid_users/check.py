"""Goes through realtime and messaging with people whose ids are UUIDs, and prints what it saw as JSON."""

import json
import sys
import time
from datetime import timedelta
from uuid import UUID

import django

django.setup()

from django.contrib.auth.models import Group  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import transaction  # noqa: E402
from django.test import Client  # noqa: E402
from django.utils import timezone  # noqa: E402

from messaging import sending  # noqa: E402
from messaging.live.deliveries import store_deliveries  # noqa: E402
from messaging.live.presence import PresenceStore, online_among  # noqa: E402
from messaging.live.unread_state import totals_of  # noqa: E402
from realtime.access import authority, user_ids  # noqa: E402
from realtime.access.audience import user_key  # noqa: E402
from realtime.delivery.hub import hub  # noqa: E402
from realtime.delivery.subscriber import names_another_user  # noqa: E402
from realtime.log.models import Event  # noqa: E402
from realtime.log.publish import publish  # noqa: E402
from realtime.parity.models import LinkReport, Receipt  # noqa: E402
from switchover.control import people as control  # noqa: E402
from switchover.transport import (  # noqa: E402
    demotions,
    grants,
    report,
    transport,
)
from tests.support.ports import wait_until  # noqa: E402

from .models import Person  # noqa: E402
from .urls import Letter  # noqa: E402

seen: dict[str, object] = {}


def send(person: Person, text: str) -> None:
    with transaction.atomic():
        publish((Letter(text=text), [user_key(person.pk)]))


def texts(stream, until: str) -> list[str]:
    """The texts of the letters that the stream brings, up to this one."""
    found = []
    while until not in found:
        for line in next(stream).decode().splitlines():
            if line.startswith("data:") and "text" in (frame := json.loads(line[5:])):
                found.append(frame["text"])
    return found


call_command("migrate", run_syncdb=True, verbosity=0)
ana, ben = (Person.objects.create_user(name, password="x") for name in ("ana", "ben"))
assert isinstance(ana.pk, UUID)
browser = Client(headers={"host": "testserver"})
browser.force_login(ana)
answer = browser.get("/events/?topics=letters")
stream = iter(answer.streaming_content)
send(ben, "for Ben")
send(ana, "for Ana")
seen["letters"] = texts(stream, "for Ana")

seen["same user"] = not names_another_user(str(ana.pk), ana.pk) and not names_another_user(ana.pk.hex, ana.pk)
seen["another user"] = names_another_user(str(ben.pk), ana.pk) and names_another_user("7", ana.pk)

before = hub.viewer(ana.pk)
ana.groups.add(Group.objects.create(name="Teachers"))
named = Event.objects.filter(type="authority_changed").latest("id").fields["user_ids"]
seen["named in the log"] = named == [str(ana.pk)]
ana.set_password("y")
ana.save()
wait_until(lambda: hub.viewer(ana.pk) != before, "the change of a password is applied")
seen["applied"] = hub.viewer(ana.pk).password == ana.password

demotions.demote(transport.USER, str(ana.pk), reason="Their proxy.", by="test")
seen["demoted"] = grants.decision(ana).transport, grants.decision(ben).transport
seen["decisions"] = grants.decisions(list(authority.accounts.read([ana.pk])))[ana.pk].reason
seen["share"] = transport.share(ben.pk) == transport.share(UUID(str(ben.pk)))

ben.is_staff = True
ben.save()
other = Client(headers={"host": "testserver"})
other.force_login(ben)
letter = Event.objects.filter(type="letter").earliest("id")
link = {"link": "a" * 16, "transport": "sse", "shown": True, "topics": ["letters"], "opened_ago": 900}
link |= {"worked_ago": 800, "heard_ago": 10, "from": letter.pk - 1, "to": letter.pk, "first": 0}
link |= {"events": [[letter.pk, 5]], "painted": [], "dropped": 0}
posted = other.post("/receipts/", {"links": [link], "fallbacks": []}, content_type="application/json")
seen["receipt"] = posted.status_code, posted.content.decode()
now = timezone.now()
found = report.measure(now - timedelta(hours=1), now + timedelta(hours=1))
seen["their rights have changed since"] = found.tallies["sse"].unjudged == {ben.pk}
seen["kept"] = Receipt.objects.count(), LinkReport.objects.get().user_id == ben.pk
rows = control.people("", "lag", None).object_list
seen["rows"] = sorted((row.user.username, row.hold is not None, row.live) for row in rows)

message, _ = sending.send(sender=ana, receiver=ben, text="Hello")
process = PresenceStore()
process.change([ana.pk, ben.pk])
process.change((), [ben.pk])
seen["online"] = online_among({ana.pk, ben.pk}) == {ana.pk} and all(process.renew()[:1])
said = Event.objects.filter(type="presence_changed").latest("id")
seen["told"] = said.fields["person_id"] == str(ben.pk) and said.audience == [user_key(ana.pk)]
seen["unread"] = totals_of([ana.pk, ben.pk]) == {ana.pk: (0, 0), ben.pk: (1, 1)}
store_deliveries({ben.pk: {message.pk}, ana.pk: {message.pk}}, {})
seen["delivered"] = Event.objects.get(type="message_delivered").fields["person_id"] == str(ben.pk)

sent = time.monotonic()
browser.logout()
seen["signed out"] = any(b"signed out" in chunk for chunk in stream)
seen["soon"] = time.monotonic() - sent < 10
seen["of JSON"] = user_ids.of_json("7") is None and user_ids.all_of_json([str(ben.pk), None, True]) == {ben.pk}
answer.close()
sys.stdout.write(json.dumps(seen))
