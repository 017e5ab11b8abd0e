"""Models whose every change is announced with an event, and which know the previous values of a row.

``save()`` runs in one transaction with its signals, so the events that receivers publish are committed or rolled back
with it. It stores the previous row in ``instance.before``. ``.update()`` and the bulk methods send no signals in
Django; here they send ``bulk_changed`` once.

Of models that people edit (``VersionedModel``), each change of a row raises its ``version``, in the statement that
makes the change. Forms compare it (projeng/forms/versions.py).
"""

from collections.abc import Iterable, Sequence
from typing import Any, Self

from django.db import models, transaction
from django.db.models import F
from django.db.models.expressions import BaseExpression
from django.dispatch import Signal

# Sent in the transaction of a bulk change, with ``rows`` (a queryset), ``new`` (the created objects, as they were
# given), ``created`` and ``updated`` (counts).
bulk_changed = Signal()


def _announce(
    model: type[models.Model],
    ids: Iterable[Any],
    *,
    new: Sequence[models.Model] = (),
    created: int = 0,
    updated: int = 0,
) -> None:
    if not bulk_changed.has_listeners(model):
        raise NotImplementedError(
            f"No receiver of bulk_changed says how bulk changes of {model.__name__} are announced."
        )
    bulk_changed.send(model, rows=model.objects.filter(pk__in=ids), new=new, created=created, updated=updated)


class VersionedQuerySet(models.QuerySet):
    """A queryset whose updates raise the versions of the rows."""

    def update(self, **values: Any) -> int:
        """Like Django's method, which ``bulk_update`` calls too. Without values, only the versions are raised."""
        return super().update(**values, **self.model.raised())

    update.alters_data = True


class RecordedQuerySet(VersionedQuerySet):
    """A queryset whose bulk changes send ``bulk_changed``, so that one summary event announces them."""

    def update(self, **values: Any) -> int:
        """Like Django's method, in one transaction with the announcement."""
        with transaction.atomic(using=self.db, savepoint=False):
            touched = self.model.lock_all(self)
            changed = super().update(**values)
            if touched:
                _announce(self.model, touched, updated=len(touched))
        return changed

    def bulk_create(self, objs: Iterable[models.Model], *args: Any, **kwargs: Any) -> list[models.Model]:
        """Like Django's method, in one transaction with the announcement."""
        with transaction.atomic(using=self.db, savepoint=False):
            rows = super().bulk_create(objs, *args, **kwargs)
            if rows:
                _announce(
                    self.model,
                    [row.pk for row in rows],
                    new=[row for row in rows if row.pk is not None],
                    created=len(rows),
                )
        return rows

    def bulk_update(self, objs: Iterable[models.Model], fields: Sequence[str], *args: Any, **kwargs: Any) -> int:
        """Like Django's method, which calls ``update`` for each batch. All batches have one announcement."""
        objs = list(objs)
        with transaction.atomic(using=self.db, savepoint=False):
            changed = self.unannounced().bulk_update(objs, fields, *args, **kwargs)
            if objs:
                _announce(self.model, [row.pk for row in objs], updated=len(objs))
        return changed

    def delete(self) -> tuple[int, dict[str, int]]:
        """Like Django's method, which sends signals for each row. Rows are locked in the order of ``lock`` first."""
        with transaction.atomic(using=self.db, savepoint=False):
            self.model.lock_all(self)
            return super().delete()

    bulk_update.alters_data = delete.alters_data = True
    delete.queryset_only = True

    def unannounced(self) -> VersionedQuerySet:
        """Return a queryset of the same rows, for callers that announce their bulk change themselves."""
        return VersionedQuerySet(model=self.model, query=self.query.chain(), using=self._db, hints=self._hints)


