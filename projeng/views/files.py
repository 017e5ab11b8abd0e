"""Serves the files of projects to users who may see the project, and never as content that a browser executes."""

import re
from collections.abc import AsyncIterator
from pathlib import PurePath

from asgiref.sync import sync_to_async
from django.db.models.fields.files import FieldFile
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from ..access import visible_projects
from ..file_contents import PICTURES
from ..models import ProjectCost, ProjectDocument
from .guards import signed_in, visible_project

PICTURE_TYPES = {ending: f"image/{kind.lower()}" for ending, kind in PICTURES.items()}
UNSAFE = re.compile(r'[/\\:*?"<>|]')  # not allowed in file names on some system
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cache-Control": "private, no-cache",
}


class StoredFile(FileResponse):
    """A file response that can also be iterated asynchronously, so that ASGI servers send it in chunks."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        pieces = iter(self.streaming_content)
        while (piece := await sync_to_async(next)(pieces, None)) is not None:
            yield piece


@require_safe
@signed_in
def document(request: HttpRequest, document_id: int) -> HttpResponse:
    """A document as a download, named like the document."""
    documents = ProjectDocument.objects.filter(project__in=visible_projects(request.user))
    row = get_object_or_404(documents, pk=document_id)
    return _download(row.file, row.name)


@require_safe
@signed_in
def receipt(request: HttpRequest, cost_id: int) -> HttpResponse:
    """The receipt of a cost as a download."""
    costs = ProjectCost.objects.filter(project__in=visible_projects(request.user)).select_related("project")
    row = get_object_or_404(costs, pk=cost_id)
    return _download(row.receipt, f"Receipt {row.date} {row.project.prn}")


@require_safe
@signed_in
def picture(request: HttpRequest, project_id: int) -> HttpResponse:
    """A project's picture."""
    image = visible_project(request, project_id).image
    content_type = PICTURE_TYPES.get(PurePath(image.name or "").suffix.lower())
    if content_type is None:
        raise Http404("No picture.")
    return _response(image, content_type=content_type)


def _download(file: FieldFile, name: str) -> HttpResponse:
    ending = PurePath(file.name or "").suffix
    # Invisible characters can reverse the display of a name, so that its extension appears to be another one.
    name = UNSAFE.sub("_", "".join(letter for letter in name if letter.isprintable())).strip(". ")
    if not name.lower().endswith(ending.lower()):
        name += ending
    return _response(file, as_attachment=True, filename=name, content_type="application/octet-stream")


def _response(file: FieldFile, **options: object) -> HttpResponse:
    if not file:
        raise Http404("No file.")
    try:
        opened = file.open("rb")
    except FileNotFoundError:
        raise Http404("The file is gone.") from None
    return StoredFile(opened, headers=HEADERS, **options)
