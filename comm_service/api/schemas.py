"""What bodies may say, and what answers show in OpenAPI. Only bodies are checked with these models, never answers."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db.models import BigIntegerField, DateTimeField, Field, IntegerField, JSONField, UUIDField
from pydantic import BaseModel, ConfigDict, ValidationError, create_model
from pydantic import Field as Described

from ..contract import DOCUMENTS, EMAIL_QUEUE, MESSAGES, NOTIFICATIONS, Resource
from ..models import NotificationType
from .refusals import invalid, whole_body
from .rows import model_of
from .values import (
    choice_field,
    integer_field,
    json_field,
    required_text_field,
    text_field,
    time_field,
    uuid_field,
)


class Body(BaseModel):
    """What every body has in common: keys that it does not know are ignored."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="ignore")


class MessageBody(Body):
    """A message to be sent."""

    sender_id: uuid_field()  # type: ignore[valid-type]
    receiver_id: uuid_field()  # type: ignore[valid-type]
    subject: text_field(255) = None  # type: ignore[valid-type]
    body: text_field() = None  # type: ignore[valid-type]
    metadata: json_field() = None  # type: ignore[valid-type]


class NotificationBody(Body):
    """Something that a user is to be told."""

    user_id: uuid_field()  # type: ignore[valid-type]
    type: choice_field(list(NotificationType.values))  # type: ignore[valid-type]
    title: text_field(255) = None  # type: ignore[valid-type]
    content: text_field() = None  # type: ignore[valid-type]
    related_object_type: text_field(128) = None  # type: ignore[valid-type]
    related_object_id: uuid_field(null=True) = None  # type: ignore[valid-type]
    metadata: json_field() = None  # type: ignore[valid-type]


class DocumentBody(Body):
    """What is known of a document whose content is in the storage already."""

    owner_user_id: uuid_field(null=True) = None  # type: ignore[valid-type]
    student_id: uuid_field(null=True) = None  # type: ignore[valid-type]
    offer_id: uuid_field(null=True) = None  # type: ignore[valid-type]
    storage_path: required_text_field(2048)  # type: ignore[valid-type]
    filename: text_field(512) = None  # type: ignore[valid-type]
    content_type: text_field(255) = None  # type: ignore[valid-type]
    size_bytes: integer_field() = None  # type: ignore[valid-type]
    uploaded_by: uuid_field(null=True) = None  # type: ignore[valid-type]
    metadata: json_field() = None  # type: ignore[valid-type]


class EmailBody(Body):
    """An e-mail to be sent."""

    to_addresses: json_field()  # type: ignore[valid-type]
    subject: text_field(255) = None  # type: ignore[valid-type]
    body: text_field() = None  # type: ignore[valid-type]
    headers: json_field() = None  # type: ignore[valid-type]
    scheduled_at: time_field() = None  # type: ignore[valid-type]


BODIES: Mapping[str, type[Body]] = {
    MESSAGES.path: MessageBody,
    NOTIFICATIONS.path: NotificationBody,
    DOCUMENTS.path: DocumentBody,
    EMAIL_QUEUE.path: EmailBody,
}


def _partial(whole: type[Body]) -> type[Body]:
    """The model of a PATCH: the same fields, none of them required."""
    fields: dict[str, Any] = {name: (whole.__annotations__[name], None) for name in whole.model_fields}
    return create_model(
        f"{whole.__name__}Change", __base__=Body, __doc__=f"{whole.__doc__} Only what changes.", **fields
    )


CHANGES: Mapping[str, type[Body]] = {path: _partial(whole) for path, whole in BODIES.items()}


def checked(model: type[Body], order: tuple[str, ...], said: Any) -> dict[str, Any]:
    """Return the values that a body sets, checked. Raise Refusal (400) with the contract's texts."""
    if said is None:
        raise whole_body("No data provided")
    if not isinstance(said, dict):
        raise whole_body(f"Invalid data. Expected a dictionary, but got {type(said).__name__}.")
    try:
        body = model.model_validate(said)
    except ValidationError as error:
        raise invalid(error, order) from None
    return {name: getattr(body, name) for name in order if name in body.model_fields_set}


def read_model(resource: Resource) -> type[BaseModel]:
    """The model that shows READ in OpenAPI."""
    fields: dict[str, Any] = {}
    for name in resource.read:
        field = model_of(resource)._meta.get_field(name)
        assert isinstance(field, Field)
        fields[name] = (Any, Described(..., json_schema_extra=_shown(field)))
    for by in resource.look_ups:
        about = f"What the other service says of `{by.source}`; null if it says nothing."
        fields[by.field] = (
            Any,
            Described(..., description=about, json_schema_extra=_nullable({"type": "object"}, True)),
        )
    return create_model(f"{resource.model}Shown", **fields)


def write_model(resource: Resource) -> type[BaseModel]:
    """The model that shows WRITE in OpenAPI, the answer of POST, PUT and PATCH."""
    fields: dict[str, Any] = {}
    for name in resource.write:
        field = model_of(resource)._meta.get_field(name)
        assert isinstance(field, Field)
        fields[name] = (Any, Described(..., json_schema_extra=_shown(field)))
    return create_model(f"{resource.model}Written", **fields)


def _shown(field: "Field[Any, Any]") -> dict[str, Any]:
    if isinstance(field, JSONField):
        return {}
    if isinstance(field, UUIDField):
        shown: dict[str, Any] = {"type": "string", "format": "uuid"}
    elif isinstance(field, DateTimeField):
        shown = {"type": "string", "format": "date-time", "examples": ["2025-01-15T10:30:00.123456Z"]}
    elif isinstance(field, (IntegerField, BigIntegerField)):
        shown = {"type": "integer"}
    else:
        shown = {"type": "string"}
    return _nullable(shown, field.null)


def _nullable(shown: dict[str, Any], null: bool) -> dict[str, Any]:
    return {**shown, "type": [shown["type"], "null"]} if null else shown
