"""The admin of the office's data. Records that the system writes, such as the timeline, are read-only."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.forms import UserChangeForm
from django.contrib.auth.models import Group, User
from django.db import models
from django.db.models import Count, QuerySet
from django.forms import BaseModelFormSet, ModelForm
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from realtime.integration.admin import ReadOnlyAdmin

from . import consistency
from .admin_parts import FOR_STORED, PartAdminForm
from .admin_versions import VersionedAdmin, VersionedAdminForm
from .forms.fields import FileInput, PictureField
from .forms.plausible import PlausibleAdminForm
from .forms.sign_in import AdminSignInForm
from .keys import plain
from .models import (
    Correction,
    Notification,
    Project,
    ProjectActivity,
    ProjectCost,
    ProjectDocument,
    ProjectMilestone,
    ProjectProgress,
)

admin.site.login_form = AdminSignInForm

# Files have no public URL, so the widgets show no link.
FILE_WIDGETS = {
    models.FileField: {"widget": FileInput},
    models.ImageField: {"widget": FileInput, "form_class": PictureField},
}


class _KeySearch(admin.ModelAdmin):
    """A search that also finds keys which are typed or pasted in another spelling (projeng/keys.py)."""

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple[QuerySet, bool]:
        """Like Django's method, for the term as it is and for its plain spelling."""
        found, repeats = super().get_search_results(request, queryset, search_term)
        if (spelled := plain(search_term)) != search_term:
            more, more_repeats = super().get_search_results(request, queryset, spelled)
            found, repeats = found | more, repeats or more_repeats
        return found, repeats


