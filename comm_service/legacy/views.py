"""The views of the old side, on DRF's viewsets. Each sets what it wants of DRF itself, so the site's settings stay."""

from itertools import chain
from typing import Any, ClassVar

from django.db.models import Model, QuerySet
from django.http import HttpResponse, HttpResponseBase
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.metadata import SimpleMetadata
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from .. import access, contract, services
from ..callers import Caller, caller_of
from ..contract import PREFIX, Resource
from ..enrichment import LookUps, keys_of
from ..ids import id_in_path
from ..json_values import text_fault
from ..listing import CHUNK, chunks
from ..models import Document, EmailQueue, Message, Notification
from ..streaming import streamed
from .config import SETTINGS
from .serializers import (
    DocumentRead,
    DocumentWrite,
    EmailQueueRead,
    EmailQueueWrite,
    MessageRead,
    MessageWrite,
    NotificationRead,
    NotificationWrite,
    ReadSerializer,
    WriteSerializer,
)
from .wire import LegacyJSONParser, LegacyJSONRenderer, LegacyNegotiation

WRITING = {"create", "update", "partial_update"}
Rows = list[Any]  # beside methods that are named ``list``


class LegacyView(APIView):
    """What all views of the old side have of DRF."""

    settings = SETTINGS
    renderer_classes = (LegacyJSONRenderer,)
    parser_classes = (LegacyJSONParser,)
    authentication_classes = ()
    permission_classes = ()
    throttle_classes = ()
    content_negotiation_class = LegacyNegotiation
    metadata_class = SimpleMetadata
    versioning_class = None
    schema = None

    caller: Caller

    def perform_authentication(self, request: Request) -> None:
        """Find out who calls. Raise Refused for somebody without a valid token."""
        self.caller = caller_of(request._request)


class RootView(LegacyView):
    """Where the four lists are."""

    def get_view_name(self) -> str:
        return "Api Root"

    def get(self, request: Request, format: str | None = None) -> Response:
        suffix = f".{format}" if format else "/"
        asked = request.query_params.get("format")
        urls = {}
        for one in contract.RESOURCES:
            url = request.build_absolute_uri(f"{PREFIX}{one.path}{suffix}")
            urls[one.path] = url if asked is None else replace_query_param(url, "format", asked)
        return Response(urls)


class ResourceViewSet(LegacyView, GenericViewSet):
    """List, create, show, change and delete rows of one table."""

    resource: ClassVar[Resource]
    model: ClassVar[type[Model]]
    read_serializer: ClassVar[type[ReadSerializer]]
    write_serializer: ClassVar[type[WriteSerializer]]
    filter_backends = ()
    pagination_class = None

    def get_serializer_class(self) -> type[Any]:
        return self.write_serializer if self.action in WRITING else self.read_serializer

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "caller": self.caller}

    def get_queryset(self) -> QuerySet[Any]:
        return access.visible(self.caller, self.model)

    def get_object(self) -> Any:
        row_id = id_in_path(self.kwargs["pk"])
        row = None if row_id is None else self.get_queryset().filter(pk=row_id).first()
        if row is None:
            raise NotFound
        return row

    def list(self, request: Request, **in_path: Any) -> HttpResponseBase:
        return self.rows(self.get_queryset())

    def create(self, request: Request, **in_path: Any) -> Response:
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        serializer.save()
        return Response(serializer.data, status=201)

    def retrieve(self, request: Request, pk: str, **in_path: Any) -> Response:
        return self.one(self.get_object())

    def update(self, request: Request, pk: str, partial: bool = False, **in_path: Any) -> Response:
        serializer = self.get_serializer(self.get_object(), data=request.data, partial=partial)
        serializer.is_valid(raise_exception=True)
        serializer.save()
        return Response(serializer.data)

    def partial_update(self, request: Request, pk: str, **in_path: Any) -> Response:
        return self.update(request, pk, partial=True)

    def destroy(self, request: Request, pk: str, **in_path: Any) -> Response:
        row = self.get_object()
        access.check_delete(self.caller, row)
        services.delete(row, self.caller)
        return Response(status=204)

    def one(self, row: Any) -> Response:
        """The answer that shows a row."""
        [shown] = self._shown([row], LookUps())
        return Response(shown)

    def rows(self, found: QuerySet[Any]) -> HttpResponseBase:
        """The answer that shows rows, newest first. It is streamed where there are many."""
        renderer, media_type = self.request.accepted_renderer, self.request.accepted_media_type
        read = chunks(found)
        first = next(read)
        look_ups = LookUps()
        all_chunks = chain([first], read if len(first) == CHUNK else [])
        pieces = renderer.pieces((self._shown(rows, look_ups) for rows in all_chunks), media_type)
        if len(first) < CHUNK:
            return HttpResponse(b"".join(pieces), content_type=renderer.media_type)
        return streamed(self.request._request, pieces)

    def rows_by_id(self, column: str, text: str) -> HttpResponseBase:
        """The rows whose column is the id in the path. Raise NotFound for what is none."""
        row_id = id_in_path(text)
        if row_id is None:
            raise NotFound
        return self.rows(self.get_queryset().filter(**{column: row_id}))

    def rows_by_status(self, status: str) -> HttpResponseBase:
        """The rows of a status; none for a text that is no status."""
        rows = self.get_queryset()
        return self.rows(rows.none() if text_fault(status) else rows.filter(status=status))

    def _shown(self, rows: Rows, look_ups: LookUps) -> Rows:
        keys = (key for row in rows for key in keys_of(self.resource, row).values() if key)
        context = {**self.get_serializer_context(), "looked_up": look_ups.of(keys)}
        serializer = self.read_serializer(context=context)
        return [serializer.to_representation(row) for row in rows]


