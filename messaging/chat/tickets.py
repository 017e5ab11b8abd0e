"""The address at which a program gets a ticket, so that no token need stand in the address of a stream."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response

from realtime.access import tickets

from ..people_api.authentication import identity_of
from .views import ChatView


class Tickets(ChatView):
    """Tickets for streams and sockets."""

    @extend_schema(request=None, responses=OpenApiTypes.OBJECT, tags=["chat"])
    def post(self, request: Request) -> Response:
        """Return a ticket for one stream or socket (``?ticket=``), and for how many seconds it can be used."""
        identity = identity_of(request)
        if identity is None:
            raise exceptions.NotAuthenticated
        return Response({"ticket": tickets.issue(identity), "expires_in": tickets.TICKET_SECONDS})
