"""Models whose every change is announced: what was there before is known, and nothing changes unnoticed.

``save()`` runs in one transaction with its signals (so the events that they write share its fate), and leaves the
row as it was before in ``instance.before``. ``.update()`` and the bulk methods send no signals in Django; here they
announce one summary of what they touched.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Self

from django.db import models, transaction
from django.db.models.expressions import BaseExpression
from django.dispatch import Signal

# Sent in the transaction of a bulk change, with ``rows`` (a queryset), ``created`` and ``updated`` (counts).
bulk_changed = Signal()


def _announce(model: type[models.Model], ids: Iterable[Any], *, created: int = 0, updated: int = 0) -> None:
    if not bulk_changed.has_listeners(model):
        raise NotImplementedError(
            f"No receiver of bulk_changed says how bulk changes of {model.__name__} are announced."
        )
    bulk_changed.send(model, rows=model.objects.filter(pk__in=ids), created=created, updated=updated)


class RecordedQuerySet(models.QuerySet):
    """Bulk changes that are announced as one summary event."""

    def update(self, **values: Any) -> int:
        """As Django's, in one transaction with its announcement."""
        with transaction.atomic(using=self.db):
            touched = self.model.lock_all(self)
            changed = super().update(**values)
            if touched:
                _announce(self.model, touched, updated=len(touched))
        return changed

    def bulk_create(self, objs: Iterable[models.Model], *args: Any, **kwargs: Any) -> list[models.Model]:
        """As Django's, in one transaction with its announcement."""
        with transaction.atomic(using=self.db):
            rows = super().bulk_create(objs, *args, **kwargs)
            if rows:
                _announce(self.model, [row.pk for row in rows], created=len(rows))
        return rows

    def bulk_update(self, objs: Iterable[models.Model], fields: Sequence[str], *args: Any, **kwargs: Any) -> int:
        """As Django's, which goes through ``update`` batch by batch; one announcement for all."""
        objs = list(objs)
        with transaction.atomic(using=self.db):
            changed = self.unannounced().bulk_update(objs, fields, *args, **kwargs)
            if objs:
                _announce(self.model, [row.pk for row in objs], updated=len(objs))
        return changed

    def delete(self) -> tuple[int, dict[str, int]]:
        """As Django's, which signals each row; locks are taken in the order that all changes keep to."""
        with transaction.atomic(using=self.db):
            self.model.lock_all(self)
            return super().delete()

    bulk_update.alters_data = delete.alters_data = True
    delete.queryset_only = True

    def unannounced(self) -> models.QuerySet:
        """The same rows, whose bulk changes nobody is told of: only for callers that announce the change themselves."""
        return models.QuerySet(model=self.model, query=self.query.chain(), using=self._db, hints=self._hints)


class RecordedModel(models.Model):
    """Base of what the office keeps: saved in one transaction with its announcements."""

    objects = RecordedQuerySet.as_manager()

    class Meta:
        abstract = True

    before: Self | None = None
    _loaded: dict[str, Any] | None = None  # the values as they were read

    def save(self, *args: Any, **kwargs: Any) -> None:
        """As Django's, in one transaction with the signals' work; sets ``before`` to the row as it was, or ``None``.

        What this instance has not changed since it was read stays as others have set it meanwhile.
        """
        with transaction.atomic(using=kwargs.get("using")):
            self._settle_values()
            # Locked, so that of two people who make the same change at once only the first one has made it.
            self.before = self.lock()
            if self.before is not None and self._loaded is not None:
                for name, value in self._loaded.items():
                    if name in self.__dict__ and self.__dict__[name] == value:
                        setattr(self, name, getattr(self.before, name))
            super().save(*args, **kwargs)
            self._remember()

    @classmethod
    def from_db(cls, db: str | None, field_names: Sequence[str], values: Sequence[Any]) -> Self:
        """As Django's; remembers the values, so that saving writes back only what was changed since."""
        row = super().from_db(db, field_names, values)
        row._remember()
        return row

    def refresh_from_db(self, *args: Any, **kwargs: Any) -> None:
        """As Django's."""
        super().refresh_from_db(*args, **kwargs)
        self._remember()

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """As Django's, in one transaction with the signals' work; a row that is gone already is told of no more."""
        with transaction.atomic(using=kwargs.get("using")):
            if self.pk is not None and self.lock() is None:
                return 0, {}
            return super().delete(*args, **kwargs)

    def lock(self) -> Self | None:
        """Lock the row until the transaction ends, and return it as it is; ``None`` when there is none yet.

        Everybody locks in the same order, so that nobody waits in a circle: the project, what belongs to it, and the
        event log last (realtime/log/publish.py).
        """
        return type(self)._base_manager.select_for_update().filter(pk=self.pk).first() if self.pk else None

    @classmethod
    def lock_all(cls, rows: models.QuerySet) -> list[Any]:
        """Lock many rows, in the order of their ids, and return these."""
        locked = cls._base_manager.select_for_update().filter(pk__in=rows.order_by().values("pk"))
        return list(locked.order_by("pk").values_list("pk", flat=True))

    def _remember(self) -> None:
        # Not files: their values are objects that change in place.
        names = {field.attname for field in self._meta.concrete_fields if not isinstance(field, models.FileField)}
        self._loaded = {name: value for name, value in self.__dict__.items() if name in names}

    def _settle_values(self) -> None:
        """Turn texts and numbers that a script or form has set for dates and amounts into dates and amounts.

        Raises ValidationError for a value that its field cannot hold.
        """
        for field in self._meta.concrete_fields:
            value = self.__dict__.get(field.attname)
            if isinstance(value, str | int | float) and not isinstance(field, models.FileField | models.ForeignKey):
                setattr(self, field.attname, field.to_python(value))

    def changes(self, names: Iterable[str]) -> dict[str, tuple[Any, Any]]:
        """Which of these fields the last save changed: ``{name: (old, new)}``; empty for a row that is new."""
        if self.before is None:
            return {}
        expressions = [name for name in names if isinstance(getattr(self, name), BaseExpression)]
        if expressions:
            self.refresh_from_db(fields=expressions)
        saved = type(self)._base_manager.get(pk=self.pk) if self._state.db else self
        return {
            name: (getattr(self.before, name), getattr(saved, name))
            for name in names
            if getattr(self.before, name) != getattr(saved, name)
        }
