"""The answers with which the existing service stood in for others, key for key."""

from typing import Any

from .fields import Key


def user(user_id: str) -> dict[str, Any]:
    """What stood for a user of the authentication service."""
    return {
        "id": user_id,
        "email": f"user{user_id}@example.com",
        "first_name": "John",
        "last_name": "Doe",
        "phone": "+1234567890",
        "role": "student",
        "is_active": True,
        "created_at": "2025-01-01T00:00:00Z",
        "updated_at": "2025-01-01T00:00:00Z",
    }


def offer(offer_id: str) -> dict[str, Any]:
    """What stood for an offer of the core service."""
    return {
        "id": offer_id,
        "title": "Cardiology Internship",
        "establishment_id": "establishment-uuid",
        "service_id": "service-uuid",
        "duration_weeks": 12,
        "status": "active",
    }


def stage(stage_id: str) -> dict[str, Any]:
    """What stood for an internship of the core service."""
    return {
        "id": stage_id,
        "student_id": "student-uuid",
        "offer_id": "offer-uuid",
        "encadrant_id": "encadrant-uuid",
        "start_date": "2025-01-15",
        "end_date": "2025-04-15",
        "status": "active",
    }


_MOCKS = {("auth", "user"): user, ("core", "offer"): offer, ("core", "stage"): stage}


def mocked(key: Key) -> dict[str, Any] | None:
    """The answer that stands in for a service; ``None`` where none ever did."""
    mock = _MOCKS.get((key.service, key.kind))
    return mock(key.id) if mock else None
