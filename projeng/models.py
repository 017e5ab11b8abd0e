"""The domain models: projects of a city engineering office, reports on them, and notifications."""

import secrets
from decimal import Decimal
from typing import Any, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q, Sum
from django.utils import timezone

from .barangays import BARANGAYS, NORTH_EAST, SOUTH_WEST
from .corrections import Correction
from .deletions import Deletion
from .formats import day, percent, pesos, shortened
from .key_fields import BarangayField, PrnField
from .parts import ProjectPart
from .recorded import RecordedModel, VersionedModel
from .uploads import check_document, check_image, upload_path

__all__ = ["Correction", "CostType", "Deletion", "Notification", "Project", "ProjectActivity", "ProjectCost",
           "ProjectDocument", "ProjectMilestone", "ProjectPart", "ProjectProgress", "Status"]  # fmt: skip

PERCENT = (MinValueValidator(Decimal(0)), MaxValueValidator(Decimal(100)))
BIGGEST_AMOUNT = Decimal("9999999999999.99")
AMOUNT = (MinValueValidator(Decimal(0)), MaxValueValidator(BIGGEST_AMOUNT))


def new_prn() -> str:
    """Return a new project reference number, ``PRN-yymmdd-6HEX``, with the date in the office's time zone."""
    return f"PRN-{timezone.localdate():%y%m%d}-{secrets.token_hex(3).upper()}"


class Status(models.TextChoices):
    PLANNED = "planned", "Planned"
    IN_PROGRESS = "in_progress", "In progress"
    COMPLETED = "completed", "Completed"
    CANCELLED = "cancelled", "Cancelled"
    DELAYED = "delayed", "Delayed"


