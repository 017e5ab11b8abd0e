"""What was deleted lately, kept so that whoever deleted it can undo that for a short while."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Self

from django.conf import settings
from django.core import serializers
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils import timezone

UNDO_SECONDS = 120  # a deletion can be undone for so long
MOST_EXPIRED = 100  # expired deletions that are dropped at a time


class ExactEncoder(DjangoJSONEncoder):
    """Times with their microseconds, which Django's encoder cuts off."""

    def default(self, o: Any) -> Any:
        return o.isoformat() if isinstance(o, datetime) else super().default(o)


class Deletion(models.Model):
    """The rows that a user deleted at once, as Django's serializer writes them."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField(default=timezone.now, db_index=True)
    rows = models.JSONField(encoder=ExactEncoder)
    linked = models.JSONField(default=list)  # the ids of notifications that led to a deleted project

    def __str__(self) -> str:
        return f"{len(self.rows)} rows, {self.at}"

    @classmethod
    def keep(cls, user: Any, rows: Iterable[models.Model], linked: Iterable[int] = ()) -> Self:
        """Keep these rows, and drop what is kept too long."""
        expired = cls.objects.filter(at__lt=_oldest()).order_by("pk").select_for_update(skip_locked=True)
        cls.objects.filter(pk__in=list(expired.values_list("pk", flat=True)[:MOST_EXPIRED])).delete()
        return cls.objects.create(user=user, rows=serializers.serialize("python", rows), linked=list(linked))

    @classmethod
    def take(cls, user: Any, pk: int) -> Self | None:
        """Return a deletion by this user, once; ``None`` if it cannot be undone any more."""
        kept = cls.objects.select_for_update().filter(pk=pk, user=user, at__gte=_oldest()).first()
        if kept is None:
            return None
        cls.objects.filter(pk=pk).delete()
        return kept

    def instances(self) -> list[models.Model]:
        """Return what was deleted, as it was. It is not stored again yet."""
        return [row.object for row in serializers.deserialize("python", self.rows, ignorenonexistent=True)]


def _oldest() -> datetime:
    return timezone.now() - timedelta(seconds=UNDO_SECONDS)
