"""What every page knows: the person's role, their unread count, and the cursor of the state that it shows."""

from typing import Any

from django.http import HttpRequest


def office(request: HttpRequest) -> dict[str, Any]:
    """Template context for all pages of a signed-in person; empty for others."""
    return {}
