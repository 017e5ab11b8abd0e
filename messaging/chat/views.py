"""Base of the chat's views: refusals in the form of its contract."""

from typing import Any

from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from ..errors import MessagingError
from ..turns import TooOften

# The statuses that services name, as old clients know them. They show the text of any other.
STATUSES = {status.HTTP_422_UNPROCESSABLE_ENTITY: 400, status.HTTP_409_CONFLICT: 400, 413: 400}
WORDS = {
    "receiver_not_found": "Receiver not found",
    "not_reachable": "Receiver not found",
    "empty": "message or attachment is required",
}
RETRY_SECONDS = 5


def words_of(error: MessagingError) -> str:
    """What a refusal says in the chat's contract."""
    return WORDS.get(error.code, error.text)


def status_of(error: MessagingError) -> int:
    """The status of a refusal in the chat's contract."""
    return 404 if error.code in WORDS and error.code != "empty" else STATUSES.get(error.status, error.status)


class ChatView(APIView):
    """A view of the chat. ``base``: scheme and host of this site, for absolute addresses."""

    @property
    def base(self) -> str:
        return base_of(self.request)

    def handle_exception(self, exc: Exception) -> Response:
        """Answer what services refuse with ``{"error": …}``; the framework's refusals keep its own form."""
        if not isinstance(exc, MessagingError):
            return super().handle_exception(exc)
        response = Response({"error": words_of(exc)}, status=status_of(exc))
        if isinstance(exc, TooOften) or response.status_code == status.HTTP_503_SERVICE_UNAVAILABLE:
            response["Retry-After"] = str(exc.seconds if isinstance(exc, TooOften) else RETRY_SECONDS)
        response.exception = True
        return response


def base_of(request: Any) -> str:
    """Scheme and host of this site as the client reached it."""
    plain = request._request if isinstance(request, Request) else request
    return f"{plain.scheme}://{plain.get_host()}"
