"""Registering for an event, within its capacity and before its deadline."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from ..errors import Conflict
from .models import Event, Registration

Status = Registration.Status


@transaction.atomic
def register(*, event_id: int, person: Any, actor: Any) -> Registration:
    """Give ``person`` a place at the event. Whoever gave theirs up gets a new one.

    Raises:
        Conflict: they have one already (``registered``), no place is free (``full``), or it is too late (``closed``).
    """
    event = _locked(event_id)
    found = Registration.objects.filter(event=event, user=person).first()
    if found and found.is_active and found.status != Status.CANCELLED:
        raise Conflict("You are registered already.", code="registered")
    _check_place(event)
    registration = found or Registration(event=event, user=person, created_by=actor)
    registration.status, registration.is_active = Status.REGISTERED, True
    registration.registration_date, registration.updated_by = timezone.now(), actor
    registration.save()
    return registration


@transaction.atomic
def set_status(registration: Registration, status: str, actor: Any) -> None:
    """Change the status of a registration. Coming back needs a free place.

    Raises:
        Conflict: as ``register``.
    """
    event = _locked(registration.event_id)
    registration.refresh_from_db()
    if registration.status == Status.CANCELLED and status != Status.CANCELLED:
        _check_place(event)
    registration.status, registration.updated_by = status, actor
    registration.save(update_fields=["status", "updated_by", "updated_at"])


def _locked(event_id: int) -> Event:
    """The event, locked until the commit: of two who want the last place, one is second."""
    return Event.objects.select_for_update(no_key=True).get(pk=event_id)


def _check_place(event: Event) -> None:
    if not event.is_active or (event.registration_deadline and event.registration_deadline < timezone.now()):
        raise Conflict("Registration is closed.", code="closed")
    taken = event.registrations.filter(is_active=True).exclude(status=Status.CANCELLED)
    if event.max_participants is not None and taken.count() >= event.max_participants:
        raise Conflict("No place is free.", code="full")
