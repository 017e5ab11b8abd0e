"""The base of a project's parts (reports, costs, ...), which can be corrected, voided and restored."""

from typing import Any, Self

from django.db import models
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from .actor import actor_name
from .corrections import Correction
from .formats import shortened
from .recorded import RecordedQuerySet, VersionedModel


class PartQuerySet(RecordedQuerySet):
    """The parts of projects, and what is known of their corrections."""

    def not_voided(self) -> QuerySet:
        """Return the parts that count."""
        return self.filter(voided_at=None)

    def with_history(self) -> QuerySet:
        """Annotate the parts with ``is_corrected``: whether they were ever corrected."""
        known = Correction.objects.filter(kind=self.model.kind, part_id=OuterRef("pk"))
        return self.annotate(is_corrected=Exists(known))


class ProjectPart(VersionedModel):
    """Base of a project's parts (reports, costs, ...). A bulk change of parts is announced for their projects.

    A part that is void stays on its project's page, and counts nowhere. Each change of a stored part is kept as a
    ``Correction``; ``reason``, set before ``save``, says why it was made.
    """

    kind: str  # in addresses and in the history
    author_field, entered_field = "created_by", "created_at"
    reason = ""

    voided_at = models.DateTimeField(null=True, blank=True, editable=False)
    # With defaults in the database, so that a release that does not know these fields can still enter parts.
    voided_by = models.CharField(max_length=200, blank=True, default="", db_default="", editable=False)
    void_reason = models.CharField(max_length=500, blank=True, default="", db_default="", editable=False)

    objects = PartQuerySet.as_manager()

    class Meta:
        abstract = True

    @property
    def title(self) -> str:
        """The part in messages: its kind and what tells it from others."""
        raise NotImplementedError

    @property
    def is_void(self) -> bool:
        """Whether the part does not count."""
        return self.voided_at is not None

    @property
    def author_id(self) -> int | None:
        """The id of the user who entered the part, if that is known."""
        return getattr(self, f"{self.author_field}_id")

    @property
    def entered_at(self) -> Any:
        """When the part was entered, if that is known."""
        return getattr(self, self.entered_field)

    def void(self, reason: str) -> None:
        """Let the part count no more, and save it. A part that is void already stays as it is."""
        if not self.is_void:
            self.mark_void(reason)
            self.save()

    def restore(self, reason: str) -> None:
        """Let a void part count again, and save it."""
        if self.is_void:
            self.mark_restored(reason)
            self.save()

    def mark_void(self, reason: str) -> None:
        """Like ``void``, for a caller that saves the part."""
        self.voided_at, self.voided_by = timezone.now(), shortened(actor_name())
        self.void_reason = self.reason = reason

    def mark_restored(self, reason: str) -> None:
        """Like ``restore``, for a caller that saves the part."""
        self.voided_at, self.voided_by, self.void_reason = None, "", ""
        self.reason = reason

    def lock(self) -> Self | None:
        """Lock the project first, so that each change of a part sees the totals of the previous change.

        Raise Project.DoesNotExist if the project was deleted, ValueError if the part was moved to another project.
        """
        # project_id is unset if the project was saved after it was assigned to this instance.
        self.project = self._projects().select_for_update().get(pk=self.project_id or self.project.pk)
        before = super().lock()
        if before is not None and before.project_id != self.project_id:
            raise ValueError(f"A {self._meta.verbose_name} stays with its project.")
        return before

    @classmethod
    def lock_all(cls, rows: RecordedQuerySet) -> list[Any]:
        projects = cls._projects()
        projects.model.lock_all(projects.filter(pk__in=rows.order_by().values("project_id")))
        return super().lock_all(rows)

    @classmethod
    def _projects(cls) -> RecordedQuerySet:
        return cls._meta.get_field("project").related_model.objects.all()