class Project(VersionedModel):
    """A project of the office."""

    prn = PrnField("PRN", max_length=40, unique=True, blank=True, help_text="Left blank, one is made.")
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True, max_length=5000)
    barangay = BarangayField(max_length=60, choices=[(name, name) for name in BARANGAYS])
    project_cost = models.DecimalField(
        "budget", max_digits=15, decimal_places=2, null=True, blank=True, validators=AMOUNT, help_text="In pesos."
    )
    source_of_funds = models.CharField(max_length=100, blank=True)
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.PLANNED, db_index=True)
    latitude = models.DecimalField(
        max_digits=9,
        decimal_places=6,
        null=True,
        blank=True,
        validators=[MinValueValidator(SOUTH_WEST.latitude), MaxValueValidator(NORTH_EAST.latitude)],
    )
    longitude = models.DecimalField(
        max_digits=9,
        decimal_places=6,
        null=True,
        blank=True,
        validators=[MinValueValidator(SOUTH_WEST.longitude), MaxValueValidator(NORTH_EAST.longitude)],
    )
    start_date = models.DateField(null=True, blank=True)
    end_date = models.DateField(null=True, blank=True)
    image = models.ImageField("picture", upload_to=upload_path, max_length=255, blank=True, validators=[check_image])
    progress = models.DecimalField(max_digits=5, decimal_places=2, default=Decimal(0), validators=PERCENT)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="created_projects"
    )
    assigned_engineers = models.ManyToManyField(settings.AUTH_USER_MODEL, blank=True, related_name="assigned_projects")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True, db_index=True)

    class Meta:
        ordering = ["-updated_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(progress__gte=0, progress__lte=100), name="progress_is_a_percentage"),
            models.CheckConstraint(
                condition=Q(project_cost__isnull=True) | Q(project_cost__gte=0), name="budget_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return self.display_name

    @property
    def display_name(self) -> str:
        """The project's name in messages and pages: ``Name (PRN: …)``."""
        return f"{self.name} (PRN: {self.prn})"

    @property
    def spent(self) -> Decimal:
        """The sum of all costs that are not void, in pesos."""
        return (self.costs.not_voided().aggregate(sum=Sum("amount"))["sum"] or Decimal(0)).quantize(Decimal("0.01"))

    def clean(self) -> None:
        """Raise ValidationError if the end date precedes the start date or only one coordinate is set."""
        faults = {}
        if self.start_date and self.end_date and self.end_date < self.start_date:
            faults["end_date"] = "The end date is before the start date."
        for here, there in (("latitude", "longitude"), ("longitude", "latitude")):
            if getattr(self, here) is None and getattr(self, there) is not None:
                faults[here] = f"A {there} was given, so the {here} is needed too."
        if faults:
            raise ValidationError(faults)

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save the project. A blank PRN is generated, and saved even if ``update_fields`` does not list it."""
        if not self.prn:
            self.prn = new_prn()
            if kwargs.get("update_fields") is not None:
                kwargs["update_fields"] = {*kwargs["update_fields"], "prn"}
        super().save(*args, **kwargs)

    def take_latest_progress(self) -> None:
        """Set ``progress`` to that of the newest report, without an event: the caller announces the report.

        Reports that are void do not count.
        """
        reports = self.progress_updates.not_voided().order_by("-date", "-id")
        newest = reports.values_list("percentage_complete", flat=True).first()
        self.progress = Decimal(0) if newest is None else newest
        self.updated_at = timezone.now()
        Project.objects.filter(pk=self.pk).unannounced().update(progress=self.progress, updated_at=self.updated_at)
        self.version += 1  # as the update has raised it in the row, which the caller has locked


class ProjectProgress(ProjectPart):
    """A progress report of a project."""

    kind = "progress"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="progress_updates")
    date = models.DateField(default=timezone.localdate)
    percentage_complete = models.DecimalField(max_digits=5, decimal_places=2, validators=PERCENT)
    description = models.TextField(blank=True, max_length=2000)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-date", "-id"]
        verbose_name = "progress report"

    def __str__(self) -> str:
        return f"{self.percentage_complete}% on {self.date}"

    @property
    def title(self) -> str:
        return f"Progress report of {day(self.date)} ({percent(self.percentage_complete)})"

    @property
    def newer(self) -> Self | None:
        """The project's newest report if that is another one: the project keeps the progress of that report."""
        newest = self.project.progress_updates.not_voided().exclude(pk=self.pk).order_by("-date", "-id").first()
        if newest is None or newest.date < self.date:
            return None
        is_older = newest.date == self.date and (self.pk is None or newest.pk < self.pk)
        return None if is_older else newest


class CostType(models.TextChoices):
    MATERIAL = "material", "Material"
    LABOR = "labor", "Labor"
    EQUIPMENT = "equipment", "Equipment"
    OCM = "ocm", "OCM"
    CONTINGENCY = "contingency", "Contingency"
    SUPPLY_AND_INSTALL = "supply and install", "Supply and install"
    PERMIT_AND_LICENSES = "permit&licenses", "Permit & licenses"
    OTHER = "other", "Other"


class ProjectCost(ProjectPart):
    """A cost of a project."""

    kind = "cost"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="costs")
    date = models.DateField(default=timezone.localdate)
    cost_type = models.CharField(max_length=30, choices=CostType.choices)
    description = models.TextField(blank=True, max_length=2000)
    amount = models.DecimalField(
        max_digits=15,
        decimal_places=2,
        validators=[MinValueValidator(Decimal("0.01")), MaxValueValidator(BIGGEST_AMOUNT)],
        help_text="In pesos.",
    )
    receipt = models.FileField(upload_to=upload_path, max_length=255, blank=True, validators=[check_document])
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-date", "-id"]
        verbose_name = "cost"

    def __str__(self) -> str:
        return f"{self.get_cost_type_display()} {self.amount}"

    @property
    def title(self) -> str:
        return f"Cost of {pesos(self.amount)} ({self.get_cost_type_display().lower()})"


class ProjectMilestone(ProjectPart):
    """A goal of a project, with a target date."""

    kind = "milestone"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="milestones")
    name = models.CharField(max_length=200)
    target_date = models.DateField()
    is_completed = models.BooleanField("completed", default=False)
    completion_date = models.DateField(null=True, blank=True)
    # Not known of milestones from before these fields.
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)
    created_at = models.DateTimeField(auto_now_add=True, null=True)

    class Meta:
        ordering = ["target_date", "id"]
        verbose_name = "milestone"

    def __str__(self) -> str:
        return self.name

    @property
    def title(self) -> str:
        return f"Milestone '{shortened(self.name, 100)}'"


class ProjectDocument(ProjectPart):
    """A document of a project."""

    kind = "document"
    author_field, entered_field = "uploaded_by", "uploaded_at"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="documents")
    file = models.FileField(upload_to=upload_path, max_length=255, validators=[check_document])
    name = models.CharField(max_length=200)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)
    uploaded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-uploaded_at", "-id"]
        verbose_name = "document"

    def __str__(self) -> str:
        return self.name

    @property
    def title(self) -> str:
        return f"Document '{shortened(self.name, 100)}'"


class ProjectActivity(models.Model):
    """A line of a project's timeline: the actor, a summary and the time. Written with the event of the change."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="activities")
    at = models.DateTimeField(default=timezone.now, db_index=True)
    actor = models.CharField(max_length=200)
    summary = models.CharField(max_length=500)

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "project activities"

    def __str__(self) -> str:
        return self.summary


class Notification(RecordedModel):
    """A message to one user, optionally about a project."""

    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notifications")
    project = models.ForeignKey(Project, null=True, blank=True, on_delete=models.SET_NULL, related_name="notifications")
    message = models.TextField(max_length=2000)
    is_read = models.BooleanField("read", default=False)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["recipient", "is_read"], name="notification_unread")]

    def __str__(self) -> str:
        return self.message
