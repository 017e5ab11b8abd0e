"""The address of contents that are kept in the file system: whoever has a signed one may fetch one, for a while."""

import os
from collections.abc import AsyncIterator, Iterator
from typing import IO
from uuid import UUID

from asgiref.sync import sync_to_async
from django.core.files.storage import storages
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from ..models import Document
from .downloading import described
from .files import FileDocuments, is_signed
from .store import STORE, StorageAway

PIECE = 64 * 1024  # bytes
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cache-Control": "private, no-cache",
    "Referrer-Policy": "no-referrer",  # the address holds a signature
}


@require_safe
def content(request: HttpRequest, document_id: UUID) -> HttpResponseBase:
    """The content of a document as a download. 403 without a valid signature, 404 where there is no such content.

    503 while the storage does not answer.
    """
    document = Document.objects.filter(pk=document_id).first()
    kept = storages[STORE]
    if document is None or not isinstance(kept, FileDocuments):
        return JsonResponse({"detail": "Not found."}, status=404)
    if not is_signed(document.storage_path, request.GET.get("signature", "")):
        return JsonResponse({"detail": "This address is not valid, or not any more."}, status=403)
    try:
        file = kept.opened(document.storage_path)
    except StorageAway:
        return JsonResponse({"detail": "The storage does not answer."}, status=503, headers={"Retry-After": "5"})
    if file is None:
        return JsonResponse({"detail": "Not found."}, status=404)
    said = described(document)
    headers = {
        **HEADERS,
        "Content-Disposition": content_disposition_header(True, said.filename) or "attachment",
        "Content-Length": str(os.fstat(file.fileno()).st_size),
    }
    if request.method == "HEAD":
        file.close()
        return StreamingHttpResponse((), content_type=said.content_type, headers=headers)
    # Django would read an iterator that is not asynchronous into memory before it answers under ASGI.
    pieces = _later(file) if isinstance(request, ASGIRequest) else _now(file)
    response = StreamingHttpResponse(pieces, content_type=said.content_type, headers=headers)
    response._resource_closers.append(file.close)  # type: ignore[attr-defined]
    return response


def _now(file: IO[bytes]) -> Iterator[bytes]:
    while piece := file.read(PIECE):
        yield piece


async def _later(file: IO[bytes]) -> AsyncIterator[bytes]:
    while piece := await sync_to_async(file.read)(PIECE):
        yield piece
