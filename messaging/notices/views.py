"""The addresses of notices, events and registrations (chat contract, section 9, with its faults mended)."""

from collections.abc import Callable
from functools import reduce
from operator import or_
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import exceptions, viewsets
from rest_framework.authentication import SessionAuthentication
from rest_framework.decorators import action
from rest_framework.permissions import SAFE_METHODS, BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from .. import contacts
from ..errors import Conflict
from ..people_api.authentication import HeaderTokenAuthentication
from ..people_api.pagination import CountedPages
from . import files, registering, tenants
from .announcing import announce_notice
from .models import Event, Notice, Registration
from .scope import scope_of, tenant_for_new
from .serializers import (
    EventFilters,
    EventSerializer,
    NoticeFilters,
    NoticeSerializer,
    RegistrationFilters,
    RegistrationSerializer,
)

SEARCH_LENGTH = 200


class EditorsWrite(BasePermission):
    """Everybody reads; those who may edit write."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return request.method in SAFE_METHODS or tenants.rule().may_edit(request.user)


class Listed(viewsets.ModelViewSet):
    """Base of the lists: pages, filters that are checked, and rows that are kept when they are deleted."""

    pagination_class = CountedPages
    filters: type[Any]
    searched: tuple[str, ...] = ()
    lookup_value_converter = "int"

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Apply the filters of the query string to a list. A single row is found whatever they say."""
        if self.detail:
            return queryset.filter(is_active=True)
        given = self.filters(data=dict(self.request.query_params.items()))
        given.is_valid(raise_exception=True)
        found = queryset.filter(**given.validated_data)
        text = self.request.query_params.get("search", "").strip()
        if "\0" in text or len(text) > SEARCH_LENGTH:
            raise exceptions.ValidationError({"search": [f"Up to {SEARCH_LENGTH} characters, without NUL."]})
        if not text or not self.searched:
            return found
        return found.filter(reduce(or_, (Q(**{f"{name}__icontains": text}) for name in self.searched)))

    def perform_destroy(self, instance: Any) -> None:
        """Keep the row and mark it as deleted."""
        instance.is_active, instance.updated_by = False, self.request.user
        instance.save(update_fields=["is_active", "updated_by", "updated_at"])


SIGNED_IN: Any = [{"tokenAuth": []}, {"cookieAuth": []}, {}]  # drf-spectacular's own type is too narrow
FILE = extend_schema(
    auth=SIGNED_IN,
    parameters=[OpenApiParameter("signature", str), OpenApiParameter("download", bool)],
    responses={(200, "*/*"): OpenApiTypes.BINARY},
)
_View = Callable[[Any, Request, int], HttpResponseBase]
file_action: Callable[[_View], _View] = action(
    detail=True, authentication_classes=[HeaderTokenAuthentication, files.SignedAddress, SessionAuthentication]
)


class _OfTenants(Listed):
    """Base of what belongs to tenants."""

    permission_classes = (IsAuthenticated, EditorsWrite)

    def perform_create(self, serializer: BaseSerializer[Any]) -> None:
        tenant = tenant_for_new(self.request, serializer.validated_data.get("tenant"))
        person = self.request.user
        serializer.save(tenant=tenant, created_by=person, updated_by=person)

    @transaction.atomic
    def perform_update(self, serializer: BaseSerializer[Any]) -> None:
        serializer.validated_data.pop("tenant", None)
        # Locked, and read again: what somebody else has changed meanwhile stays.
        rows = type(serializer.instance)._default_manager.select_for_update(no_key=True)
        serializer.instance = rows.get(pk=serializer.instance.pk)
        before = serializer.instance.file
        name, storage = before.name, before.storage
        self.save_change(serializer)
        if name and serializer.instance.file.name != name:
            transaction.on_commit(lambda: storage.delete(name))

    def save_change(self, serializer: BaseSerializer[Any]) -> None:
        """Save what ``serializer`` holds into its row, which is locked."""
        serializer.save(updated_by=self.request.user)

    def _file(self, request: Request) -> HttpResponseBase:
        return files.response(self.get_object(), "download" in request.query_params)


