"""Optimistic locking in the admin, as on the pages of the office (projeng/forms/versions.py)."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.actions import delete_selected
from django.contrib.admin.utils import flatten_fieldsets, unquote
from django.db import transaction
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from .formats import shortened
from .forms.versions import Change, VersionedForm, changes_since, mark
from .recorded import RecordedModel

SHOWN = 300  # characters of a long text in a message
HIDDEN = ("version", "opened")


class VersionedAdminForm(VersionedForm, ModelForm):
    """A form of the admin. A conflict is an error with both values; saving again means: mine."""

    def _names_to_ask(self) -> list[str]:
        return []

    def _explanation(self, change: Change) -> str:
        stored, yours = (shortened(value, SHOWN) for value in (change.stored, change.yours))
        both = f"Theirs is “{stored}”, yours is “{yours}”. Saving again keeps yours."
        return f"{super()._explanation(change)} {both}"


class VersionedAdmin(admin.ModelAdmin):
    """Mixin of model admins. The row is locked before a form is bound to it."""

    form = VersionedAdminForm
    delete_confirmation_template = "admin/delete_versioned.html"
    delete_selected_confirmation_template = "admin/delete_selected_versioned.html"
    actions = ("delete_selected",)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Lock the row of a POST request until the transaction of the view ends."""
        row = super().get_object(request, object_id, from_field)
        if row is None or request.method != "POST":
            return row
        if isinstance(row, RecordedModel):
            return row.lock()
        return self.model._base_manager.select_for_update().filter(pk=row.pk).first()

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Add the hidden fields, which only the form of a stored row has."""
        fieldsets = [
            (title, {**options, "fields": [name for name in options["fields"] if name not in HIDDEN]})
            for title, options in super().get_fieldsets(request, obj)
        ]
        if obj is not None and self.has_change_permission(request, obj):
            fieldsets.append((None, {"fields": HIDDEN, "classes": ("hidden",)}))
        return fieldsets

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **options: Any) -> type[ModelForm]:
        """Leave the hidden fields out of the names of model fields, of which they are none."""
        if "fields" not in options:
            options["fields"] = flatten_fieldsets(self.get_fieldsets(request, obj))
        if options["fields"] is not None:
            options["fields"] = [name for name in options["fields"] if name not in HIDDEN]
        return super().get_form(request, obj, change=change, **options)

    def changeform_view(self, request: HttpRequest, *args: Any, **options: Any) -> HttpResponse:
        """Answer a conflict with 409."""
        response = super().changeform_view(request, *args, **options)
        shown = (getattr(response, "context_data", None) or {}).get("adminform")
        if shown is not None and getattr(shown.form, "conflicts", None):
            response.status_code = 409
        return response

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Ask again if the row was changed after the question was displayed."""
        with transaction.atomic():
            row = self.get_object(request, unquote(object_id))
            if row is not None and request.method == "POST" and self.has_delete_permission(request, row):
                changes = changes_since(row, request.POST.get("seen"))
                if changes:
                    messages.warning(
                        request, f"Changed since you were asked: {'; '.join(changes)}. Delete it all the same?"
                    )
                    return HttpResponseRedirect(request.get_full_path())
            seen = {} if row is None else {"seen": mark(row)}
            return super().delete_view(request, object_id, (extra_context or {}) | seen)

    @admin.action(permissions=["delete"], description="Delete selected %(verbose_name_plural)s")
    def delete_selected(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        """Django's action, which asks again if one of the rows was changed after the question."""
        with transaction.atomic():
            rows = list(self._locked(queryset) if request.POST.get("post") else queryset)
            seen = dict(one.partition(":")[::2] for one in request.POST.getlist("seen"))
            changed = [row for row in rows if changes_since(row, seen.get(str(row.pk)))]
            if changed:
                names = "; ".join(f"{row}: {', '.join(changes_since(row, seen[str(row.pk)]))}" for row in changed)
                messages.warning(request, f"Changed since you were asked: {names}. Delete them all the same?")
                request.POST = request.POST.copy()
                del request.POST["post"]
            response = delete_selected(self, request, queryset)
        if response is not None:
            response.context_data["seen"] = [f"{row.pk}:{mark(row)}" for row in rows]
        return response

    def _locked(self, rows: QuerySet) -> QuerySet:
        if issubclass(self.model, RecordedModel):
            return self.model._base_manager.filter(pk__in=self.model.lock_all(rows)).order_by("pk")
        return self.model._base_manager.select_for_update().filter(pk__in=rows.values("pk")).order_by("pk")
