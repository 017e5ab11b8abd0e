"""Keeps the demotion of a group when the group is renamed, since it refers to the group by name."""

from typing import Any

from django.contrib.auth.models import Group
from django.db.models.signals import post_save, pre_save

from realtime.rollout.models import TransportHold

from . import demotions, transport


def _group_renaming(instance: Any, raw: bool, **_: Any) -> None:
    # A demotion names its group. The new name is demoted first, so that there is no moment without a demotion.
    before = None if raw else Group.objects.filter(pk=instance.pk).values_list("name", flat=True).first()
    held = TransportHold.objects.filter(scope=transport.GROUP, target=before).first() if before else None
    instance.renamed_from = ""
    # Where the new name is taken, the group keeps the old one, or cannot be saved.
    if held is not None and not Group.objects.filter(name=instance.name).exists():
        instance.renamed_from = before
        demotions.demote(transport.GROUP, instance.name, reason=held.reason, by=held.by)


def _group_renamed(instance: Any, **_: Any) -> None:
    if before := getattr(instance, "renamed_from", ""):
        instance.renamed_from = ""
        now_called = f"the group is called {instance.name} now"
        demotions.restore(transport.GROUP, before, reason=now_called, by="its renaming")


def connect_signals() -> None:
    """Connect the receivers."""
    pre_save.connect(_group_renaming, sender=Group, dispatch_uid="realtime.group_renaming")
    post_save.connect(_group_renamed, sender=Group, dispatch_uid="realtime.group_renamed")