class Notices(_OfTenants):
    """Notices. Drafts are for those who may edit. Publishing one announces it once."""

    serializer_class = NoticeSerializer
    queryset = Notice.objects.order_by("-publish_date", "-pk")
    filters = NoticeFilters
    searched = ("title", "content")

    def get_queryset(self) -> QuerySet[Notice]:
        found = scope_of(self.request).within(super().get_queryset())
        if tenants.rule().may_edit(self.request.user):
            return found
        return found.filter(is_published=True, is_active=True)

    @transaction.atomic
    def perform_create(self, serializer: BaseSerializer[Any]) -> None:
        super().perform_create(serializer)
        if serializer.instance.is_published:
            announce_notice(serializer.instance)

    def save_change(self, serializer: BaseSerializer[Any]) -> None:
        """Save it, and announce it when it becomes published. Of two who publish it, one finds it published."""
        was_published = serializer.instance.is_published
        super().save_change(serializer)
        if serializer.instance.is_published and not was_published:
            announce_notice(serializer.instance)

    @FILE
    @file_action
    def attachment(self, request: Request, pk: int) -> HttpResponseBase:
        """Return the notice's file."""
        return self._file(request)


class Events(_OfTenants):
    """Events."""

    serializer_class = EventSerializer
    queryset = Event.objects.order_by("-event_date", "-pk")
    filters = EventFilters
    searched = ("title", "description", "venue")

    def get_queryset(self) -> QuerySet[Event]:
        found = scope_of(self.request).within(super().get_queryset())
        return found if tenants.rule().may_edit(self.request.user) else found.filter(is_active=True)

    @FILE
    @file_action
    def image(self, request: Request, pk: int) -> HttpResponseBase:
        """Return the event's picture."""
        return self._file(request)


class Registrations(Listed):
    """Registrations: one's own, and those for the events that one may edit."""

    serializer_class = RegistrationSerializer
    queryset = Registration.objects.order_by("-registration_date", "-pk")
    filters = RegistrationFilters

    def get_queryset(self) -> QuerySet[Registration]:
        events = scope_of(self.request).within(Event.objects.all())
        found: QuerySet[Registration] = super().get_queryset().filter(event__in=events, is_active=True)
        return found if tenants.rule().may_edit(self.request.user) else found.filter(user=self.request.user)

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Register oneself; those who may edit register others as well."""
        given = self.get_serializer(data=request.data)
        given.is_valid(raise_exception=True)
        event, person = given.validated_data["event"], given.validated_data.get("user", request.user)
        if not scope_of(request).within(Event.objects.filter(pk=event.pk, is_active=True)).exists():
            raise exceptions.ValidationError({"event": [f'Invalid pk "{event.pk}" - object does not exist.']})
        if person.pk != request.user.pk and not tenants.rule().may_edit(request.user):
            raise exceptions.PermissionDenied()
        if not contacts.rule().may_write(request.user, person):
            raise exceptions.ValidationError({"user": [f'Invalid pk "{person.pk}" - object does not exist.']})
        try:
            made = registering.register(event_id=event.pk, person=person, actor=request.user)
        except Conflict as refused:
            raise exceptions.ValidationError({"event": [refused.text]}) from None
        return Response(self.get_serializer(made).data, status=201)

    def perform_update(self, serializer: BaseSerializer[Any]) -> None:
        """Change the status: one's own to cancelled and back; those who may edit to any."""
        wanted = serializer.validated_data.get("status", serializer.instance.status)
        if wanted == Registration.Status.ATTENDED and not tenants.rule().may_edit(self.request.user):
            raise exceptions.PermissionDenied()
        try:
            registering.set_status(serializer.instance, wanted, self.request.user)
        except Conflict as refused:
            raise exceptions.ValidationError({"status": [refused.text]}) from None
