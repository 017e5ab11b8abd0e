"""The log of events in the administration: to read, never to change."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from .models import Event


class ReadOnlyAdmin(admin.ModelAdmin):
    """Rows that the system writes: shown, but not added, changed or deleted by hand."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    """What happened, newest first."""

    list_display = ("id", "at", "type", "audience")
    list_filter = ("type",)
    ordering = ("-id",)
    date_hierarchy = "at"
    show_full_result_count = False
