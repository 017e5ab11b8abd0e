"""The office for the access table: one project with parts of every kind, and a user for each role."""

import re
from datetime import date

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.contrib.sessions.models import Session
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile

from messaging import conversations, sending
from messaging.attachments.uploading import upload
from messaging.notices import models as notices
from projeng import inbox
from projeng.access import Role
from projeng.corrections import Correction
from projeng.models import Notification, Project, ProjectCost, ProjectDocument, ProjectMilestone, ProjectProgress
from realtime.log.models import Event
from tests.messaging.attachments import samples
from tests.support import telemetry
from tests.support.people import person, session_cookie

from .rules import ROLES

# No response to a user who may not see the project may contain these texts.
NAME, PRN, FILE, MESSAGE = "Xanadu pier", "PRN-900101-0DDBA11", "xanadu-plan", "Xanadu message"
TELLTALES = ("Xanadu", "xanadu", PRN)
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
)


class Office:
    """The users by role, their cookies, and the project."""

    def __init__(self) -> None:
        groups = {
            "engineer": Role.ENGINEER,
            "other engineer": Role.ENGINEER,
            "finance": Role.FINANCE,
            "head": Role.HEAD,
            "signed out": Role.HEAD,  # the role must not matter
            "disabled": Role.HEAD,
        }
        flags = {"staff": {"is_staff": True}, "superuser": {"is_staff": True, "is_superuser": True}}
        self.people: dict[str, User] = {
            role: person(groups.get(role), **flags.get(role, {})) for role in ROLES if role != "anonymous"
        }
        self.project = Project.objects.create(
            name=NAME, prn=PRN, barangay="Apokon", project_cost=1_000_000, created_by=self.people["head"]
        )
        self.project.assigned_engineers.add(self.people["engineer"])
        self.project.image.save("xanadu.png", ContentFile(PIXEL))
        place = conversations.of_subject(self.people["head"], f"project:{self.project.pk}")
        self.message, _ = sending.send(sender=self.people["head"], conversation=place, text="Xanadu word")
        self.cookies = {role: session_cookie(user) for role, user in self.people.items()} | {"anonymous": ""}
        self.rows = self._rows()
        self.api_rows = self._api_rows()
        Session.objects.filter(session_key=self.cookies["signed out"].partition("=")[2]).delete()
        self.people["disabled"].is_active = False
        self.people["disabled"].save()

    def _rows(self) -> dict[str, object]:
        """Create a row of every model in the admin, and return them by model name."""
        head = self.people["head"]
        of_project = {"project": self.project}
        cost = ProjectCost(**of_project, cost_type="labor", amount=5, description="Xanadu labour", created_by=head)
        cost.receipt.save(f"{FILE}-receipt.pdf", ContentFile(b"Xanadu receipt"))
        document = ProjectDocument(**of_project, name="Xanadu plan", uploaded_by=head)
        document.file.save(f"{FILE}.pdf", ContentFile(b"Xanadu document"))
        inbox.send([head], MESSAGE, self.project)
        rows = [
            self.project,
            cost,
            document,
            ProjectMilestone.objects.create(**of_project, name="Xanadu roof", target_date="2026-12-01"),
            ProjectProgress.objects.create(**of_project, percentage_complete=5, description="Xanadu dug"),
            self.project.activities.first(),
            Correction.objects.create(
                **of_project, kind="cost", part_id=cost.pk, subject="Xanadu cost", actor="Xanadu", action="changed"
            ),
            Notification.objects.filter(recipient=head, message=MESSAGE).get(),
            Event.objects.filter(type="project_created").latest("pk"),
            telemetry.link(head),
            telemetry.fallback(head, "blocked"),
            telemetry.feedback(head, True, "Xanadu is live"),
            head,
            Group.objects.get(name=Role.HEAD),
        ]
        return {row._meta.model_name: row for row in rows}

    def _api_rows(self) -> dict[str, int]:
        """Create what the APIs have an address for, and return the ids by the names of the addresses."""
        day = date(2026, 12, 1)
        file = {"file_name": "xanadu.txt", "file_type": "text/plain"}
        event = notices.Event.objects.create(
            title="Open day", event_date=day, file=ContentFile(b"Open", "xanadu.txt"), **file
        )
        registration = notices.Registration.objects.create(event=event, user=self.people["engineer"])
        notice = notices.Notice.objects.create(
            title="Closed",
            content="-",
            publish_date=day,
            is_published=True,
            file=ContentFile(b"Closed", "xanadu.txt"),
            **file,
        )
        engineer = self.people["engineer"]
        attachment = upload(owner=engineer, file=SimpleUploadedFile("x", samples.picture()), name="xanadu.png")
        place = conversations.create(creator=engineer, kind="group", subject="Xanadu")
        message, _ = sending.send(sender=engineer, conversation=place, text="Xanadu")
        note, _ = sending.send(sender=engineer, receiver=engineer, text="Xanadu")
        return {
            "conversation": place.pk,
            "message": message.pk,
            "chat_message": note.pk,
            "notice-detail": notice.pk,
            "notice-attachment": notice.pk,
            "event-image": event.pk,
            "event-detail": event.pk,
            "event_registration-detail": registration.pk,
            "attachment": attachment.pk,
        }

    def path(self, name: str, route: str) -> str:
        """Return a route with the ids of this office's objects."""
        model = re.search(r"admin/[a-z]+/([a-z]+)/", route)
        part = re.search(r"(progress|cost|milestone|document)s?/<int:part_id>", route)
        values = {
            "project_id": self.project.pk,
            "milestone_id": self.rows["projectmilestone"].pk,
            "document_id": self.rows["projectdocument"].pk,
            "cost_id": self.rows["projectcost"].pk,
            "part_id": self.rows[f"project{part[1]}"].pk if part else 1,
            "deletion_id": 1,
            "emoji": "x",
            "name": "transport",
            "person": self.people["head"].pk,
            "key": f"project:{self.project.pk}",
            "content_type_id": 1,
            "object_id": self.rows[model[1]].pk if model else 1,
            "id": self.people["head"].pk,
            "pk": self.api_rows.get(name),
            "attachment_id": self.api_rows["attachment"],
            "conversation_id": self.api_rows["conversation"],
            "message_id": self.api_rows.get(name, self.api_rows["message"]),
            "user_id": self.people["engineer"].pk,
        }
        if name.startswith("comm_"):  # another service's ids
            values |= dict.fromkeys(("user_id", "document_id"), "0b0f5a6e-1c1f-4a3e-9a52-5d1f0f6a7c11")
        if name.startswith("messages_"):  # the page of messages shows the project's conversation
            values |= {"conversation_id": self.message.conversation_id, "message_id": self.message.pk}
        fixed = re.sub(r"\^\(\?P<app_label>[a-z|]+\)/\$", "projeng/", route).replace("(?P<url>.*)$", "nothing/")
        fixed = fixed.replace("^comm/api(?:/|$)", "comm/api/messages/")
        path = "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda found: str(values[found[1]]), fixed)
        assert "<" not in path, f"{route} has a part that tests/faults/security/office.py does not know"
        queries = {
            "control_room_checklist": "?to=0",
            **dict.fromkeys(("messaging_keys", "messaging_presence"), f"?user_ids={self.people['head'].pk}"),
            "admin:autocomplete": "?app_label=projeng&model_name=projectcost&field_name=project&term=Xan",
        }
        return path + queries.get(name, "")

    def cookie_of(self, role: str) -> str:
        """Return the session key of a role; empty for one without a session."""
        return self.cookies[role].removeprefix(f"{settings.SESSION_COOKIE_NAME}=")
