"""The log and the browsers' reports in Django's administration, read-only."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from ..log.models import Event
from ..parity.models import Fallback, Feedback, LinkReport


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # takes no parameter when it runs
    """Base for rows that the system writes: they can be viewed, but not added, changed or deleted by hand."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    """The events, newest first."""

    list_display = ("id", "at", "type", "audience")
    list_filter = ("type",)
    ordering = ("-id",)
    date_hierarchy = "at"
    show_full_result_count = False


@admin.register(LinkReport)
class LinkReportAdmin(ReadOnlyAdmin):
    """The browsers' connections, as they reported them."""

    list_display = ("opened_at", "user", "transport", "shown", "worked_at", "ended_at", "reason", "refused", "dropped")
    list_filter = ("transport", "shown", "reason")
    list_select_related = ("user",)
    ordering = ("-opened_at",)
    show_full_result_count = False


@admin.register(Fallback)
class FallbackAdmin(ReadOnlyAdmin):
    """The fallbacks to a lesser transport, with their reasons."""

    list_display = ("at", "user", "left", "taken", "reason")
    list_filter = ("left", "reason")
    list_select_related = ("user",)
    ordering = ("-at",)


@admin.register(Feedback)
class FeedbackAdmin(ReadOnlyAdmin):
    """The feedback of users."""

    list_display = ("at", "user", "live", "transport", "phase", "comment")
    list_filter = ("live", "transport", "phase")
    list_select_related = ("user",)
