"""Attachments as the OpenAPI document describes them."""

from rest_framework import serializers

from .content_types import Kind
from .models import Attachment


class UploadForm(serializers.Serializer):
    """The form of an upload."""

    file = serializers.FileField()


class AttachmentBody(serializers.Serializer):
    """An attachment. Its addresses are signed for who asked, and good for 15 minutes."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    type = serializers.CharField(help_text="The media type of the content.")
    kind = serializers.ChoiceField([one.value for one in Kind])
    size = serializers.IntegerField(help_text="Bytes.")
    width = serializers.IntegerField(allow_null=True)
    height = serializers.IntegerField(allow_null=True)
    url = serializers.URLField()
    thumbnail_url = serializers.URLField(allow_null=True)
    state = serializers.ChoiceField(Attachment.State.choices)


class Refusal(serializers.Serializer):
    """Why something was refused."""

    detail = serializers.CharField()
    code = serializers.CharField(required=False)
