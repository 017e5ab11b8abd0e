"""A content service that keeps the files, where one is configured (``CONTENT_SERVICE_URL``).

Files are first kept here, so that a message never waits for it. What it has accepted is removed here.
"""

import http.client
import json
import logging
import secrets
import urllib.error
import urllib.request
from tempfile import SpooledTemporaryFile
from typing import IO, Protocol
from urllib.parse import quote

from django.conf import settings

logger = logging.getLogger(__name__)

TIMEOUT_SECONDS = 10.0
LONGEST_ANSWER = 2**16
CHUNK = 2**16
GONE = {404, 410}
IN_MEMORY = 2**20  # bytes of a file; what is larger is kept on the disk while it is sent on


class Away(Exception):
    """The content service did not do what was asked. It is asked again later. ``status``: of its answer, if any."""

    def __init__(self, text: str, status: int | None = None) -> None:
        super().__init__(text)
        self.status = status


class ContentService(Protocol):
    """Keeps files under ids of its own. All of it raises ``Away``, within a bounded time."""

    def store(self, name: str, media_type: str, file: IO[bytes]) -> str:
        """Keep a file. Return its id."""
        ...

    def fetch(self, content_id: str, size: int) -> IO[bytes]:
        """Return a file of ``size`` bytes. One that is longer or shorter is not the one that was stored."""
        ...

    def delete(self, content_id: str) -> None:
        """Delete a file. One that is not there is deleted."""
        ...


class HttpContentService:
    """The one at an address: ``POST /api/v1/documents``, ``GET …/ID/download``, ``DELETE …/ID``."""

    def __init__(self, address: str) -> None:
        self._documents = address.rstrip("/") + "/api/v1/documents"

    def store(self, name: str, media_type: str, file: IO[bytes]) -> str:
        """Send the file as a form with one file. Its id is ``id`` or ``document_id`` of the answer."""
        boundary = secrets.token_hex(16)
        # No name can break out of this line: clean_name() leaves neither quotes nor line breaks.
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
            f"Content-Type: {media_type}\r\n\r\n"
        )
        file.seek(0)
        body = head.encode() + file.read() + f"\r\n--{boundary}--\r\n".encode()
        kind = {"Content-Type": f"multipart/form-data; boundary={boundary}", "Accept": "application/json"}
        with self._asked(urllib.request.Request(self._documents, body, kind, method="POST")) as response:  # noqa: S310
            try:
                answer = json.loads(response.read(LONGEST_ANSWER))
                stored = str(answer.get("id") or answer.get("document_id") or "")
            except (ValueError, AttributeError, OSError, http.client.HTTPException) as fault:
                raise Away("The content service answers something else than JSON.") from fault
        if not 0 < len(stored) <= 200:
            raise Away("The content service answers without an id.")
        return stored

    def fetch(self, content_id: str, size: int) -> IO[bytes]:
        """Return the file, on the disk where it is large."""
        address = f"{self._documents}/{quote(content_id, safe='')}/download"
        file = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 (the response closes it)
        with self._asked(urllib.request.Request(address)) as response:  # noqa: S310
            try:
                _copy(response, file, size)
            except (OSError, http.client.HTTPException) as fault:
                raise Away("The content service broke off.") from fault
        file.seek(0)
        return file

    def delete(self, content_id: str) -> None:
        """Delete a file. The service's 404 and 410 say that it is not there."""
        request = urllib.request.Request(f"{self._documents}/{quote(content_id, safe='')}", method="DELETE")  # noqa: S310
        try:
            self._asked(request).close()
        except Away as refusal:
            if refusal.status not in GONE:
                raise

    @staticmethod
    def _asked(request: urllib.request.Request) -> http.client.HTTPResponse:
        try:
            return _opener.open(request, timeout=TIMEOUT_SECONDS)  # type: ignore[no-any-return]
        except urllib.error.HTTPError as refusal:
            refusal.close()
            logger.warning("The content service refuses: %s", refusal.code)
            raise Away(f"The content service answers {refusal.code}.", refusal.code) from refusal
        except (OSError, http.client.HTTPException) as fault:
            logger.warning("The content service does not answer: %s", type(fault).__name__)
            raise Away("The content service does not answer.") from fault


def _copy(response: http.client.HTTPResponse, file: IO[bytes], size: int) -> None:
    left = size
    while chunk := response.read(min(CHUNK, left + 1)):
        left -= len(chunk)
        if left < 0:
            break
        file.write(chunk)
    if left != 0:
        raise OSError(f"{size - left} of {size} bytes")


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect would let the service choose any address within our network."""

    def redirect_request(self, *args: object) -> None:
        return None


_opener = urllib.request.build_opener(_NoRedirects, urllib.request.ProxyHandler({}))


def content_service() -> ContentService | None:
    """The content service of the settings; None where files stay in our own storage."""
    return HttpContentService(settings.CONTENT_SERVICE_URL) if settings.CONTENT_SERVICE_URL else None
