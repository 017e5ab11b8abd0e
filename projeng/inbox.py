"""Sending, marking and deleting notifications. Each change publishes its event in the same transaction."""

from collections.abc import Callable, Collection, Iterable
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.db.models import Count, Q, QuerySet

from realtime.access.audience import user_key
from realtime.log.counters import register_counter
from realtime.log.events import iso
from realtime.log.publish import Announcement, publish

from .actor import acting_user_id
from .events import NotificationCreated, NotificationsDeleted, NotificationsRead
from .models import Notification, Project

LISTED_IDS = 500  # an event that would list more ids sets "all" instead


def unread_counts(user_ids: Collection[int]) -> dict[int, int]:
    """Return the number of unread notifications of each user, by user id."""
    counted = Notification.objects.filter(recipient_id__in=user_ids, is_read=False).values_list("recipient_id")
    return dict.fromkeys(user_ids, 0) | dict(counted.annotate(count=Count("pk")).order_by())


@transaction.atomic(savepoint=False)
def send(users: Iterable[Any], message: str, project: Project | None = None) -> list[Notification]:
    """Send ``message`` to each of these users once. Connected users see it at once.

    Not to whoever acts: nobody is notified of what they did themselves. Who was deleted meanwhile gets nothing. The others cannot be deleted before this transaction ends.
    """
    recipients = _lock_accounts({user.pk for user in users} - {acting_user_id()})
    if not recipients:
        return []
    return Notification.objects.bulk_create(
        Notification(recipient_id=pk, message=message, project=project) for pk in recipients
    )


def _lock_accounts(ids: Collection[int]) -> list[int]:
    """Lock these accounts against deletion, and return the ids of those that exist.

    PostgreSQL takes the same lock itself for the foreign key, but not until the commit, which then fails if the account
    was deleted. Any number of transactions share it. https://www.postgresql.org/docs/current/explicit-locking.html
    """
    if not ids:
        return []
    rows = get_user_model().objects.filter(pk__in=ids).order_by("pk").values_list("pk", flat=True)
    if connection.vendor == "sqlite":  # this transaction is the only writer
        return list(rows)
    sql, parameters = rows.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"{sql} FOR KEY SHARE", parameters)
        return [pk for (pk,) in cursor.fetchall()]


def mark_read(user: Any, notification_id: int | None = None) -> bool:
    """Mark one or all of a user's notifications as read. Return whether it exists; always true for all."""
    return _change_and_publish(
        user, notification_id, Q(is_read=False), lambda rows: rows.update(is_read=True), NotificationsRead
    )


def delete(user: Any, notification_id: int | None = None) -> bool:
    """Delete one or all of a user's notifications. Return whether it exists; always true for all."""
    return _change_and_publish(user, notification_id, Q(), lambda rows: rows._raw_delete(rows.db), NotificationsDeleted)


@transaction.atomic(savepoint=False)
def _change_and_publish(
    user: Any, notification_id: int | None, affected: Q, change: Callable[[QuerySet], int], event: type
) -> bool:
    rows = Notification.objects.filter(recipient=user)
    if notification_id is not None:
        rows = rows.filter(pk=notification_id)
        if not rows.exists():
            return False
    to_change = rows.filter(affected)
    Notification.lock_all(to_change)  # in the order of their ids, as everybody who changes several
    if change(to_change.unannounced()):
        ids = [] if notification_id is None else [notification_id]
        _publish_change(event, {user.pk: ids}, everything=notification_id is None)
    return True


# --- events -----------------------------------------------------------------------------------------------------


def announce_new(rows: Iterable[Notification]) -> None:
    """Publish an event for each new notification. Its unread count is filled in at numbering (``connect_counter``)."""
    publish(
        *(
            Announcement(_created_event(row), [user_key(row.recipient_id)], row.recipient_id)
            for row in sorted(rows, key=lambda row: row.pk)
        )
    )


def announce_changed(rows: QuerySet[Notification]) -> None:
    """Publish to each recipient which of these notifications are read. Those marked unread are not listed."""
    ids: dict[int, list[int]] = {}
    for recipient, pk, is_read in rows.order_by("pk").values_list("recipient_id", "pk", "is_read"):
        ids.setdefault(recipient, []).extend([pk] if is_read else [])
    _publish_change(NotificationsRead, ids)


def announce_deleted(row: Notification) -> None:
    """Publish to the recipient that a notification was deleted."""
    _publish_change(NotificationsDeleted, {row.recipient_id: [row.pk]})


def _publish_change(
    event: type[NotificationsRead | NotificationsDeleted],
    ids_by_recipient: dict[int, list[int]],
    everything: bool = False,
) -> None:
    announcements = []
    for recipient, ids in ids_by_recipient.items():
        all_ids = everything or len(ids) > LISTED_IDS
        changed = event(notification_ids=[] if all_ids else ids, all=all_ids)
        announcements.append(Announcement(changed, [user_key(recipient)], recipient))
    publish(*announcements)


def _created_event(row: Notification) -> NotificationCreated:
    notification = {
        "id": row.pk,
        "message": row.message,
        "created_at": iso(row.created_at),
        "project_id": row.project_id,
    }
    return NotificationCreated(notification=notification, notification_id=row.pk, message=row.message)


def connect_counter() -> None:
    """Have the unread count of a person filled in when an event that carries it gets its place in the log."""
    register_counter(
        [NotificationCreated, NotificationsRead, NotificationsDeleted],
        "unread_count",
        f"SELECT COUNT(*) FROM {Notification._meta.db_table} WHERE recipient_id = {{person}} AND NOT is_read",  # noqa: S608
        growing=[NotificationCreated],
    )
