"""The file of a notice or of an event: checked like attachments of messages, and served to whoever may see the row."""

from io import BytesIO
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.files import File
from django.core.files.uploadedfile import UploadedFile
from django.core.signing import BadSignature, TimestampSigner
from django.http import HttpResponseBase
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from ..attachments.content_types import BY_MEDIA_TYPE, ContentType, Kind
from ..attachments.downloads import stored_file
from ..attachments.identifying import identify
from ..attachments.names import clean_name
from ..attachments.pictures import prepare
from ..attachments.refusals import Refused
from ..attachments.room import Busy
from ..attachments.scanning import scanner
from ..attachments.signing import LIFETIME
from ..attachments.verdicts import Outcome
from ..people_api.errors import TooLarge

SALT = "messaging.notices"
EXPIRED = "This address is not valid any more. Ask for a new one."
PICTURES = "This must be a picture."


class TryLater(exceptions.APIException):
    """The file cannot be checked right now."""

    status_code = 503
    default_detail = "The file cannot be checked right now. Try again in a moment."
    default_code = "busy"
    wait = 5  # seconds, for ``Retry-After``


def fields_of(file: UploadedFile | None, *, pictures_only: bool) -> dict[str, Any]:
    """Return what the row holds for this file, or for none.

    Raises:
        TooLarge: it has more than ``MESSAGE_ATTACHMENT_MAX_MB`` megabytes (413).
        Refused: it is empty, of a type that is not accepted, broken, or contains malware.
        TryLater: it cannot be checked now (503).
    """
    if file is None:
        return {"file": "", "file_name": "", "file_type": ""}
    if (file.size or 0) > settings.MESSAGE_ATTACHMENT_MAX_MB * 2**20:
        raise TooLarge
    source = file.file or file
    content_type = identify(source)
    if pictures_only and content_type.kind is not Kind.IMAGE:
        raise Refused("unsupported_type", PICTURES)
    verdict = scanner().scan(source)
    if verdict.outcome is Outcome.INFECTED:
        raise Refused("malware", f"The file contains malware: {verdict.detail}.")
    if verdict.outcome is Outcome.UNKNOWN:
        raise TryLater
    name = clean_name(file.name or "", content_type)
    source.seek(0)
    content: File[bytes] = File(source, name)
    if content_type.kind is Kind.IMAGE:
        try:
            content = File(BytesIO(prepare(source.read(), content_type.pillow).content), name)
        except Busy:
            raise TryLater from None
    return {"file": content, "file_name": name, "file_type": content_type.media_type}


def response(row: Any, as_download: bool) -> HttpResponseBase:
    """The response with the file of a row. Raise NotFound where it has none."""
    try:
        opened = row.file.open("rb") if row.file else None
    except FileNotFoundError:
        opened = None
    if opened is None:
        raise exceptions.NotFound("There is no file.")
    content_type = BY_MEDIA_TYPE.get(row.file_type, ContentType(row.file_type, Kind.DOCUMENT, (".bin",)))
    return stored_file(opened, content_type, row.file_name, as_download=as_download)


def signature(kind: str, row_id: int, person_id: Any) -> str:
    """Return a signature with which whoever has it may fetch this file for the person, for a while (``LIFETIME``)."""
    return _signer(kind, row_id).sign(str(person_id))


def _signer(kind: str, row_id: Any) -> TimestampSigner:
    return TimestampSigner(salt=f"{SALT}:{kind}:{row_id}")


class SignedAddress(BaseAuthentication):
    """Lets a request in by ``?signature=``, as the person for whom the address was signed."""

    def authenticate(self, request: Request) -> tuple[Any, None] | None:
        """Return the person, or ``None`` without a signature. Raise PermissionDenied (403) for an invalid one."""
        given = request.query_params.get("signature")
        if given is None:
            return None
        context = request.parser_context
        signer = _signer(context["view"].basename, context["kwargs"]["pk"])
        try:
            person_id = signer.unsign(given, max_age=LIFETIME)
        except BadSignature:
            raise exceptions.PermissionDenied(EXPIRED) from None
        person = get_user_model()._default_manager.filter(pk=person_id, is_active=True).first()
        if person is None:
            raise exceptions.PermissionDenied(EXPIRED)
        return person, None
