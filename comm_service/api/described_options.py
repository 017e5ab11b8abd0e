"""What OPTIONS says of an address: its name, its formats, and the fields of the rows that it takes.

The old side shows the fields of READ here, and so ``status`` and ``read_at`` as if a body could set them.
"""

from typing import Any

from django.db.models import BigIntegerField, DateTimeField, Field, IntegerField, JSONField
from django.http import HttpResponse

from ..contract import Endpoint, Resource
from .door import AskedRequest, View
from .refusals import Refusal
from .routes import row_of
from .rows import model_of
from .writing import plain, response

JSON = ["application/json"]
BIG, SMALL = 2**63, 2**31  # integers of the columns are below these

ABOUT = {
    "messages": "Messages from one user to another.",
    "notifications": "What users are told.",
    "documents": "What is known of documents.",
    "email_queue": "E-mails that are to be sent.",
    "mark_read": "Set the time at which the message was read, once.",
    "retry": "Let a failed delivery be tried again.",
    "sent": "The messages that a user sent.",
    "received": "The messages that a user received.",
    "by_user": "The notifications of a user.",
    "by_status": "The rows of a status.",
    "by_owner": "The documents of a user.",
    "by_student": "The documents of a student.",
    "by_offer": "The documents of an offer.",
    "pending": "The e-mails that wait to be sent.",
}


def options_of(endpoint: Endpoint, action: str = "") -> View:
    """Return the view that answers OPTIONS at an endpoint's address. ``action`` is its last word, if not the path's."""
    resource, kind = endpoint.resource, endpoint.kind
    name, about = _name(endpoint, action), _about(endpoint, action)
    fields = _fields(resource)

    def options(request: AskedRequest, **in_path: str) -> HttpResponse:
        said: dict[str, Any] = {"name": name, "description": about, "renders": JSON, "parses": JSON}
        if kind in ("list", "action"):
            said["actions"] = {"POST": fields}
        elif kind == "detail" and _exists(request, resource, in_path["id"]):
            said["actions"] = {"PUT": fields}
        return response(plain(said, request.asked.indent))

    return options


def _about(endpoint: Endpoint, action: str) -> str:
    """What the old side's classes and methods say of themselves."""
    if endpoint.kind in ("list", "detail"):
        return ABOUT[endpoint.resource.path]
    return ABOUT[action or endpoint.path.split("/")[1 if endpoint.kind == "list_by" else 2]]


def _name(endpoint: Endpoint, action: str) -> str:
    words = {"Message": "Message", "Notification": "Notification", "Document": "Document", "EmailQueue": "Email Queue"}
    if endpoint.kind == "list":
        return f"{words[endpoint.resource.model]} List"
    if endpoint.kind == "detail":
        return f"{words[endpoint.resource.model]} Instance"
    parts = endpoint.path.split("/")
    own = action or (parts[1] if endpoint.kind == "list_by" else parts[2])
    return own.replace("_", " ").capitalize()


def _exists(request: AskedRequest, resource: Resource, id: str) -> bool:
    try:
        row_of(request, resource, id)
    except Refusal:
        return False
    return True


def _fields(resource: Resource) -> dict[str, dict[str, Any]]:
    model = model_of(resource)
    fields = {}
    for name in resource.read:
        field = model._meta.get_field(name)
        assert isinstance(field, Field)
        fields[name] = _field(field)
    for by in resource.look_ups:
        fields[by.field] = {"type": "field", "required": False, "read_only": True, "label": _label(by.field)}
    return fields


def _field(field: "Field[Any, Any]") -> dict[str, Any]:
    shown: dict[str, Any] = {
        "type": _type(field),
        "required": not (field.has_default() or field.blank or field.null) and field.editable,
        "read_only": not field.editable,
        "label": _label(field.name),
    }
    if field.choices:
        shown["choices"] = [{"value": value, "display_name": label} for value, label in field.choices]
    elif isinstance(field, IntegerField):
        most = BIG if isinstance(field, BigIntegerField) else SMALL
        shown |= {"min_value": -most, "max_value": most - 1}
    elif getattr(field, "max_length", None) and shown["type"] == "string" and field.get_internal_type() == "CharField":
        shown["max_length"] = field.max_length
    return shown


def _type(field: "Field[Any, Any]") -> str:
    if field.choices:
        return "choice"
    if isinstance(field, JSONField):
        return "field"
    if isinstance(field, DateTimeField):
        return "datetime"
    return "integer" if isinstance(field, IntegerField) else "string"


def _label(name: str) -> str:
    return name.replace("_", " ").capitalize()
