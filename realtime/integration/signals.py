"""Receivers that publish an event when somebody's authority changes.

Every change of an account, a session, a group or (through ``authority_changed``) an application's own grants writes an
event for the servers, in its own transaction where there is one. (Outside of a transaction Django sends ``post_save``
of a user only after the commit; if the process dies in between, the sweep finds the change.) The tail of each process
(realtime/delivery/hub.py) then reads these users' authority again. The hub's sweep also finds changes that send no
signal (``.update()``, SQL, ``loaddata``).
"""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth import SESSION_KEY, get_user_model
from django.contrib.auth.models import Group
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models.signals import m2m_changed, post_delete, post_save, pre_delete
from django.utils import timezone

from ..access.credentials import digest_of
from ..access.user_ids import UserId, sort_key, to_json
from ..log.events import AuthorityChanged, CredentialEnded, SessionEnded
from ..log.publish import Announcement, publish
from .fixtures import is_loaded, watch_loading


def authority_changed(user_ids: Iterable[UserId]) -> None:
    """Publish, in the transaction of the change, that what these users may see has changed."""
    ids = sorted(set(user_ids), key=sort_key)
    if ids:
        with transaction.atomic():
            publish(Announcement(AuthorityChanged(user_ids=[to_json(one) for one in ids]), ()))


def credential_ended(kind: str, key: str) -> None:
    """Publish, in the transaction of the change, that a credential which an application registered is over."""
    with transaction.atomic():
        publish(Announcement(CredentialEnded(kind=kind, digest=digest_of(key)), ()))


def _account_saved(instance: Any, created: bool, raw: bool, update_fields: frozenset[str] | None, **_: Any) -> None:
    # Signing in saves last_login alone, which changes nothing that anybody may see.
    if not raw and not created and update_fields != frozenset({"last_login"}):
        authority_changed([instance.pk])


def _account_deleted(instance: Any, **_: Any) -> None:
    authority_changed([instance.pk])


def _groups_changed(instance: Any, action: str, reverse: bool, pk_set: set[UserId] | None, **_: Any) -> None:
    if is_loaded(instance):
        return
    if not reverse and action in {"post_add", "post_remove", "post_clear"}:
        authority_changed([instance.pk])
    elif reverse and action in {"post_add", "post_remove"}:
        authority_changed(pk_set or ())
    elif reverse and action == "pre_clear":  # afterwards nobody knows who they were
        authority_changed(instance.user_set.values_list("pk", flat=True))


def _group_touched(instance: Group, raw: bool = False, **_: Any) -> None:
    if instance.pk and not raw:
        authority_changed(instance.user_set.values_list("pk", flat=True))


def _session_deleted(instance: Session, **_: Any) -> None:
    # An expired session is no longer valid, and the sweep ends its streams: clearsessions publishes no events.
    if instance.expire_date > timezone.now() and SESSION_KEY in instance.get_decoded():
        publish(Announcement(SessionEnded(digest=digest_of(instance.session_key)), ()))


def connect_signals() -> None:
    """Connect the receivers."""
    user = get_user_model()
    watch_loading(user)
    post_save.connect(_account_saved, sender=user, dispatch_uid="realtime.account_saved")
    post_delete.connect(_account_deleted, sender=user, dispatch_uid="realtime.account_deleted")
    m2m_changed.connect(_groups_changed, sender=user.groups.through, dispatch_uid="realtime.groups_changed")
    post_save.connect(_group_touched, sender=Group, dispatch_uid="realtime.group_saved")
    pre_delete.connect(_group_touched, sender=Group, dispatch_uid="realtime.group_deleted")
    post_delete.connect(_session_deleted, sender=Session, dispatch_uid="realtime.session_deleted")
