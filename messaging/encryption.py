"""Texts are encrypted in the database: a field that encrypts when it is written and decrypts when it is read.

Encrypted are the texts of messages, their earlier versions, titles of conversations, names of files, kept answers
(messaging/idempotency), and the texts and names in the events of the log (messaging/events.py). Not encrypted are who
wrote to whom and when, reactions, ``metadata``, and the files themselves (their storage does that). A copy of the
database alone shows no text; whoever has the keys, which are in the environment of the servers, reads all of it.

``MESSAGE_KEYS`` lists Fernet keys. The first one encrypts, all decrypt. A key that is derived from ``SECRET_KEY``
always stands at the end: it is the only one on a site that has set none, and what it encrypted stays readable
afterwards. ``manage.py rotate_message_keys`` encrypts everything anew with the first.
"""

import base64
import logging
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.exceptions import FieldError
from django.db import models

logger = logging.getLogger(__name__)

UNREADABLE = "[This text cannot be decrypted.]"


def encrypt(text: str) -> str:
    """``text`` as ciphertext, under the first key. An empty text stays empty."""
    return _cipher().encrypt(text.encode()).decode() if text else ""


def decrypt(token: str) -> str:
    """The text of a ciphertext. ``UNREADABLE`` where no key fits, so that one such text does not hide the others."""
    if not token:
        return ""
    try:
        return _cipher().decrypt(token.encode()).decode()
    except InvalidToken:
        logger.error("A text cannot be decrypted: its key is not in MESSAGE_KEYS.")
        return UNREADABLE


def rotate(token: str) -> str:
    """The same text under the first key. Raises InvalidToken where no key fits."""
    return _cipher().rotate(token.encode()).decode() if token else ""


def _cipher() -> MultiFernet:
    return _cipher_of(tuple(settings.MESSAGE_KEYS), settings.SECRET_KEY)


@lru_cache(maxsize=4)
def _cipher_of(keys: tuple[str, ...], secret: str) -> MultiFernet:
    derived = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"messaging.texts").derive(secret.encode())
    return MultiFernet([Fernet(key) for key in (*keys, base64.urlsafe_b64encode(derived).decode())])


if TYPE_CHECKING:
    _TextField = models.TextField[str, str]
else:
    _TextField = models.TextField  # which has no parameters when the code runs


class EncryptedTextField(_TextField):
    """A text that is encrypted in the database. It cannot be searched, compared or sorted there."""

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        return value if value is None else encrypt(value)

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> str | None:
        """The text of what the database holds."""
        return value if value is None else decrypt(value)

    def get_lookup(self, lookup_name: str) -> Any:
        """Refuse lookups: equal texts have different ciphertexts, so a comparison would find nothing."""
        if lookup_name != "isnull":
            raise FieldError(f"{self.name} is encrypted, so it cannot be looked up by {lookup_name!r}.")
        return super().get_lookup(lookup_name)
