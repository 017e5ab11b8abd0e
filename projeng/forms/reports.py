"""The forms for reporting on a project: progress, costs, milestones, documents."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.functional import lazy

from .. import consistency
from ..formats import day, percent
from ..models import ProjectCost, ProjectDocument, ProjectMilestone, ProjectProgress, Status
from ..uploads import DOCUMENT_ENDINGS
from .fields import DayInput, FileInput, PesosField
from .plausible import PlausibleForm
from .questions import Question


class _PastDate(PlausibleForm):
    """Base of reports, whose date may not be in the future."""

    def clean_date(self) -> date:
        day = self.cleaned_data["date"]
        if day > timezone.localdate():
            raise forms.ValidationError("This date is in the future.")
        return day


class ProgressForm(_PastDate):
    """A progress report."""

    class Meta:
        model = ProjectProgress
        fields = ("date", "percentage_complete", "description")
        labels = {"percentage_complete": "Percent complete", "description": "What was done"}
        help_texts = {"percentage_complete": "0 to 100. The newest report counts as the project's progress."}
        widgets = {"date": DayInput, "description": forms.Textarea(attrs={"rows": 4})}

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if self.instance.pk is None:
            self.initial["percentage_complete"] = self.instance.project.progress
        self.fields["date"].help_text = lazy(self._about_dates, str)()

    def _about_dates(self) -> str:
        newest = self.instance.project.progress_updates.not_voided().exclude(pk=self.instance.pk).first()
        if newest is None:
            return ""
        share = percent(newest.percentage_complete)
        return (
            f"A report that is older than that of {day(newest.date)} ({share}) does not change the project's progress."
        )

    def questions(self) -> Iterator[Question]:
        """Ask back if a completed project would have too little progress, and what else is unlikely."""
        yield from super().questions()
        project = self.instance.project
        text = consistency.question(project.status, self.instance.percentage_complete)
        if text and project.status == Status.COMPLETED and self.instance.newer is None:
            yield Question("percentage_complete", text)

    def remarks(self) -> Iterator[str]:
        """Return what the saved report does not change."""
        project = self.instance.project
        if newer := self.instance.newer:
            share = percent(newer.percentage_complete)
            yield f"The project's progress stays at {share}: there is a newer report, of {day(newer.date)}."
        elif found := consistency.contradiction(project.status, self.instance.percentage_complete):
            suggested = consistency.suggestion(project.status, self.instance.percentage_complete)
            yield f"The project's status stays as it is: {found}. {suggested}"


class CostForm(_PastDate):
    """A cost of a project."""

    amount = PesosField(max_digits=15, decimal_places=2, help_text="In pesos.")  # limits of the model field

    class Meta:
        model = ProjectCost
        fields = ("date", "cost_type", "amount", "description", "receipt")
        labels = {"cost_type": "Kind"}
        widgets = {
            "date": DayInput,
            "description": forms.Textarea(attrs={"rows": 3}),
            "receipt": FileInput(DOCUMENT_ENDINGS),
        }


class MilestoneForm(PlausibleForm):
    """A milestone of a project."""

    class Meta:
        model = ProjectMilestone
        fields = ("name", "target_date")
        widgets = {"target_date": DayInput}


class DocumentForm(PlausibleForm):
    """A document of a project."""

    class Meta:
        model = ProjectDocument
        fields = ("name", "file")
        help_texts = {"name": "Left blank, the file's own name is taken."}
        widgets = {"file": FileInput(DOCUMENT_ENDINGS)}

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["name"].required = False

    def clean(self) -> dict[str, Any]:
        """Replace a blank name by the name of the file."""
        data = super().clean()
        if not data.get("name") and data.get("file"):
            data["name"] = data["file"].name[: ProjectDocument._meta.get_field("name").max_length]
        return data
