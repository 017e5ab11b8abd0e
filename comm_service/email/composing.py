"""An e-mail made of a row. The API takes any JSON for addresses and headers, so they are checked before sending."""

import re
from email.errors import MessageError
from email.headerregistry import Address
from email.utils import formatdate, parseaddr
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.core.validators import validate_email

from ..models import EmailQueue

MAX_RECIPIENTS = 100
MAX_HEADERS = 50
MAX_ADDRESS_LENGTH = 320  # characters, with the name; a parser of comments within each other has a limit
MAX_HEADER_LENGTH = 998  # a line of RFC 5322
MAX_BODY_LENGTH = 5_000_000
NAME = re.compile(r"[!-9;-~]{1,76}")  # of a header: printable ASCII without the colon
CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")
# What the site sets itself: who sends, who receives, how the content is encoded.
OWN = frozenset(
    {"bcc", "cc", "content-transfer-encoding", "date", "from", "message-id", "mime-version", "resent-bcc", "resent-cc"}
    | {"resent-from", "resent-sender", "resent-to", "received", "return-path", "sender", "subject", "to"}
)
ADDRESSES = frozenset({"reply-to", "disposition-notification-to", "errors-to"})
CONTENT_TYPE = re.compile(r"text/(plain|html)(?:\s*;\s*charset\s*=\s*\"?utf-8\"?)?", re.IGNORECASE)


class RefusedError(Exception):
    """The row cannot be sent as it is, however often it is tried. The text says why."""


def compose(email: EmailQueue) -> EmailMessage:
    """The message of a row. Raise RefusedError for addresses, headers or text that must not be sent.

    The Message-ID is made of the row's id, so that a message that was sent twice by decision is one for most receivers.
    """
    headers, subtype = _headers(email.headers)
    message = EmailMessage(
        subject=_line("subject", email.subject or ""),
        body=_body(email.body or ""),
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=_recipients(email.to_addresses),
        headers={**headers, "Message-ID": f"<{email.pk}@{_domain()}>", "Date": formatdate(localtime=True)},
    )
    message.content_subtype = subtype
    return message


def _recipients(given: Any) -> list[str]:
    if not isinstance(given, list):
        raise RefusedError("to_addresses must be a list of addresses.")
    if not given:
        raise RefusedError("to_addresses is empty.")
    if len(given) > MAX_RECIPIENTS:
        raise RefusedError(f"to_addresses holds more than {MAX_RECIPIENTS} addresses.")
    return list(dict.fromkeys(_address("to_addresses", one) for one in given))


def _address(where: str, given: Any) -> str:
    """A checked address, ``ana@example.com`` or ``Ana Reyes <ana@example.com>``."""
    if not isinstance(given, str):
        raise RefusedError(f"{where} holds something that is not text.")
    text = _line(where, given).strip()
    if len(text) > MAX_ADDRESS_LENGTH:
        raise RefusedError(f"{where} holds an address of more than {MAX_ADDRESS_LENGTH} characters.")
    try:
        name, address = parseaddr(text)
        validate_email(address)
        # parseaddr takes the first of several addresses and leaves the rest out.
        if "," in text.replace(name, "") or text.count("@") > name.count("@") + 1:
            raise ValidationError("several")
        return str(Address(display_name=name, addr_spec=address)) if name else address
    except (ValidationError, MessageError, ValueError, IndexError, RecursionError):
        raise RefusedError(f"{where} holds {text[:80]!r}, which is no address.") from None


def _headers(given: Any) -> tuple[dict[str, str], str]:
    """The checked headers without Content-Type, and the subtype of the body: ``plain`` or ``html``."""
    if not isinstance(given, dict):
        raise RefusedError("headers must be an object of names and texts.")
    if len(given) > MAX_HEADERS:
        raise RefusedError(f"headers holds more than {MAX_HEADERS} names.")
    checked, subtype = {}, "plain"
    for name, value in given.items():
        if not NAME.fullmatch(name):
            raise RefusedError(f"headers holds {name[:80]!r}, which is no name of a header.")
        if not isinstance(value, str):
            raise RefusedError(f"The header {name} is not text.")
        _line(f"The header {name}", value)
        if name.lower() == "content-type":
            if not (match := CONTENT_TYPE.fullmatch(value.strip())):
                raise RefusedError("The header Content-Type may be text/plain or text/html, in UTF-8.")
            subtype = match[1].lower()
        elif name.lower() in OWN:
            raise RefusedError(f"The header {name} is set by the site.")
        else:
            checked[name] = _address(f"The header {name}", value) if name.lower() in ADDRESSES else value
    return checked, subtype


def _line(where: str, text: str) -> str:
    """Text for one line of a header. A line break would begin another header, or the body."""
    if CONTROL.search(text):
        raise RefusedError(f"{where} holds a line break or another control character.")
    if len(text) > MAX_HEADER_LENGTH:
        raise RefusedError(f"{where} is longer than {MAX_HEADER_LENGTH} characters.")
    return _encodable(where, text)


def _body(text: str) -> str:
    if len(text) > MAX_BODY_LENGTH:
        raise RefusedError(f"body is longer than {MAX_BODY_LENGTH} characters.")
    return _encodable("body", text)


def _encodable(where: str, text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:  # half a surrogate pair, which JSON can hold
        raise RefusedError(f"{where} holds a character that cannot be encoded.") from None
    return text


def _domain() -> str:
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
