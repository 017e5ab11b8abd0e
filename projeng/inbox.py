"""Sending, marking and deleting notifications. Each change publishes its event in the same transaction."""

from collections.abc import Collection, Iterable
from typing import Any

from django.db import transaction
from django.db.models import Count, QuerySet

from realtime.access.audience import user_key
from realtime.log.events import iso
from realtime.log.publish import Announcement, lock_log, publish

from .events import NotificationCreated, NotificationsDeleted, NotificationsRead
from .models import Notification, Project

LISTED_IDS = 500  # an event that would list more ids sets "all" instead


def unread_counts(user_ids: Collection[int]) -> dict[int, int]:
    """Return the number of unread notifications of each user, by user id."""
    counted = Notification.objects.filter(recipient_id__in=user_ids, is_read=False).values_list("recipient_id")
    return dict.fromkeys(user_ids, 0) | dict(counted.annotate(count=Count("pk")).order_by())


@transaction.atomic
def send(users: Iterable[Any], message: str, project: Project | None = None) -> list[Notification]:
    """Send ``message`` to each of these users once. Connected users see it at once."""
    recipients = {user.pk: user for user in users}
    if not recipients:
        return []
    lock_log()  # before the rows, as in every change of notifications (Notification.lock)
    return Notification.objects.bulk_create(
        Notification(recipient=user, message=message, project=project) for user in recipients.values()
    )


def mark_read(user: Any, notification_id: int | None = None) -> bool:
    """Mark one or all of a user's notifications as read. Return whether it exists; always true for all."""
    return _change_and_publish(
        user,
        notification_id,
        lambda rows: rows.filter(is_read=False).unannounced().update(is_read=True),
        NotificationsRead,
    )


def delete(user: Any, notification_id: int | None = None) -> bool:
    """Delete one or all of a user's notifications. Return whether it exists; always true for all."""
    return _change_and_publish(
        user, notification_id, lambda rows: rows.unannounced()._raw_delete(rows.db), NotificationsDeleted
    )


@transaction.atomic
def _change_and_publish(user: Any, notification_id: int | None, change: Any, event: type) -> bool:
    lock_log()
    rows = Notification.objects.filter(recipient=user)
    if notification_id is not None:
        rows = rows.filter(pk=notification_id)
        if not rows.exists():
            return False
    if change(rows):
        ids = [] if notification_id is None else [notification_id]
        _publish_change(event, {user.pk: ids}, everything=notification_id is None)
    return True


# --- events -----------------------------------------------------------------------------------------------------


def announce_new(rows: Iterable[Notification]) -> None:
    """Publish an event for each new notification, with the recipient's unread count after it."""
    rows = sorted(rows, key=lambda row: row.pk)
    lock_log()  # before counting, since a concurrent transaction could add notifications
    unread = unread_counts({row.recipient_id for row in rows})
    later = dict.fromkeys(unread, 0)
    announcements = []
    for row in reversed(rows):
        count = unread[row.recipient_id] - later[row.recipient_id]
        later[row.recipient_id] += not row.is_read
        announcements.append(Announcement(_created_event(row, count), [user_key(row.recipient_id)]))
    publish(*reversed(announcements))


def announce_changed(rows: QuerySet[Notification]) -> None:
    """Publish to each recipient which of these notifications are read. Those marked unread are not listed."""
    ids: dict[int, list[int]] = {}
    for recipient, pk, is_read in rows.order_by("pk").values_list("recipient_id", "pk", "is_read"):
        ids.setdefault(recipient, []).extend([pk] if is_read else [])
    _publish_change(NotificationsRead, ids)


def announce_deleted(row: Notification) -> None:
    """Publish to the recipient that a notification was deleted."""
    _publish_change(NotificationsDeleted, {row.recipient_id: [row.pk]})


def _publish_change(event: type, ids_by_recipient: dict[int, list[int]], everything: bool = False) -> None:
    lock_log()
    unread = unread_counts(ids_by_recipient.keys())
    for recipient, ids in ids_by_recipient.items():
        all_ids = everything or len(ids) > LISTED_IDS
        listed = [] if all_ids else ids
        publish(
            Announcement(
                event(notification_ids=listed, all=all_ids, unread_count=unread[recipient]), [user_key(recipient)]
            )
        )


def _created_event(row: Notification, unread: int) -> NotificationCreated:
    notification = {
        "id": row.pk,
        "message": row.message,
        "created_at": iso(row.created_at),
        "project_id": row.project_id,
    }
    return NotificationCreated(
        unread_count=unread, notification=notification, notification_id=row.pk, message=row.message
    )
