"""Deletes events that are older than the log keeps, and the browsers' reports about them."""

from argparse import ArgumentParser
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.db import transaction
from django.db.models import Max, Min
from django.db.models.functions import Now
from django.utils import timezone

from realtime.log.events import iso
from realtime.log.models import Event, LogMark
from realtime.management.scripted import ScriptedCommand, whole_number
from realtime.parity.models import Fallback, LinkReport, Receipt

BATCH = 5_000
LONGEST_SILENCE = timedelta(days=30)  # a longer one in the log looks like a clock that was set forward
CLOCKS_APART = timedelta(minutes=10)  # between this machine and the database's
AHEAD = timedelta(days=1)  # what the log says of a later time than that was written by a clock that was ahead


class Command(ScriptedCommand):
    help = (
        "Delete the events of the log that are older than EVENT_RETENTION_DAYS, and what browsers reported before. "
        "Whoever comes back with an older cursor is told to load the page's state again. Run it daily; it may run "
        "while the site is in use."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--days",
            type=whole_number(1, 3650),
            default=settings.EVENT_RETENTION_DAYS,
            help="Keep the events of this many days (default: EVENT_RETENTION_DAYS, now %(default)s).",
        )
        parser.add_argument(
            "--trust-clock",
            action="store_true",
            help="Delete although it looks as if the clock had been set forward by mistake.",
        )
        parser.add_argument("--dry-run", action="store_true", help="Only say how many events would be deleted.")

    def handle(self, *args: Any, **options: Any) -> None:
        days, dry_run = options["days"], options["dry_run"]
        limit = timezone.now() - timedelta(days=days)
        last = last_prunable(limit)
        if not options["trust_clock"] and (doubt := doubt_of_clock(last)):
            raise CommandError(f"{doubt} Nothing is deleted. If the clock is right: --trust-clock.")
        deleted = Event.objects.filter(id__lte=last).count() if dry_run else prune(last)
        kept = Event.objects.filter(id__gt=last).count()
        mark = LogMark.objects.values_list("pruned_to", flat=True).first() or 0
        reports = LinkReport.objects.filter(reported_at__lt=limit).count() if dry_run else prune_reports(limit)
        verb = "would be deleted" if dry_run else "deleted"
        words = f"{deleted} {'event' if deleted == 1 else 'events'} older than {days} days {verb}, {kept} kept."
        if reports:
            words += f" Reports of {reports} {'connection' if reports == 1 else 'connections'} {verb}."
        outcome = {"dry_run": dry_run, "days": days, "deleted": deleted, "kept": kept, "pruned_to": mark}
        self.report(options, words, {**outcome, "reports": reports})


def last_prunable(limit: datetime) -> int:
    """The highest id up to which all events are from before ``limit``; 0 where there is none.

    Only the beginning of the log may be deleted: no cursor could tell of a gap in the middle.
    """
    young = Event.objects.filter(at__gte=limit, at__lte=timezone.now() + AHEAD)
    first_kept = young.aggregate(id=Min("id"))["id"]
    older = Event.objects.filter(at__lt=limit)
    if first_kept is not None:
        older = older.filter(id__lt=first_kept)
    return older.aggregate(id=Max("id"))["id"] or 0


def doubt_of_clock(last: int) -> str:
    """Why the clock that makes the events up to the id ``last`` old may be wrong; empty without any doubt.

    A clock that is set forward makes every event old at once. The log shows it by a silence that is longer than any
    office's: after the last event that would be deleted, until the next one or until now.
    """
    newest = Event.objects.filter(id=last).annotate(now=Now()).first()
    if newest is None:
        return ""
    now = timezone.now()
    if abs(now - newest.now) > CLOCKS_APART:
        return f"It is {iso(now)} here and {iso(newest.now)} in the database."
    following = Event.objects.filter(id__gt=last, at__lte=now + AHEAD).order_by("id")
    until = following.values_list("at", flat=True).first() or now
    if until - newest.at > LONGEST_SILENCE:
        return f"The log says nothing from {iso(newest.at)} to {iso(until)}."
    return ""


def prune(last: int, batch: int = BATCH) -> int:
    """Delete the events up to the id ``last``. Return their number.

    Each batch is its own transaction, so that no writer waits long. The same transaction raises the mark, so that a
    cursor before a missing event is known to be too old at every moment.
    """
    LogMark.objects.get_or_create(pk=1)
    deleted = 0
    while True:
        with transaction.atomic():
            # Locked first: of two that prune at once, the second finds the first one's batch gone.
            mark = LogMark.objects.select_for_update().get(pk=1)
            ids = list(Event.objects.filter(id__lte=last).order_by("id").values_list("id", flat=True)[:batch])
            if not ids:
                return deleted
            deleted += Event.objects.filter(id__lte=ids[-1]).delete()[0]
            mark.pruned_to = max(mark.pruned_to, ids[-1])
            mark.save(update_fields=["pruned_to"])


def prune_reports(limit: datetime, batch: int = 500) -> int:
    """Delete what browsers reported last before ``limit``, in small batches; returns of how many connections."""
    Fallback.objects.filter(at__lt=limit).delete()
    mark = LogMark.objects.values_list("pruned_to", flat=True).first() or 0
    # A link may live on for months; its receipts for events that are gone say nothing any more.
    living = list(LinkReport.objects.filter(opened_at__lt=limit, reported_at__gte=limit).values_list("pk", flat=True))
    for first in range(0, len(living), batch):
        Receipt.objects.filter(link__in=living[first : first + batch], event_id__lte=mark).delete()
    deleted = 0
    while ids := list(LinkReport.objects.filter(reported_at__lt=limit).values_list("pk", flat=True)[:batch]):
        LinkReport.objects.filter(pk__in=ids).delete()  # and its receipts
        deleted += len(ids)
    return deleted
