"""The log of events and what browsers say of it in the administration: to read, never to change."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from ..log.models import Event
from ..parity.models import Fallback, Feedback, LinkReport


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # takes no parameter when it runs
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


@admin.register(LinkReport)
class LinkReportAdmin(ReadOnlyAdmin):
    """Browsers' connections, as they told of them."""

    list_display = ("opened_at", "user", "transport", "shown", "worked_at", "ended_at", "reason", "refused", "dropped")
    list_filter = ("transport", "shown", "reason")
    list_select_related = ("user",)
    ordering = ("-opened_at",)
    show_full_result_count = False


@admin.register(Fallback)
class FallbackAdmin(ReadOnlyAdmin):
    """When browsers went to a lesser transport, and why."""

    list_display = ("at", "user", "left", "taken", "reason")
    list_filter = ("left", "reason")
    list_select_related = ("user",)
    ordering = ("-at",)


@admin.register(Feedback)
class FeedbackAdmin(ReadOnlyAdmin):
    """What people say."""

    list_display = ("at", "user", "live", "transport", "phase", "comment")
    list_filter = ("live", "transport", "phase")
    list_select_related = ("user",)
