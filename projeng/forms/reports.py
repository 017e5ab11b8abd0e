"""The forms for reporting on a project: progress, costs, milestones, documents."""

from datetime import date
from typing import Any

from django import forms
from django.utils import timezone

from ..models import ProjectCost, ProjectDocument, ProjectMilestone, ProjectProgress
from ..uploads import DOCUMENT_ENDINGS
from .ask_back import AskBackForm
from .fields import DayInput, FileInput, PesosField


class _PastDate(AskBackForm):
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


class MilestoneForm(AskBackForm):
    """A milestone of a project."""

    class Meta:
        model = ProjectMilestone
        fields = ("name", "target_date")
        widgets = {"target_date": DayInput}


class DocumentForm(AskBackForm):
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
