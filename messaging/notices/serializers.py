"""Notices, events and registrations as JSON, and what may be written of them."""

from typing import Any
from urllib.parse import urlencode

from django.db import models
from django.urls import reverse
from rest_framework import serializers
from rest_framework.fields import empty

from ..attachments.refusals import Refused
from . import files
from .models import Event, Notice, Registration

TEXT_LENGTH = 100_000
KEPT = ("id", "is_active", "created_at", "updated_at", "created_by", "updated_by")
WRITTEN_BY_US = ("id", "created_at", "updated_at", "created_by", "updated_by")
TENANT_MAX = 2**63 - 1
DAY_FORMATS = ["iso-8601", "%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S.%f%z", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M"]


class DayField(serializers.DateField):
    """A day. Of a time, as some clients send it, the day counts."""

    def __init__(self, **options: Any) -> None:
        super().__init__(input_formats=DAY_FORMATS, **options)


class Flag(serializers.BooleanField):
    """A flag that keeps its default in a form without it, as in JSON."""

    default_empty_html = empty


class Kept(serializers.ModelSerializer):
    """Base of all that is kept."""

    serializer_field_mapping = {**serializers.ModelSerializer.serializer_field_mapping, models.BooleanField: Flag}


class StoredFileField(serializers.FileField):
    """The file of a row: sent in a form, shown as an address that is signed for whoever asks. ``null`` takes it away.

    ``kind`` is the name of the row's addresses, ``address`` of that of the file.
    """

    def __init__(self, *, kind: str, address: str, pictures_only: bool = False) -> None:
        super().__init__(source="file", required=False, allow_null=True, max_length=None)
        self.kind, self.address, self.pictures_only = kind, address, pictures_only

    def to_representation(self, value: Any) -> str | None:
        if not value:
            return None
        request, row_id = self.context["request"], value.instance.pk
        address = request.build_absolute_uri(reverse(self.address, args=[row_id]))
        return f"{address}?{urlencode({'signature': files.signature(self.kind, row_id, request.user.pk)})}"

    def checked(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Return ``attrs`` with what the row holds for its file. Raise ValidationError for one that is refused."""
        if self.source not in attrs:
            return attrs
        try:
            return {**attrs, **files.fields_of(attrs[self.source], pictures_only=self.pictures_only)}
        except Refused as refusal:
            raise serializers.ValidationError({self.field_name: [str(refusal)]}) from None


class NoticeSerializer(Kept):
    """A notice. ``college`` is its tenant: chosen when it is made, and the same ever after."""

    college = serializers.IntegerField(source="tenant", required=False, allow_null=True, max_value=TENANT_MAX)
    content = serializers.CharField(max_length=TEXT_LENGTH)
    publish_date = DayField()
    expiry_date = DayField(required=False, allow_null=True)
    attachment = StoredFileField(kind="notice", address="notice-attachment")

    class Meta:
        model = Notice
        fields = (
            *KEPT,
            "title",
            "content",
            "publish_date",
            "expiry_date",
            "attachment",
            "is_urgent",
            "is_published",
            "college",
        )
        read_only_fields = WRITTEN_BY_US

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        expiry, begin = _after(self, attrs, "expiry_date"), _after(self, attrs, "publish_date")
        if expiry and begin and expiry < begin:
            raise serializers.ValidationError({"expiry_date": ["It must not be before the publish date."]})
        return dict(self.fields["attachment"].checked(attrs))


class EventSerializer(Kept):
    """An event. ``college`` is its tenant, as of a notice."""

    college = serializers.IntegerField(source="tenant", required=False, allow_null=True, max_value=TENANT_MAX)
    description = serializers.CharField(max_length=TEXT_LENGTH, required=False, allow_blank=True)
    event_date = DayField()
    image = StoredFileField(kind="event", address="event-image", pictures_only=True)

    class Meta:
        model = Event
        fields = (
            *KEPT,
            "title",
            "description",
            "event_date",
            "start_time",
            "end_time",
            "venue",
            "organizer",
            "max_participants",
            "registration_required",
            "registration_deadline",
            "image",
            "college",
        )
        read_only_fields = WRITTEN_BY_US
        extra_kwargs = {"max_participants": {"min_value": 1, "max_value": 1_000_000}}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        begin, end = _after(self, attrs, "start_time"), _after(self, attrs, "end_time")
        if begin and end and end < begin:
            raise serializers.ValidationError({"end_time": ["It must not be before the start time."]})
        return dict(self.fields["image"].checked(attrs))


class RegistrationSerializer(Kept):
    """A registration. Its event and person are chosen when it is made, and the same ever after."""

    class Meta:
        model = Registration
        fields = (*KEPT, "event", "user", "registration_date", "status")
        read_only_fields = (*WRITTEN_BY_US, "is_active", "registration_date")
        extra_kwargs = {"user": {"required": False}}
        validators: list[Any] = []  # whoever gave a place up has a row already (messaging/notices/registering.py)


def _after(serializer: Any, attrs: dict[str, Any], name: str) -> Any:
    """What a field will hold after the change."""
    return attrs.get(name, getattr(serializer.instance, name, None))


class NoticeFilters(serializers.Serializer):
    """What a list of notices may be filtered by."""

    publish_date = serializers.DateField(required=False)
    is_published = serializers.BooleanField(required=False)
    is_urgent = serializers.BooleanField(required=False)
    is_active = serializers.BooleanField(required=False, default=True)


class EventFilters(serializers.Serializer):
    """What a list of events may be filtered by."""

    event_date = serializers.DateField(required=False)
    registration_required = serializers.BooleanField(required=False)
    is_active = serializers.BooleanField(required=False, default=True)


class RegistrationFilters(serializers.Serializer):
    """What a list of registrations may be filtered by."""

    event = serializers.IntegerField(required=False, max_value=TENANT_MAX)
    status = serializers.ChoiceField(Registration.Status, required=False)
