"""Announcing something to a person or to a tenant: one event of the log."""

from typing import Any

from django.db import transaction

from realtime.access.audience import user_key
from realtime.log.publish import Announcement, publish

from .events import NoticePublished
from .tenants import tenant_key

NOTICE_TITLE = "New Notice Published"  # what the chat's old servers announced
NOTICE = "notice"
GENERAL = "general"


def announce_notice(notice: Any) -> None:
    """Tell the people of a notice's tenant that it is published. Must run in the transaction of the change."""
    event = NoticePublished(title=NOTICE_TITLE, message=notice.title, notification_type=NOTICE, notice_id=notice.pk)
    publish(Announcement(event, [tenant_key(notice.tenant)]))


@transaction.atomic
def announce(*, title: str, message: str, person: Any = None, tenant: int | None = None) -> None:
    """Tell a person, or else everybody of a tenant (``None``: of the site)."""
    event = NoticePublished(title=title, message=message, notification_type=GENERAL)
    publish(Announcement(event, [tenant_key(tenant) if person is None else user_key(person.pk)]))