class MessageViewSet(ResourceViewSet):
    """Messages from one user to another."""

    resource = contract.MESSAGES
    model = Message
    read_serializer = MessageRead
    write_serializer = MessageWrite

    @action(detail=True, methods=["post"])
    def mark_read(self, request: Request, pk: str, **in_path: Any) -> Response:
        """Set the time at which the message was read, once."""
        message = self.get_object()
        access.check_action(self.caller, message)
        services.mark_read(message, self.caller)
        return self.one(message)

    @action(detail=False, url_path=r"sent/(?P<sender_id>[^/.]+)")
    def sent(self, request: Request, sender_id: str, **in_path: Any) -> HttpResponseBase:
        """The messages that a user sent."""
        return self.rows_by_id("sender_id", sender_id)

    @action(detail=False, url_path=r"received/(?P<receiver_id>[^/.]+)")
    def received(self, request: Request, receiver_id: str, **in_path: Any) -> HttpResponseBase:
        """The messages that a user received."""
        return self.rows_by_id("receiver_id", receiver_id)


class _Retried(ResourceViewSet):
    """Rows that are delivered, and whose delivery may fail."""

    @action(detail=True, methods=["post"])
    def retry(self, request: Request, pk: str, **in_path: Any) -> Response:
        """Let a failed delivery be tried again."""
        row = self.get_object()
        access.check_action(self.caller, row)
        services.retry(row, self.caller)
        return self.one(row)

    @action(detail=False, url_path=r"by_status/(?P<status>[^/.]+)")
    def by_status(self, request: Request, status: str, **in_path: Any) -> HttpResponseBase:
        """The rows of a status."""
        return self.rows_by_status(status)


class NotificationViewSet(_Retried):
    """What users are told."""

    resource = contract.NOTIFICATIONS
    model = Notification
    read_serializer = NotificationRead
    write_serializer = NotificationWrite

    @action(detail=False, url_path=r"by_user/(?P<user_id>[^/.]+)")
    def by_user(self, request: Request, user_id: str, **in_path: Any) -> HttpResponseBase:
        """The notifications of a user."""
        return self.rows_by_id("user_id", user_id)


class DocumentViewSet(ResourceViewSet):
    """What is known of documents."""

    resource = contract.DOCUMENTS
    model = Document
    read_serializer = DocumentRead
    write_serializer = DocumentWrite

    @action(detail=False, url_path=r"by_owner/(?P<owner_id>[^/.]+)")
    def by_owner(self, request: Request, owner_id: str, **in_path: Any) -> HttpResponseBase:
        """The documents of a user."""
        return self.rows_by_id("owner_user_id", owner_id)

    @action(detail=False, url_path=r"by_student/(?P<student_id>[^/.]+)")
    def by_student(self, request: Request, student_id: str, **in_path: Any) -> HttpResponseBase:
        """The documents of a student."""
        return self.rows_by_id("student_id", student_id)

    @action(detail=False, url_path=r"by_offer/(?P<offer_id>[^/.]+)")
    def by_offer(self, request: Request, offer_id: str, **in_path: Any) -> HttpResponseBase:
        """The documents of an offer."""
        return self.rows_by_id("offer_id", offer_id)


class EmailQueueViewSet(_Retried):
    """E-mails that are to be sent."""

    resource = contract.EMAIL_QUEUE
    model = EmailQueue
    read_serializer = EmailQueueRead
    write_serializer = EmailQueueWrite