class _PartInline(admin.TabularInline):
    """An inline that only adds parts (reports, costs, ...) to a project.

    Existing parts have change lists of their own (``ProjectAdmin.parts``): a project may have hundreds of costs, more
    than one form can hold.
    """

    extra = 0
    form = PlausibleAdminForm
    formfield_overrides = FILE_WIDGETS

    def get_exclude(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Exclude the author, which is set to the current user."""
        return [self.model.author_field]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ProgressInline(_PartInline):
    model = ProjectProgress


class CostInline(_PartInline):
    model = ProjectCost


class MilestoneInline(_PartInline):
    model = ProjectMilestone


class DocumentInline(_PartInline):
    model = ProjectDocument


@admin.register(Project)
class ProjectAdmin(_KeySearch, VersionedAdmin):
    """Projects. The progress is read-only: it comes from the newest report."""

    list_display = ("name", "prn", "barangay", "status", "progress", "project_cost", "updated_at")
    list_filter = ("status", "barangay", "source_of_funds")
    search_fields = ("name", "prn", "barangay")
    date_hierarchy = "created_at"
    filter_horizontal = ("assigned_engineers",)
    readonly_fields = ("progress", "created_by", "created_at", "updated_at")
    inlines = (ProgressInline, CostInline, MilestoneInline, DocumentInline)
    formfield_overrides = FILE_WIDGETS

    def get_readonly_fields(self, request: HttpRequest, obj: Project | None = None) -> tuple[str, ...]:
        """Add the links to the parts, which only an existing project has."""
        return self.readonly_fields if obj is None else (*self.readonly_fields, "parts")

    @admin.display(description="Recorded")
    def parts(self, obj: Project) -> SafeString:
        """Return links to the change lists of the project's parts, with the number of each."""
        links = []
        for model in (part.model for part in self.inlines):
            counted = model.objects.filter(project=obj).aggregate(all=Count("pk"), void=Count("voided_at"))
            links.append(
                (
                    reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"),
                    obj.pk,
                    model._meta.verbose_name_plural.capitalize(),
                    counted["all"] - counted["void"],
                    f", and {counted['void']} void" if counted["void"] else "",
                )
            )
        return format_html_join(" · ", '<a href="{}?project__id__exact={}">{}: {}{}</a>', links)

    def save_model(self, request: HttpRequest, obj: Project, form: ModelForm, change: bool) -> None:
        """Set the creator of a new project to the current user."""
        if not change:
            obj.created_by = request.user
        super().save_model(request, obj, form, change)

    def save_formset(self, request: HttpRequest, form: ModelForm, formset: BaseModelFormSet, change: bool) -> None:
        """Set the author of new parts to the current user."""
        for row in formset.extra_forms:
            setattr(row.instance, formset.model.author_field, request.user)
        super().save_formset(request, form, formset, change)

    def save_related(self, request: HttpRequest, form: ModelForm, formsets: list[Any], change: bool) -> None:
        """Warn of a status that contradicts the progress, once the reports are saved."""
        super().save_related(request, form, formsets, change)
        warn_of_contradiction(request, form.instance)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[list, dict, set, list]:
        """Allow deleting a project with its timeline and history, whose lines cannot be deleted individually."""
        listed, counts, not_permitted, protected = super().get_deleted_objects(objs, request)
        kept = {ProjectActivity._meta.verbose_name, Correction._meta.verbose_name}
        return listed, counts, not_permitted - kept, protected


class _PartAdmin(_KeySearch, VersionedAdmin):
    """The change list of one kind of project part."""

    form = PartAdminForm
    list_select_related = ("project",)
    autocomplete_fields = ("project",)
    search_fields = ("project__name", "project__prn")
    formfield_overrides = FILE_WIDGETS

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Make the author read-only, and the project of an existing part."""
        author = self.model.author_field
        return (author,) if obj is None else ("project", author)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Leave out what a new part cannot be."""
        return [name for name in super().get_fields(request, obj) if obj is not None or name not in FOR_STORED]

    def get_list_display(self, request: HttpRequest) -> list[str]:
        """Say which parts count."""
        return [*super().get_list_display(request), "counts"]

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        """Offer those that count, or those that are void."""
        return [*super().get_list_filter(request), ("voided_at", admin.EmptyFieldListFilter)]

    @admin.display(boolean=True)
    def counts(self, obj: Any) -> bool:
        """Return whether a part is not void."""
        return not obj.is_void

    def save_model(self, request: HttpRequest, obj: Any, form: ModelForm, change: bool) -> None:
        """Set the author of a new part to the current user."""
        if not change:
            setattr(obj, self.model.author_field, request.user)
        super().save_model(request, obj, form, change)


def warn_of_contradiction(request: HttpRequest, project: Project) -> None:
    """List a status that contradicts the progress. The admin takes it, unlike the forms, which ask back."""
    project.refresh_from_db(fields=["progress"])
    if found := consistency.contradiction(project.status, project.progress):
        suggested = consistency.suggestion(project.status, project.progress)
        messages.warning(request, f"{project.display_name} is {found[0].lower()}{found[1:]}. {suggested}")


@admin.register(ProjectProgress)
class ProgressAdmin(_PartAdmin):
    list_display = ("project", "date", "percentage_complete", "created_by")
    list_select_related = ("project", "created_by")
    date_hierarchy = "date"

    def save_model(self, request: HttpRequest, obj: ProjectProgress, form: ModelForm, change: bool) -> None:
        """Say what the report does not change."""
        super().save_model(request, obj, form, change)
        if newer := obj.newer:
            messages.info(request, f"The project's progress stays at that of the newer report: {newer}.")
        warn_of_contradiction(request, obj.project)


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
class NotificationAdmin(VersionedAdmin):
    """Notifications. Changes made here reach open pages as well."""

    list_display = ("message", "recipient", "is_read", "created_at")
    list_filter = ("is_read",)
    list_select_related = ("recipient",)
    search_fields = ("message", "recipient__username")
    autocomplete_fields = ("recipient", "project")
    date_hierarchy = "created_at"

    def get_readonly_fields(self, request: HttpRequest, obj: Notification | None = None) -> tuple[str, ...]:
        """Make everything but the read flag of a sent notification read-only."""
        return () if obj is None else ("recipient", "project", "message", "created_at")


@admin.register(Correction)
class CorrectionAdmin(ReadOnlyAdmin):
    """The history of what was reported, read-only."""

    list_display = ("at", "project", "subject", "action", "actor", "reason")
    list_filter = ("action", "kind")
    list_select_related = ("project",)
    search_fields = ("subject", "reason", "actor", "project__name", "project__prn")
    date_hierarchy = "at"


@admin.register(ProjectActivity)
class ActivityAdmin(_KeySearch, ReadOnlyAdmin):
    """The lines of the projects' timelines, read-only."""

    list_display = ("at", "project", "actor", "summary")
    list_select_related = ("project",)
    search_fields = ("summary", "actor", "project__name", "project__prn")
    date_hierarchy = "at"


# --- accounts: Django's admins, which know no versions and compare values ---------------------------------------


class AccountForm(VersionedAdminForm, UserChangeForm):
    """An account."""


class AccountAdmin(VersionedAdmin, UserAdmin):
    """The accounts of the office's people."""

    form = AccountForm


class VersionedGroupAdmin(VersionedAdmin, GroupAdmin):
    """The groups, which are the roles of the office."""


for model, model_admin in ((User, AccountAdmin), (Group, VersionedGroupAdmin)):
    admin.site.unregister(model)
    admin.site.register(model, model_admin)
