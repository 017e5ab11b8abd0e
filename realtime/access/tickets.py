"""Stream tickets: they let one stream be opened without a session's or a token's key in its address.

Addresses stand in logs and histories. A ticket is of no use there: it is valid for half a minute and once. A stream
that was opened with one ends with the credential for which the ticket was issued. Tickets are rows, so every process
knows them.
"""

import secrets
from datetime import timedelta

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from .credentials import Credential, digest_of, is_living
from .identity import Identity
from .models import StreamTicket

TICKET_SECONDS = 30
MOST = 20  # unused tickets of one person; a further one replaces the oldest


def issue(identity: Identity) -> str:
    """A new ticket for whoever asks with this identity."""
    ticket = secrets.token_urlsafe(32)
    now = timezone.now()
    credential = identity.credential
    with transaction.atomic():
        StreamTicket.objects.filter(expires_at__lte=now).delete()
        theirs = StreamTicket.objects.filter(user_id=identity.user.pk).order_by("-expires_at")
        oldest = list(theirs.values_list("pk", flat=True)[MOST - 1 :])
        if oldest:
            StreamTicket.objects.filter(pk__in=oldest).delete()
        StreamTicket.objects.create(
            digest=digest_of(ticket),
            user_id=identity.user.pk,
            kind=credential.kind,
            key=credential.key,
            auth_hash=credential.auth_hash,
            expires_at=now + timedelta(seconds=TICKET_SECONDS),
        )
    return ticket


def redeem(ticket: str) -> Identity | None:
    """The identity that a ticket stands for; ``None`` when it was used, is over or was invented.

    It is used up by this call, also where its credential has ended or its user is not active any more.
    """
    digest = digest_of(ticket)
    row = StreamTicket.objects.filter(pk=digest, expires_at__gt=timezone.now()).first()
    if row is None:
        return None
    used, _ = StreamTicket.objects.filter(pk=digest).delete()  # of two at the same moment, one deletes it
    user = get_user_model().objects.filter(pk=row.user_id, is_active=True).first()
    credential = Credential(row.kind, row.key, row.auth_hash)
    if not used or user is None or not is_living(credential):
        return None
    if credential.auth_hash and credential.auth_hash != user.get_session_auth_hash():
        return None
    return Identity(user, credential)
