"""What whoever asks for live updates over HTTP is told when there are none for them."""

from django.http import JsonResponse


def refusal(status: int, message: str, **headers: str) -> JsonResponse:
    """An answer that is no stream, and says why."""
    return JsonResponse({"type": "error", "message": message}, status=status, headers=headers)