class RecordedModel(models.Model):
    """Base of the office's models: each change runs in one transaction with its announcement."""

    objects = RecordedQuerySet.as_manager()

    class Meta:
        abstract = True

    before: Self | None = None
    _loaded: dict[str, Any] | None = None  # the values as read from the database

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Like Django's method, in one transaction with the receivers of its signals.

        Set ``before`` to the previous row, or to ``None`` for a new row. A field that this instance has not changed
        since it was read keeps the value that a concurrent transaction may have set.
        """
        with transaction.atomic(using=kwargs.get("using"), savepoint=False):
            self._convert_values()
            # With the lock, of two identical concurrent changes only the first one counts as a change.
            self.before = self.lock()
            if self.before is not None and self._loaded is not None:
                for name, value in self._loaded.items():
                    if name in self.__dict__ and self.__dict__[name] == value:
                        setattr(self, name, getattr(self.before, name))
            self._raise_version(kwargs)
            super().save(*args, **kwargs)
            self._remember()

    @classmethod
    def raised(cls) -> dict[str, Any]:
        """Return what each update of rows sets in addition."""
        return {}

    def _raise_version(self, options: dict[str, Any]) -> None:
        """Prepare a save of this row, which is locked."""

    @classmethod
    def from_db(cls, db: str | None, field_names: Sequence[str], values: Sequence[Any]) -> Self:
        """Like Django's method. Remember the values, so that ``save`` writes only those that were changed since."""
        row = super().from_db(db, field_names, values)
        row._remember()
        return row

    def refresh_from_db(self, *args: Any, **kwargs: Any) -> None:
        """Like Django's method. Remember the values again."""
        super().refresh_from_db(*args, **kwargs)
        self._remember()

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Like Django's method, in one transaction with the receivers. A row deleted before sends no signals."""
        with transaction.atomic(using=kwargs.get("using"), savepoint=False):
            if self.pk is not None and self.lock() is None:
                return 0, {}
            return super().delete(*args, **kwargs)

    def lock(self) -> Self | None:
        """Lock the row until the transaction ends and return it as stored, or ``None`` if it does not exist.

        To avoid deadlocks, all code takes locks in the same order (docs/architecture/log.md, "Locks").
        """
        return type(self)._base_manager.select_for_update().filter(pk=self.pk).first() if self.pk else None

    @classmethod
    def lock_all(cls, rows: models.QuerySet) -> list[Any]:
        """Lock rows in the order of their ids, and return the ids."""
        locked = cls._base_manager.select_for_update().filter(pk__in=rows.order_by().values("pk"))
        return list(locked.order_by("pk").values_list("pk", flat=True))

    def _remember(self) -> None:
        # File fields are excluded: their values are objects that change in place.
        names = {field.attname for field in self._meta.concrete_fields if not isinstance(field, models.FileField)}
        self._loaded = {name: value for name, value in self.__dict__.items() if name in names}

    def _convert_values(self) -> None:
        """Convert strings and numbers to the types of their fields, such as dates and decimals.

        Raise ValidationError for a value that is invalid for its field.
        """
        for field in self._meta.concrete_fields:
            value = self.__dict__.get(field.attname)
            if isinstance(value, str | int | float) and not isinstance(field, models.FileField | models.ForeignKey):
                setattr(self, field.attname, field.to_python(value))

    def changes(self, names: Iterable[str]) -> dict[str, tuple[Any, Any]]:
        """Return which of these fields the last save changed: ``{name: (old, new)}``; empty for a new row."""
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


class VersionedModel(RecordedModel):
    """Base of models with an edit form. ``version`` is raised by each change of the row."""

    # db_default: the previous release, to which an operator may return, inserts rows without a version.
    version = models.PositiveBigIntegerField(default=1, db_default=1, editable=False)

    class Meta:
        abstract = True

    @classmethod
    def raised(cls) -> dict[str, Any]:
        return {"version": F("version") + 1}

    def _raise_version(self, options: dict[str, Any]) -> None:
        self.version = 1 if self.before is None else self.before.version + 1
        if options.get("update_fields"):  # an empty list saves nothing
            options["update_fields"] = {*options["update_fields"], "version"}
