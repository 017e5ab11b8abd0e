"""Markup injection payloads, an office whose every text is one, and detection of active markup in pages."""

from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from typing import Any

from django.apps import apps
from django.contrib.auth.models import Group, User
from django.core.files.base import ContentFile
from django.db.models import CharField, FileField, Model, TextField
from django.utils import timezone

from messaging import conversations, sending
from projeng import inbox
from projeng.access import Role
from projeng.actor import acting
from projeng.models import Project, ProjectCost, ProjectDocument, ProjectMilestone, ProjectProgress
from realtime.parity.models import Fallback, Feedback, LinkReport
from realtime.rollout.models import RolloutWatch
from switchover.transport import demotions
from tests.support.people import person

from .uploads import PDF, PNG

CANARY = "canary.invalid"  # a request to this host shows that a payload was executed or loaded
RUN = "__ran=1"
PAYLOADS = [
    f"<script>{RUN}</script>",
    f'"><img src=//{CANARY}/i onerror={RUN}>',
    f"'><svg/onload={RUN}>",
    f"</title><script>{RUN}</script>",
    f"</textarea></style></script><script>{RUN}</script>",
    f"--><script>{RUN}</script><!--",
    f"javascript:{RUN}//",
    f"data:text/html,<script>{RUN}</script>",
    f"{{{{7*7}}}}{{% debug %}}${{{RUN}}}`#{{7*7}}<%= 7*7 %>",
    f"<a href=javascript:{RUN}>here</a>",
    f"<style>*{{background:url(//{CANARY}/c)}}</style>",
    f'" style="background:url(//{CANARY}/s)" autofocus onfocus={RUN} x="',
    f"<iframe srcdoc='<script>parent.{RUN}</script>'></iframe>",
    f"<base href=//{CANARY}/><meta http-equiv=refresh content=0;url=//{CANARY}/m>",
    f"<form action=//{CANARY}/f><button>Go</button><input name=csrfmiddlewaretoken>",
    f"<noscript><p title='</noscript><img src=x onerror={RUN}>'>",
    f"\u202e<script>{RUN}</script>\u2066\u200b",
    f"\uff1cscript\uff1e{RUN}\uff1c/script\uff1e",
    f"%3Cscript%3E{RUN}%3C/script%3E",
    f"&lt;script&gt;{RUN}&lt;/script&gt;&#60;script>",
    f"\\x3cscript\\x3e\\u003cscript\\u003e{RUN}",
    f"constructor.constructor('{RUN}')()",
    f"<details open ontoggle={RUN}><template><img src=//{CANARY}/t>",
    f"<object data=//{CANARY}/o><embed src=//{CANARY}/e><link rel=stylesheet href=//{CANARY}/l>",
    "=cmd|'/C calc'!A1",
    "__proto__[polluted]=1",
]


def some(number: int, field: str, model: type[Model]) -> str:
    """Return the payload of this number, cut to the length of the field."""
    return PAYLOADS[number % len(PAYLOADS)][: model._meta.get_field(field).max_length]


def everywhere() -> tuple[dict[str, User], list[Project]]:
    """Create an office whose every text is a payload. Return users by role (``nobody`` has none) and projects."""
    people = {}
    roles = {"head": Role.HEAD, "finance": Role.FINANCE, "engineer": Role.ENGINEER, "nobody": None}
    for number, (name, role) in enumerate(roles.items()):
        people[name] = person(
            role,
            f"{name}{PAYLOADS[number]}",
            first_name=PAYLOADS[number + 1][:150],
            last_name=PAYLOADS[number + 2][:150],
            email=f"{PAYLOADS[number + 3]}@{CANARY}",
        )
    people["head"].is_staff = people["head"].is_superuser = True
    people["head"].save()
    group = Group.objects.create(name=PAYLOADS[0])
    people["nobody"].groups.add(group)
    projects = [_project(number, people) for number in range(len(PAYLOADS))]
    for number, payload in enumerate(PAYLOADS):
        inbox.send(people.values(), payload, projects[number])
    demotions.demote("group", PAYLOADS[0], reason=PAYLOADS[1], by=PAYLOADS[2])
    demotions.demote("user", str(people["nobody"].pk), reason=PAYLOADS[3], by=PAYLOADS[5])
    now = timezone.now()
    RolloutWatch.objects.create(name="missing", judged_to=now, looked_at=now, line=PAYLOADS[1])
    for number, payload in enumerate(PAYLOADS):
        Feedback.objects.create(
            user=people["engineer"],
            live=False,
            comment=payload,
            transport=payload[:9],
            phase=payload[:20],
            page=payload,
        )
        _reported(people["engineer"], payload, number)
        sending.send(sender=people["engineer"], receiver=people["head"], text=payload)
    group = conversations.create(
        creator=people["engineer"], kind="group", participants=[people["head"]], subject=PAYLOADS[1]
    )
    sending.send(sender=people["engineer"], conversation=group, text=PAYLOADS[2], kind="markdown")
    return people, projects


