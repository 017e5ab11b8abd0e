"""The forms for managing projects: create, edit, assign."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet

from .. import consistency
from ..access import engineers
from ..formats import percent
from ..models import Project, Status
from ..uploads import IMAGE_ENDINGS
from .fields import DayInput, FileInput, PeopleField, PesosField, PictureField
from .plausible import PlausibleForm
from .questions import Question
from .versions import VersionedForm


def engineers_offered(project: Project | None = None) -> QuerySet:
    """Return the active engineers, and the users who are assigned to the project already."""
    offered = Q(pk__in=engineers().order_by().values("pk"))
    if project is not None and project.pk:
        offered |= Q(pk__in=project.assigned_engineers.values("pk"))
    return get_user_model().objects.filter(offered).order_by("first_name", "last_name", "username")


class ProjectForm(VersionedForm, PlausibleForm):
    """The fields of a project, without its progress (from reports) and its engineers (``EngineersForm``)."""

    # The limits are those of the model field.
    project_cost = PesosField(label="Budget", required=False, max_digits=15, decimal_places=2, help_text="In pesos.")

    class Meta:
        model = Project
        fields = (
            "name",
            "prn",
            "description",
            "barangay",
            "status",
            "project_cost",
            "source_of_funds",
            "start_date",
            "end_date",
            "latitude",
            "longitude",
            "image",
        )
        widgets = {
            "description": forms.Textarea(attrs={"rows": 4}),
            "start_date": DayInput,
            "end_date": DayInput,
            "image": FileInput(IMAGE_ENDINGS),
        }
        field_classes = {"image": PictureField}
        help_texts = {
            "latitude": "In degrees, such as 7.447700; together with the longitude.",
            "longitude": "In degrees, such as 125.806800; together with the latitude.",
            "image": "PNG, JPEG or WebP.",
        }

    # The fieldsets of the page.
    sections = (
        ("What", ("name", "prn", "status", "description", "image")),
        ("Where", ("barangay", "latitude", "longitude")),
        ("Money", ("project_cost", "source_of_funds")),
        ("When", ("start_date", "end_date")),
        ("Who", ("assigned_engineers",)),
    )

    def fieldsets(self) -> list[tuple[str, list[forms.BoundField]]]:
        """Return the bound fields by section, in the order of the page, without those in conflict."""
        shown = self.fields.keys() - self.conflicts.keys()
        return [
            (title, [self[name] for name in names if name in shown])
            for title, names in self.sections
            if any(name in shown for name in names)
        ]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        now = f" Now: {percent(self.instance.progress)}." if self.instance.pk else ""
        self.fields["status"].help_text = consistency.RULE + now

    def questions(self) -> Iterator[Question]:
        """Ask back if the status is set to one that contradicts the progress, and what else is unlikely."""
        yield from super().questions()
        text = consistency.question(self.instance.status, self.instance.progress)
        if text and self.instance.status != (self.initial["status"] if self.instance.pk else Status.PLANNED):
            yield Question("status", text)

    def clean_prn(self) -> str:
        """Replace a blank PRN: a new project gets a generated one, and an existing project keeps its own."""
        return self.cleaned_data["prn"] or self.instance.prn


class NewProjectForm(ProjectForm):
    """A new project with its engineers."""

    assigned_engineers = PeopleField(queryset=None, required=False, help_text="Each of them is notified.")

    class Meta(ProjectForm.Meta):
        fields = (*ProjectForm.Meta.fields, "assigned_engineers")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["assigned_engineers"].queryset = engineers_offered()


class EngineersForm(VersionedForm):
    """The engineers of a project. Other fields are not validated here, even if stored values are invalid."""

    assigned_engineers = PeopleField(
        label="Engineers",
        queryset=None,
        required=False,
        help_text="Those who are newly assigned are notified. Those taken off no longer see the project.",
    )

    def __init__(self, *args: Any, instance: Project, **options: Any) -> None:
        self.instance = instance
        super().__init__(*args, initial={"assigned_engineers": instance.assigned_engineers.all()}, **options)
        self.fields["assigned_engineers"].queryset = engineers_offered(instance)

    def save(self) -> None:
        """Set the engineers, and the project's time of change."""
        self.instance.save()
        self.instance.assigned_engineers.set(self.cleaned_data["assigned_engineers"])
