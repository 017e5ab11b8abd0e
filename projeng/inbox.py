"""Sending, marking and deleting notifications. Each change publishes its event in the same transaction."""

from collections.abc import Collection, Iterable
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.db.models import Count, QuerySet
from django.urls import reverse

from realtime.access.audience import user_key
from realtime.log.counters import register_counter
from realtime.log.events import iso
from realtime.log.publish import Announcement, publish

from .access import project_viewers
from .actor import acting_user_id
from .events import NotificationCreated, NotificationsDeleted, NotificationsRead, NotificationsRestored
from .models import Deletion, Notification, Project

LISTED_IDS = 500  # an event that would list more ids sets "all" instead


def unread_counts(user_ids: Collection[int]) -> dict[int, int]:
    """Return the number of unread notifications of each user, by user id."""
    counted = Notification.objects.filter(recipient_id__in=user_ids, is_read=False).values_list("recipient_id")
    return dict.fromkeys(user_ids, 0) | dict(counted.annotate(count=Count("pk")).order_by())


@transaction.atomic(savepoint=False)
def send(users: Iterable[Any], message: str, project: Project | None = None) -> list[Notification]:
    """Send ``message`` to each of these users once. Connected users see it at once.

    Not to whoever acts: nobody is notified of what they did themselves. Who was deleted meanwhile gets nothing. The
    others cannot be deleted before this transaction ends.
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


@transaction.atomic(savepoint=False)
def mark_read(user: Any, notification_id: int | None = None, *, newest: int | None = None) -> bool:
    """Mark one or all of a user's notifications as read. Return whether it exists; always true for all.

    ``newest``: of all, only those that are not newer than this one.
    """
    rows = _chosen(user, notification_id, newest)
    if notification_id is not None and not rows.exists():
        return False
    rows = rows.filter(is_read=False)
    if changed := Notification.lock_all(rows):  # in the order of their ids, as everybody who changes several
        rows.filter(pk__lte=changed[-1]).unannounced().update(is_read=True)
        _publish_change(NotificationsRead, {user.pk: changed}, _all_of(user, notification_id, newest))
    return True


@transaction.atomic(savepoint=False)
def delete(user: Any, notification_id: int | None = None, *, newest: int | None = None) -> tuple[bool, int | None]:
    """Delete one or all of a user's notifications, as ``mark_read`` marks them.

    Return whether it exists, and the id of the deletion for ``restore``; ``None`` if there was nothing to delete.
    """
    rows = _chosen(user, notification_id, newest)
    deleted = Notification.lock_all(rows)
    if not deleted:
        return notification_id is None, None
    locked = rows.filter(pk__lte=deleted[-1])  # and none that has come meanwhile
    kept = Deletion.keep(user, locked.order_by("pk"))
    locked.unannounced()._raw_delete(locked.db)
    _publish_change(NotificationsDeleted, {user.pk: deleted}, _all_of(user, notification_id, newest))
    return True, kept.pk


def restore(user: Any, deleted: Iterable[Any]) -> None:
    """Undo a deletion of a user's notifications: they are as they were, in the same places. Call in its transaction."""
    rows = [row for row in deleted if isinstance(row, Notification) and row.recipient_id == user.pk]
    projects = Project.objects.filter(pk__in={row.project_id for row in rows if row.project_id})
    existing = set(projects.order_by("pk").values_list("pk", flat=True))
    for row in rows:
        if row.project_id not in existing:
            row.project_id = None
    Notification.objects.unannounced().bulk_create(rows, ignore_conflicts=True)
    if rows:
        _publish_change(NotificationsRestored, {user.pk: [row.pk for row in rows]})


def _chosen(user: Any, notification_id: int | None, newest: int | None) -> QuerySet[Notification]:
    rows = Notification.objects.filter(recipient=user)
    if notification_id is not None:
        return rows.filter(pk=notification_id)
    return rows if newest is None else rows.filter(pk__lte=newest)


def _all_of(user: Any, notification_id: int | None, newest: int | None) -> bool:
    """Whether a change concerns every notification of the user."""
    if notification_id is not None:
        return False
    return newest is None or not Notification.objects.filter(recipient=user, pk__gt=newest).exists()


# --- events -----------------------------------------------------------------------------------------------------


def announce_new(rows: Iterable[Notification]) -> None:
    """Publish an event for each new notification. Its unread count is filled in at numbering (``connect_counter``)."""
    rows = sorted(rows, key=lambda row: row.pk)
    recipients: dict[int, set[int]] = {}
    for row in rows:
        if row.project_id:
            recipients.setdefault(row.project_id, set()).add(row.recipient_id)
    sees = {project_id: project_viewers(project_id, users) for project_id, users in recipients.items()}
    publish(
        *(
            Announcement(
                _created_event(row, row.recipient_id in sees.get(row.project_id, ())),
                [user_key(row.recipient_id)],
                row.recipient_id,
            )
            for row in rows
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
    event: type[NotificationsRead | NotificationsDeleted | NotificationsRestored],
    ids_by_recipient: dict[int, list[int]],
    everything: bool = False,
) -> None:
    announcements = []
    for recipient, ids in ids_by_recipient.items():
        all_ids = everything or len(ids) > LISTED_IDS
        changed = event(notification_ids=[] if all_ids else ids, all=all_ids)
        announcements.append(Announcement(changed, [user_key(recipient)], recipient))
    publish(*announcements)


def _created_event(row: Notification, may_open: bool) -> NotificationCreated:
    notification = {
        "id": row.pk,
        "message": row.message,
        "created_at": iso(row.created_at),
        "project_id": row.project_id,
    }
    project_url = reverse("project_detail", args=[row.project_id]) if may_open else None
    return NotificationCreated(
        notification=notification, notification_id=row.pk, message=row.message, project_url=project_url
    )


def connect_counter() -> None:
    """Have the unread count of a person filled in when an event that carries it gets its place in the log."""
    register_counter(
        [NotificationCreated, NotificationsRead, NotificationsDeleted, NotificationsRestored],
        "unread_count",
        f"SELECT COUNT(*) FROM {Notification._meta.db_table} WHERE recipient_id = {{person}} AND NOT is_read",  # noqa: S608
        growing=[NotificationCreated],
    )
