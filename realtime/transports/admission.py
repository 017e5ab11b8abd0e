"""Who may open a connection at a door for other clients, by what they present and within the rate limits."""

from django.http import HttpRequest

from ..access.credentials import SESSION
from ..access.identity import Identity, of_session
from .client_address import request_address
from .presented import TICKET, of_request
from .rate_limits import limits


class Refused(Exception):
    """A request that is not let in: ``status`` is 401, or 429 with the seconds ``retry_after``."""

    def __init__(self, status: int, message: str, retry_after: int = 0) -> None:
        super().__init__(message)
        self.status, self.message, self.retry_after = status, message, retry_after


def admit(request: HttpRequest) -> Identity:
    """Who asks, by the token, the ticket or the session that the request presents. Raises Refused.

    A ticket is used up, so call it once for each request.
    """
    shown = of_request(request)
    if shown is None or not shown.key:
        raise Refused(401, "Unauthorized")
    entry = limits.enter(shown.key, request_address(request))
    if entry.wait:
        raise Refused(429, "Too many requests", entry.wait)
    try:
        identity = of_session(request.user, request.session) if shown.kind == SESSION else shown.identity()
    except BaseException:  # the database is away, which must not count against the address
        entry.refund()
        raise
    if identity is None:
        raise Refused(401, "Unauthorized")
    if shown.kind == TICKET:
        entry.refund()
    else:
        entry.belongs_to(identity.user.pk)
    return identity
