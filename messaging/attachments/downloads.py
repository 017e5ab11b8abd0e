"""Responses that carry a stored file, and in which nothing of it can run."""

from collections.abc import AsyncIterator, Iterator
from typing import Any, cast

from asgiref.sync import sync_to_async
from django.http import FileResponse

from .content_types import ContentType

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cache-Control": "private, no-cache",
    "Referrer-Policy": "no-referrer",  # the address holds a signature
    "Cross-Origin-Resource-Policy": "cross-origin",  # the signature protects it; pages of other origins may show it
}


class StoredFile(FileResponse):
    """A file response that can also be iterated asynchronously, so that ASGI servers send it in chunks."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        pieces = iter(cast(Iterator[bytes], self.streaming_content))
        while (piece := await sync_to_async(_next)(pieces)) is not None:
            yield piece


def _next(pieces: Iterator[bytes]) -> bytes | None:
    return next(pieces, None)


def stored_file(file: Any, content_type: ContentType, name: str, *, as_download: bool = False) -> StoredFile:
    """The response for an open file. Only a picture that cannot run anything is shown in a page; the rest is saved."""
    return StoredFile(
        file,
        as_attachment=as_download or not content_type.inline,
        filename=name,
        content_type=content_type.served_as,
        headers=HEADERS,
    )
