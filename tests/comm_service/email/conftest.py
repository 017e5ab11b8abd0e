"""A mail server, and Django's settings for it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gistagum.email_url import email_settings
from tests.support.mail_server import MailServer


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    """A mail server that takes everything."""
    server = MailServer()
    yield server
    server.stop()


@pytest.fixture
def over_smtp(mail_server: MailServer, settings) -> MailServer:
    """The same, to which this process sends."""
    for name, value in email_settings(mail_server.url, Path("unused")).items():
        setattr(settings, name, value)
    settings.EMAIL_TIMEOUT = 5
    return mail_server
