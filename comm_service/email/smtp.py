"""Django's SMTP back end, which also tells how far a message has come when the connection ends."""

import smtplib
from collections.abc import Sequence
from typing import Any

from django.core.mail.backends.smtp import EmailBackend as DjangoBackend


class _Remembering:
    """What a client of smtplib remembers of the message that it sent last."""

    content_begun = False  # the server may have the message, although it has not said so
    refused: dict[str, tuple[int, bytes]] = {}  # recipients that it did not take, when it took others

    def sendmail(self, from_addr: str, to_addrs: str | Sequence[str], msg: Any, *args: Any, **options: Any) -> Any:
        """As smtplib's, which raises when every recipient is refused."""
        self.content_begun, self.refused = False, {}
        self.refused = super().sendmail(from_addr, to_addrs, msg, *args, **options)  # type: ignore[misc]
        return self.refused

    def data(self, msg: Any) -> Any:
        """As smtplib's: sends the content, and waits for the server's answer."""
        self.content_begun = True
        return super().data(msg)  # type: ignore[misc]


class Client(_Remembering, smtplib.SMTP):
    """For plain connections and STARTTLS."""


class ClientOverTLS(_Remembering, smtplib.SMTP_SSL):
    """For connections that are encrypted from the beginning."""


class EmailBackend(DjangoBackend):
    """As Django's, with these clients."""

    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return ClientOverTLS if self.use_ssl else Client
