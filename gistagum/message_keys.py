"""MESSAGE_KEYS: the keys under which the texts of messages are stored are checked at the start."""

import base64
import binascii

from django.core.exceptions import ImproperlyConfigured


def message_key(text: str) -> str:
    """A Fernet key: 32 bytes in URL-safe base64. Raises ImproperlyConfigured for anything else, without showing it."""
    try:
        key = base64.urlsafe_b64decode(text.encode())
    except (binascii.Error, UnicodeEncodeError, ValueError):
        key = b""
    if len(key) != 32:
        raise ImproperlyConfigured(
            "MESSAGE_KEYS holds something that is not a Fernet key; it holds keys of 32 bytes in URL-safe base64, "
            "separated by commas."
        )
    return text
