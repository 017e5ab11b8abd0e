"""A mail server for tests: aiosmtpd in a thread. It keeps what it receives, and refuses or breaks off when told to."""

import asyncio
import email
import email.policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from .ports import free_port


class MailServer:
    """The server. ``received`` are the messages that it has taken, in order.

    ``refused`` are recipients that it does not take. ``answer`` is its answer to the content. ``cut_off`` is when it
    breaks the connection off: ``"mail"`` (before the content) or ``"data"`` (when it has the content, in place of an
    answer).
    """

    def __init__(self) -> None:
        self.received: list[EmailMessage] = []
        self.recipients: list[list[str]] = []
        self.refused: set[str] = set()
        self.answer = "250 taken"
        self.cut_off = ""
        self.port = free_port()
        self._controller: Controller | None = None
        self.start()

    @property
    def url(self) -> str:
        """For ``EMAIL_URL``."""
        return f"smtp://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Listen on its port."""
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self._controller.start()

    def stop(self) -> None:
        """Refuse connections."""
        if self._controller:
            self._controller.stop()
            self._controller = None

    def subjects(self) -> list[str]:
        """The subjects of what it has taken, in order."""
        return [str(one["Subject"]) for one in self.received]

    async def handle_MAIL(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any) -> str:
        if self.cut_off == "mail":
            server.transport.abort()
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any) -> str:
        if address in self.refused:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.answer.startswith("2"):
            assert isinstance(envelope.content, bytes)
            self.received.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
            self.recipients.append(list(envelope.rcpt_tos))
        if self.cut_off == "data":
            server.transport.abort()
            await asyncio.sleep(0)
        return self.answer
