"""Signed addresses: whoever has one may fetch one attachment on behalf of one person, for 15 minutes."""

from datetime import timedelta

from django.core.signing import BadSignature, TimestampSigner

LIFETIME = timedelta(minutes=15)
SALT = "messaging.attachments"


def signature(attachment_id: int, person_id: object) -> str:
    """Return a signature for the attachment and the person. It holds the person's id and the time."""
    return _signer(attachment_id).sign(str(person_id))


def signed_for(attachment_id: int, given: str) -> str | None:
    """Return the id of the person, as text, whom the signature names; None for an invalid or expired one."""
    try:
        return _signer(attachment_id).unsign(given, max_age=LIFETIME)
    except BadSignature:
        return None


def _signer(attachment_id: int) -> TimestampSigner:
    # The attachment is part of the salt: a signature of one is invalid for every other.
    return TimestampSigner(salt=f"{SALT}:{attachment_id}")
