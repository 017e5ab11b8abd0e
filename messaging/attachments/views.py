"""The addresses of attachments: upload, what is known of one, the file, the thumbnail."""

import logging
from typing import Any

from django.contrib.auth import get_user_model
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponseBase, HttpResponseRedirect
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from ..errors import Conflict, Forbidden, Invalid, MessagingError, NotFound
from ..people_api.parsers import Utf8MultiPartParser
from ..turns import TooOften
from . import pending, sent
from .addresses import attachment_json, for_person, path, signed, thumbnail_path
from .content_service import Away
from .content_types import BY_MEDIA_TYPE
from .downloads import stored_file
from .models import Attachment
from .pictures import THUMBNAIL_TYPE
from .schemas import AttachmentBody, Refusal, UploadForm
from .signing import signed_for
from .uploading import TryLater, upload

logger = logging.getLogger(__name__)

RETRY_SECONDS = {status.HTTP_409_CONFLICT: 30, status.HTTP_503_SERVICE_UNAVAILABLE: 5}
TAGS = ["attachments"]
EXPIRED = "This address is not valid any more. Ask for a new one."


class AttachmentsView(APIView):
    """Base: refusals in the form of the API, ``{"detail": …, "code": …}``."""

    permission_classes = [IsAuthenticated]

    def handle_exception(self, exc: Exception) -> Response:
        if not isinstance(exc, MessagingError):
            return super().handle_exception(exc)
        response = Response({"detail": exc.text, "code": exc.code}, status=exc.status)
        wait = exc.seconds if isinstance(exc, TooOften) else RETRY_SECONDS.get(exc.status)
        if wait is not None:
            response["Retry-After"] = str(wait)
        response.exception = True
        return response


class Uploads(AttachmentsView):
    """``POST``: a form with one ``file``. The answer has the id with which it is sent in a message."""

    parser_classes = [Utf8MultiPartParser]

    @extend_schema(
        request={"multipart/form-data": UploadForm},
        responses={201: AttachmentBody, 409: Refusal, 413: Refusal, 422: Refusal, 429: Refusal, 503: Refusal},
        tags=TAGS,
    )
    def post(self, request: Request) -> Response:
        files = [file for _, listed in request.FILES.lists() for file in listed]
        if len(files) != 1 or not isinstance(request.FILES.get("file"), UploadedFile):
            raise Invalid("The form must have one file, named file.", code="file_required", field="file")
        [file] = files
        attachment = upload(owner=request.user, file=file, name=file.name or "")
        return Response(_for_viewer(attachment, request), status=status.HTTP_201_CREATED)


class OneAttachment(AttachmentsView):
    """``GET``: the attachment with addresses that are good for 15 minutes. ``DELETE``: an upload that was not sent."""

    @extend_schema(responses={200: AttachmentBody, 404: Refusal}, tags=TAGS)
    def get(self, request: Request, attachment_id: int) -> Response:
        attachment = sent.find(request.user, attachment_id)
        if attachment.state == Attachment.State.PENDING:
            pending.try_again(attachment)
        return Response(_for_viewer(attachment, request))

    @extend_schema(responses={204: None, 404: Refusal, 409: Refusal}, tags=TAGS)
    def delete(self, request: Request, attachment_id: int) -> Response:
        attachment = sent.find(request.user, attachment_id)
        if attachment.message_id is not None or not pending.discard(attachment):
            raise Conflict("The attachment was sent. Delete its message instead.", code="sent")
        return Response(status=status.HTTP_204_NO_CONTENT)


class _Files(AttachmentsView):
    """Base of the addresses that deliver a file.

    With ``?signature=`` nobody needs to be signed in. Without it, whoever is signed in is led to a signed address.
    """

    def get_authenticators(self) -> list[BaseAuthentication]:
        return [] if self._given() is not None else super().get_authenticators()

    def get_permissions(self) -> list[BasePermission]:
        return [] if self._given() is not None else super().get_permissions()

    @extend_schema(
        parameters=[OpenApiParameter("signature", str), OpenApiParameter("download", bool)],
        responses={
            (200, "*/*"): OpenApiTypes.BINARY,
            302: None,
            403: Refusal,
            404: Refusal,
            409: Refusal,
            503: Refusal,
        },
        tags=TAGS,
    )
    def get(self, request: Request, attachment_id: int) -> HttpResponseBase:
        given = self._given()
        if given is None:
            attachment = self._found(request.user, attachment_id)
            address = signed(self.address(attachment.pk), attachment.pk, request.user.pk)
            return HttpResponseRedirect(address + "&download=1" if "download" in request.GET else address)
        person_id = signed_for(attachment_id, given)
        if person_id is None:
            raise Forbidden(EXPIRED, code="expired")
        person = get_user_model()._default_manager.filter(pk=person_id).first()
        try:
            return self.response(self._found(person, attachment_id), "download" in request.GET)
        except FileNotFoundError:
            raise NotFound("The file is gone.") from None
        except Away as fault:
            raise TryLater(str(fault)) from fault
        except OSError as fault:
            logger.warning("An attachment cannot be read: %s", fault)
            raise TryLater("The storage does not answer. Try again in a moment.") from fault

    def address(self, attachment_id: int) -> str:
        raise NotImplementedError

    def response(self, attachment: Attachment, as_download: bool) -> HttpResponseBase:
        raise NotImplementedError

    def _given(self) -> str | None:
        # Whoever describes the API makes views without a request.
        given: str | None = self.request.GET.get("signature") if self.request is not None else None
        return given

    @staticmethod
    def _found(person: Any, attachment_id: int) -> Attachment:
        attachment = sent.find(person, attachment_id)
        if attachment.state == Attachment.State.PENDING:
            pending.try_again(attachment)
        sent.require_ready(attachment)
        return attachment


class Download(_Files):
    """The file: pictures to be shown, everything else (and with ``?download`` all) to be saved."""

    def address(self, attachment_id: int) -> str:
        return path(attachment_id)

    def response(self, attachment: Attachment, as_download: bool) -> HttpResponseBase:
        file = pending.opened(attachment)
        return stored_file(file, attachment.content_type, attachment.name, as_download=as_download)


class Thumbnail(_Files):
    """The thumbnail of a picture."""

    def address(self, attachment_id: int) -> str:
        return thumbnail_path(attachment_id)

    def response(self, attachment: Attachment, as_download: bool) -> HttpResponseBase:
        if not attachment.thumbnail:
            raise NotFound("There is no thumbnail.")
        name = f"{attachment.name}.webp"
        return stored_file(attachment.thumbnail.open("rb"), BY_MEDIA_TYPE[THUMBNAIL_TYPE], name)


def _for_viewer(attachment: Attachment, request: Request) -> dict[str, Any]:
    return for_person(attachment_json(attachment), request.user.pk, request._request)