def _reported(user: User, payload: str, number: int) -> None:
    now = timezone.now()
    times = {"opened_at": now, "reported_at": now, "ended_at": now}
    LinkReport.objects.create(
        user=user,
        link=f"{number}{payload}"[:36],
        transport="sse",
        shown=True,
        topics=[payload],
        reason=payload[:32],
        **times,
    )
    Fallback.objects.create(
        user=user, name=f"{number}{payload}"[:36], left="websocket", taken="sse", reason=payload[:32], at=now
    )


def _project(number: int, people: dict[str, User]) -> Project:
    head, engineer = people["head"], people["engineer"]
    project = Project(
        prn=f"{number}{PAYLOADS[number]}"[:40], created_by=head, project_cost=100, start_date="2026-01-01"
    )
    for shift, field in enumerate(("name", "description", "source_of_funds", "barangay")):
        setattr(project, field, some(number + shift, field, Project))
    project.name = PAYLOADS[number]
    project.image.save("a.png", ContentFile(PNG), save=False)
    project.save()
    project.assigned_engineers.add(engineer)
    text = PAYLOADS[(number + 1) % len(PAYLOADS)]
    author = {"project": project, "created_by": engineer}
    report = ProjectProgress.objects.create(**author, percentage_complete=number, description=text)
    cost = ProjectCost(**author, cost_type="labor", amount=99, description=text)
    cost.receipt.save("a.pdf", ContentFile(PDF))
    milestone = ProjectMilestone.objects.create(**author, name=text, target_date="2026-02-02")
    document = ProjectDocument(project=project, name=text, uploaded_by=engineer)
    document.file.save("a.pdf", ContentFile(PDF))
    if number == 1:
        with acting(engineer):
            for part in (report, cost, milestone, document):
                setattr(part, "name" if hasattr(part, "name") else "description", PAYLOADS[3])
                part.reason = text
                part.save()
                part.void(text)
    return project


class _Parts(HTMLParser):
    """Collects the markup of a page that is active and never part of our pages."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Our pages only have scripts with a URL of the site, and no handlers, styles, frames or foreign URLs."""
        named = dict(attrs)
        bad = tag in {"iframe", "object", "embed", "base", "style", "noscript", "template"}
        bad |= tag == "script" and not str(named.get("src", "")).startswith(("/static/", "/admin/jsi18n/"))
        bad |= tag == "meta" and named.get("http-equiv", "").lower() == "refresh"
        for name, value in attrs:
            bad |= name.startswith("on") or name in {"style", "srcdoc", "formaction"}
            address = (value or "").strip().lower()
            bad |= name in ADDRESSES and (address.startswith(("javascript:", "data:text", "//")) or "://" in address)
        if bad:
            self.found.append(self.get_starttag_text() or tag)


ADDRESSES = {"href", "src", "action", "xlink:href", "poster", "data"}


def active_parts(page: str) -> list[str]:
    """Return the tags of a page that execute code or lead to another site."""
    parts = _Parts()
    parts.feed(page)
    parts.close()
    return parts.found


def text_fields() -> Iterator[tuple[str, type[Model], str]]:
    """Yield every field of our models and of Django's users that holds free text."""
    for model in apps.get_models():
        if model._meta.app_label in {"projeng", "realtime"} or model in {User, Group}:
            for field in model._meta.get_fields():
                if isinstance(field, CharField | TextField) and not isinstance(field, FileField) and not field.choices:
                    yield f"{model._meta.label}.{field.name}", model, field.name


def strange(values: Iterable[Any]) -> bool:
    """Return whether one of these texts would be active as markup, in capitals as well."""
    return any(sign in str(value).lower() for value in values for sign in ("<script", "<img", "<svg", "onerror"))
