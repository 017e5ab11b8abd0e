"""Files that people upload and send."""

from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from messaging import sending
from messaging.attachments.models import Attachment
from messaging.attachments.uploading import upload
from messaging.models import Message

from . import samples


@pytest.fixture(autouse=True)
def _files_are_kept_apart(settings, tmp_path) -> None:
    """Each test has a folder of its own for stored files."""
    settings.MEDIA_ROOT = str(tmp_path / "media")
    settings.CLAMD_SOCKET = settings.CONTENT_SERVICE_URL = ""


@pytest.fixture
def uploaded(ana) -> Callable[..., Attachment]:
    """``uploaded(content, name, owner=…)``: a file that Ana, or somebody else, has uploaded."""

    def make(content: bytes | None = None, name: str = "plan.png", owner=None) -> Attachment:
        content = samples.picture("PNG", (64, 32)) if content is None else content
        return upload(owner=owner or ana, file=SimpleUploadedFile("x", content), name=name)

    return make


@pytest.fixture
def sent(ana, ben) -> Callable[..., Message]:
    """``sent(attachment, …)``: a message from Ana to Ben with these attachments."""

    def make(*attachments: Attachment) -> Message:
        message, _ = sending.send(sender=ana, receiver=ben, attachments=[one.pk for one in attachments])
        return message

    return make
