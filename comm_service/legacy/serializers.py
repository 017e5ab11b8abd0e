"""The serializers of the old side: READ for what is shown, WRITE for what is taken and answered to those who write."""

from collections.abc import Mapping
from typing import Any, ClassVar

from rest_framework import serializers

from .. import access, contract, services
from ..contract import Resource
from ..models import Document, EmailQueue, Message, Notification
from .fields import FIELDS, LookedUpField


class ReadSerializer(serializers.ModelSerializer):
    """Shows a row, with what other services say of it."""

    resource: ClassVar[Resource]
    serializer_field_mapping = FIELDS


class WriteSerializer(serializers.ModelSerializer):
    """Checks what is sent, and writes it on behalf of ``context["caller"]``."""

    serializer_field_mapping = FIELDS

    def create(self, validated_data: Mapping[str, Any]) -> Any:
        caller = self.context["caller"]
        access.check_create(caller, self.Meta.model, validated_data)
        return services.create(self.Meta.model, validated_data, caller)

    def update(self, instance: Any, validated_data: Mapping[str, Any]) -> Any:
        caller = self.context["caller"]
        access.check_change(caller, instance, validated_data)
        services.update(instance, validated_data, caller)
        return instance


class MessageRead(ReadSerializer):
    resource = contract.MESSAGES
    sender_data = LookedUpField()
    receiver_data = LookedUpField()

    class Meta:
        model = Message
        fields = contract.MESSAGES.read_fields


class MessageWrite(WriteSerializer):
    class Meta:
        model = Message
        fields = contract.MESSAGES.write


# As PostgreSQL has it, whatever the database.
ATTEMPTS = {"required": False, "min_value": -(2**31), "max_value": 2**31 - 1}


class NotificationRead(ReadSerializer):
    resource = contract.NOTIFICATIONS
    user_data = LookedUpField()
    related_object_data = LookedUpField()

    class Meta:
        model = Notification
        fields = contract.NOTIFICATIONS.read_fields
        extra_kwargs: ClassVar[dict[str, Any]] = {"attempts": ATTEMPTS}


class NotificationWrite(WriteSerializer):
    class Meta:
        model = Notification
        fields = contract.NOTIFICATIONS.write


class DocumentRead(ReadSerializer):
    resource = contract.DOCUMENTS
    owner_data = LookedUpField()
    student_data = LookedUpField()
    offer_data = LookedUpField()
    uploaded_by_data = LookedUpField()

    class Meta:
        model = Document
        fields = contract.DOCUMENTS.read_fields


class DocumentWrite(WriteSerializer):
    class Meta:
        model = Document
        fields = contract.DOCUMENTS.write


class EmailQueueRead(ReadSerializer):
    resource = contract.EMAIL_QUEUE

    class Meta:
        model = EmailQueue
        fields = contract.EMAIL_QUEUE.read_fields
        extra_kwargs: ClassVar[dict[str, Any]] = {"attempts": ATTEMPTS}


class EmailQueueWrite(WriteSerializer):
    class Meta:
        model = EmailQueue
        fields = contract.EMAIL_QUEUE.write
