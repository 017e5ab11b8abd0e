"""``POST /api/v1/ws-ticket``: a ticket for the WebSocket, so that no token need stand in its address."""

from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from realtime.access import tickets

from ..people_api.authentication import identity_of
from .answers import ERRORS, TICKET
from .view import ConversationsApi


class SocketTicket(ConversationsApi):
    """Tickets for ``/ws?ticket=``. Each is valid for half a minute, and once."""

    @extend_schema(operation_id="ws_ticket_create", request=None, responses={201: TICKET, **ERRORS})
    def post(self, request: Request) -> Response:
        """Get a ticket."""
        identity = identity_of(request)
        if identity is None:
            raise NotAuthenticated
        return Response({"ticket": tickets.issue(identity), "expires_in": tickets.TICKET_SECONDS}, status=201)
