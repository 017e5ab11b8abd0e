"""The administration of the office's data. What is recorded by the system itself can be read there, not changed."""

from typing import Any

from django.contrib import admin
from django.db import models
from django.forms import BaseModelFormSet, ModelForm
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from realtime.integration.admin import ReadOnlyAdmin

from .forms.fields import FileInput, PictureField
from .forms.sign_in import AdminSignInForm
from .models import (
    Notification,
    Project,
    ProjectActivity,
    ProjectCost,
    ProjectDocument,
    ProjectMilestone,
    ProjectProgress,
)

admin.site.login_form = AdminSignInForm

# Files have no public address, so no link to one is shown.
FILE_WIDGETS = {
    models.FileField: {"widget": FileInput},
    models.ImageField: {"widget": FileInput, "form_class": PictureField},
}
AUTHORS = {ProjectCost: "created_by", ProjectProgress: "created_by", ProjectDocument: "uploaded_by"}


class _Part(admin.TabularInline):
    """What belongs to a project can be added on the project's page.

    What is there already has lists of its own (``ProjectAdmin.parts``): a project may have hundreds of costs, more
    than a form could hold.
    """

    extra = 0
    formfield_overrides = FILE_WIDGETS

    def get_exclude(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Who did it is recorded, not chosen."""
        return [AUTHORS[self.model]] if self.model in AUTHORS else []

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ProgressInline(_Part):
    model = ProjectProgress


class CostInline(_Part):
    model = ProjectCost


class MilestoneInline(_Part):
    model = ProjectMilestone


class DocumentInline(_Part):
    model = ProjectDocument


@admin.register(Project)
class ProjectAdmin(admin.ModelAdmin):
    """Projects; their progress comes from the newest report."""

    list_display = ("name", "prn", "barangay", "status", "progress", "project_cost", "updated_at")
    list_filter = ("status", "barangay", "source_of_funds")
    search_fields = ("name", "prn", "barangay")
    date_hierarchy = "created_at"
    filter_horizontal = ("assigned_engineers",)
    readonly_fields = ("progress", "created_by", "created_at", "updated_at")
    inlines = (ProgressInline, CostInline, MilestoneInline, DocumentInline)
    formfield_overrides = FILE_WIDGETS

    def get_readonly_fields(self, request: HttpRequest, obj: Project | None = None) -> tuple[str, ...]:
        """What is recorded, not typed in; a project that is there already shows what belongs to it."""
        return self.readonly_fields if obj is None else (*self.readonly_fields, "parts")

    @admin.display(description="Recorded")
    def parts(self, obj: Project) -> SafeString:
        """The way to the project's reports, costs, milestones and documents, with their numbers."""
        links = [
            (
                reverse(f"admin:{part.model._meta.app_label}_{part.model._meta.model_name}_changelist"),
                obj.pk,
                part.model._meta.verbose_name_plural.capitalize(),
                part.model.objects.filter(project=obj).count(),
            )
            for part in self.inlines
        ]
        return format_html_join(" · ", '<a href="{}?project__id__exact={}">{}: {}</a>', links)

    def save_model(self, request: HttpRequest, obj: Project, form: ModelForm, change: bool) -> None:
        """A new project is created by whoever adds it here."""
        if not change:
            obj.created_by = request.user
        super().save_model(request, obj, form, change)

    def save_formset(self, request: HttpRequest, form: ModelForm, formset: BaseModelFormSet, change: bool) -> None:
        """What is added to a project here is by whoever adds it."""
        author = AUTHORS.get(formset.model)
        for row in formset.extra_forms:
            if author:
                setattr(row.instance, author, request.user)
        super().save_formset(request, form, formset, change)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[list, dict, set, list]:
        """A project may be deleted with its timeline, though a timeline by itself may not be."""
        listed, counts, not_permitted, protected = super().get_deleted_objects(objs, request)
        return listed, counts, not_permitted - {ProjectActivity._meta.verbose_name}, protected


class _PartAdmin(admin.ModelAdmin):
    """What belongs to projects, by itself."""

    list_select_related = ("project",)
    autocomplete_fields = ("project",)
    search_fields = ("project__name", "project__prn")
    formfield_overrides = FILE_WIDGETS

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Who did it is recorded, not chosen; and it stays with its project."""
        author = (AUTHORS[self.model],) if self.model in AUTHORS else ()
        return author if obj is None else ("project", *author)

    def save_model(self, request: HttpRequest, obj: Any, form: ModelForm, change: bool) -> None:
        """What is added here is by whoever adds it."""
        author = AUTHORS.get(self.model)
        if author and not change:
            setattr(obj, author, request.user)
        super().save_model(request, obj, form, change)


@admin.register(ProjectProgress)
class ProgressAdmin(_PartAdmin):
    list_display = ("project", "date", "percentage_complete", "created_by")
    list_select_related = ("project", "created_by")
    date_hierarchy = "date"


@admin.register(ProjectCost)
class CostAdmin(_PartAdmin):
    list_display = ("project", "date", "cost_type", "amount", "created_by")
    list_select_related = ("project", "created_by")
    list_filter = ("cost_type",)
    date_hierarchy = "date"


@admin.register(ProjectMilestone)
class MilestoneAdmin(_PartAdmin):
    list_display = ("name", "project", "target_date", "is_completed", "completion_date")
    list_filter = ("is_completed",)


@admin.register(ProjectDocument)
class DocumentAdmin(_PartAdmin):
    list_display = ("name", "project", "uploaded_by", "uploaded_at")
    list_select_related = ("project", "uploaded_by")


@admin.register(Notification)
class NotificationAdmin(admin.ModelAdmin):
    """People's notifications; whatever is changed here reaches open pages too."""

    list_display = ("message", "recipient", "is_read", "created_at")
    list_filter = ("is_read",)
    list_select_related = ("recipient",)
    search_fields = ("message", "recipient__username")
    autocomplete_fields = ("recipient", "project")
    date_hierarchy = "created_at"

    def get_readonly_fields(self, request: HttpRequest, obj: Notification | None = None) -> tuple[str, ...]:
        """What was sent stays as it was sent, and with whom it was sent to."""
        return () if obj is None else ("recipient", "project", "message", "created_at")


@admin.register(ProjectActivity)
class ActivityAdmin(ReadOnlyAdmin):
    """Timelines, as they were written."""

    list_display = ("at", "project", "actor", "summary")
    list_select_related = ("project",)
    search_fields = ("summary", "actor", "project__name", "project__prn")
    date_hierarchy = "at"
