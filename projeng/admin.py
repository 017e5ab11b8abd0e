"""The administration of the office's data. What is recorded by the system itself can be read there, not changed."""

from typing import Any

from django.contrib import admin
from django.db import models
from django.forms import BaseModelFormSet, ModelForm
from django.http import HttpRequest

from realtime.admin import ReadOnlyAdmin

from .forms.fields import FileInput
from .models import (
    Notification,
    Project,
    ProjectActivity,
    ProjectCost,
    ProjectDocument,
    ProjectMilestone,
    ProjectProgress,
)

# Files have no public address, so no link to one is shown.
FILE_WIDGETS = {models.FileField: {"widget": FileInput}, models.ImageField: {"widget": FileInput}}
AUTHORS = {ProjectCost: "created_by", ProjectProgress: "created_by", ProjectDocument: "uploaded_by"}


class _Part(admin.TabularInline):
    """What belongs to a project, on the project's page."""

    extra = 0
    formfield_overrides = FILE_WIDGETS
    show_change_link = True


class ProgressInline(_Part):
    model = ProjectProgress
    readonly_fields = ("created_by",)


class CostInline(_Part):
    model = ProjectCost
    readonly_fields = ("created_by",)


class MilestoneInline(_Part):
    model = ProjectMilestone


class DocumentInline(_Part):
    model = ProjectDocument
    readonly_fields = ("uploaded_by",)


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
        """Who did it is recorded, not chosen."""
        author = AUTHORS.get(self.model)
        return (author,) if author else ()

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


@admin.register(ProjectActivity)
class ActivityAdmin(ReadOnlyAdmin):
    """Timelines, as they were written."""

    list_display = ("at", "project", "actor", "summary")
    list_select_related = ("project",)
    search_fields = ("summary", "actor", "project__name", "project__prn")
    date_hierarchy = "at"
