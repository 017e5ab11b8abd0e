"""Documents with their contents, on the new side alone: ``documents/upload/`` and ``documents/{id}/download/``.

No old answer shows an address of a content. Whoever wants one asks here.
"""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.http.response import HttpResponseBase
from django.urls import URLPattern, re_path
from ninja import Router

from ..contract import DOCUMENTS, PREFIX
from ..documents.downloading import address_of, download_url
from ..documents.store import LINK_SECONDS, StorageAway
from ..documents.uploading import TooLarge, upload
from ..models import Document
from .door import AskedRequest, View, door
from .refusals import REQUIRED, Refusal, detail
from .routes import row_of
from .schemas import Body, checked
from .values import json_field, uuid_field
from .writing import plain, response, write_object

FIELDS = ("owner_user_id", "student_id", "offer_id", "uploaded_by", "metadata")
SHOWN = ("id", "storage_path", "filename", "content_type", "size_bytes", "uploaded_at")
UPLOAD, DOWNLOAD = "documents/upload/", "documents/{id}/download/"
NOT_STORED = "Failed to upload file to storage"
RETRY_SECONDS = 5

router = Router(tags=[DOCUMENTS.path])


class UploadForm(Body):
    """What may be said of a file that is uploaded."""

    owner_user_id: uuid_field(null=True) = None  # type: ignore[valid-type]
    student_id: uuid_field(null=True) = None  # type: ignore[valid-type]
    offer_id: uuid_field(null=True) = None  # type: ignore[valid-type]
    uploaded_by: uuid_field(null=True) = None  # type: ignore[valid-type]
    metadata: json_field() = None  # type: ignore[valid-type]


FORM = {
    "type": "object",
    "required": ["file"],
    "properties": {
        "file": {"type": "string", "format": "binary"},
        **{name: {"type": "string", "format": "uuid"} for name in FIELDS[:-1]},
        "metadata": {"type": "string", "description": "JSON"},
    },
}


@router.post(
    UPLOAD,
    operation_id="documents_upload",
    summary="Upload a document",
    description=(
        "A form (`multipart/form-data`) with the file and what is known of it. The fields may stand in the address "
        "instead; empty ones count as absent. The content and the row come to exist together, or neither does. "
        f"`download_url` works for {LINK_SECONDS} seconds."
    ),
    openapi_extra={"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": FORM}}}},
)
def uploaded(request: AskedRequest) -> HttpResponseBase:
    """Store a file. 400 for wrong fields, 413 for a file that is too large, 415 for no form, 503 without storage."""
    caller = request.asked.caller
    file, values = _read(request)
    if values.get("uploaded_by") is None and caller.user_id is not None:
        values["uploaded_by"] = caller.user_id
    try:
        document = upload(file, values, caller)
    except TooLarge as error:
        raise Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, {"file": [str(error)]}) from None
    except StorageAway:
        raise Refusal(
            HTTPStatus.SERVICE_UNAVAILABLE, {"error": NOT_STORED}, {"Retry-After": str(RETRY_SECONDS)}
        ) from None
    answer = _shown(document, address_of(document, request), request.asked.indent)
    answer["Location"] = f"{PREFIX}{DOCUMENTS.path}/{document.pk}/"
    return answer


@router.get(
    DOWNLOAD,
    operation_id="documents_download",
    summary="Get an address of a document's content",
    description=(
        f"`download_url` works for {LINK_SECONDS} seconds for whoever has it. It is null where the row has no content "
        "in the storage, and while the storage does not answer."
    ),
)
def downloaded(request: AskedRequest, id: str) -> HttpResponseBase:
    """Say what is known of a document's content, with an address of it."""
    document = row_of(request, DOCUMENTS, id)
    return _shown(document, download_url(document, request), request.asked.indent)


def addresses(detail_view: View, views: Mapping[str, View]) -> list[URLPattern]:
    """The addresses of this module, for Ninja's views by path.

    ``detail_view`` answers all methods but POST at ``documents/upload/``, as it does on the old side.
    """
    posted = door("action", views[UPLOAD], _no_options)
    read = door("list_by", views[DOWNLOAD], _options)

    def upload_or_detail(request: HttpRequest, **in_path: str) -> HttpResponseBase:
        return posted(request, **in_path) if request.method == "POST" else detail_view(request, id="upload", **in_path)

    upload_or_detail.csrf_exempt = True  # type: ignore[attr-defined]
    return [
        re_path(r"^documents/upload/$", upload_or_detail),
        re_path(r"^documents/(?P<id>[^/.]+)/download/$", read),
    ]


def _shown(document: Document, address: str | None, indent: int | None) -> HttpResponse:
    values: dict[str, Any] = {name: getattr(document, name) for name in SHOWN}
    values |= {"download_url": address, "expires_in": LINK_SECONDS if address else None}
    return response(write_object(values, indent))


def _read(request: HttpRequest) -> tuple[UploadedFile, dict[str, Any]]:
    """The file and the checked values of a form. Raise Refusal."""
    if request.content_type != "multipart/form-data":
        said = request.META.get("CONTENT_TYPE", "")
        raise detail(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f'Unsupported media type "{said}" in request.')
    try:
        form, files = request.POST, request.FILES
    except (MultiPartParserError, UnreadablePostError, LookupError, ValueError) as error:  # the last two: its charset
        raise detail(HTTPStatus.BAD_REQUEST, f"Multipart form parse error - {error}") from None
    except (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent) as error:
        raise detail(HTTPStatus.BAD_REQUEST, f"Multipart form parse error - {error}") from None
    given = {name: text for name in FIELDS if (text := form.get(name) or request.GET.get(name))}
    values: dict[str, Any] = dict(given)
    if "metadata" in given:
        values["metadata"] = _json(given["metadata"])
    file = files.get("file")
    wrong = {} if isinstance(file, UploadedFile) else {"file": [REQUIRED]}
    try:
        values = checked(UploadForm, FIELDS, values)
    except Refusal as refusal:
        wrong |= refusal.body
    if wrong or not isinstance(file, UploadedFile):
        raise Refusal(HTTPStatus.BAD_REQUEST, wrong)
    return file, values


def _json(text: str) -> Any:
    """The JSON in a field; for anything else a value that is refused as what no JSON can hold."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return float("nan")


def _no_options(request: AskedRequest) -> HttpResponseBase:
    raise AssertionError("OPTIONS is answered as that of a row")


def _options(request: AskedRequest, id: str) -> HttpResponseBase:
    said = {"name": "Download", "description": "", "renders": ["application/json"], "parses": ["application/json"]}
    return response(plain(said, request.asked.indent))
