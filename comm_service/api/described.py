"""What OpenAPI says of each operation: summaries, descriptions, examples."""

from typing import Any

from ..containment import COLUMNS, SUFFIX
from ..contract import DOCUMENTS, EMAIL_QUEUE, MESSAGES, NOTIFICATIONS, RESOURCES, ListBy, Resource
from .pages import CURSOR, LIMIT, MOST
from .rows import model_of
from .schemas import BODIES, CHANGES, read_model, write_model

NAMES = {
    MESSAGES.path: ("message", "messages"),
    NOTIFICATIONS.path: ("notification", "notifications"),
    DOCUMENTS.path: ("document", "documents"),
    EMAIL_QUEUE.path: ("e-mail", "e-mails of the queue"),
}
_USER, _OTHER = "0b0f5a6e-1c1f-4a3e-9a52-5d1f0f6a7c11", "7f9c2f0e-62d7-4f0c-8c2e-2f1a54b6f0a2"
EXAMPLES: dict[str, dict[str, Any]] = {
    MESSAGES.path: {
        "sender_id": _USER,
        "receiver_id": _OTHER,
        "subject": "Internship report",
        "body": "The report is ready for your review.",
        "metadata": {"priority": "high"},
    },
    NOTIFICATIONS.path: {
        "user_id": _OTHER,
        "type": "system",
        "title": "New evaluation",
        "content": "Your evaluation was filed.",
        "related_object_type": "stage",
        "related_object_id": _USER,
        "metadata": {},
    },
    DOCUMENTS.path: {
        "owner_user_id": _USER,
        "storage_path": "documents/2025/report.pdf",
        "filename": "report.pdf",
        "content_type": "application/pdf",
        "size_bytes": 102400,
        "metadata": {"kind": "report"},
    },
    EMAIL_QUEUE.path: {
        "to_addresses": ["student@example.com"],
        "subject": "Welcome",
        "body": "Your account is ready.",
        "scheduled_at": "2025-01-15T10:30:00Z",
    },
}
_READ = {one.path: read_model(one) for one in RESOURCES}
_READ_LISTS: dict[str, Any] = {path: list[model] for path, model in _READ.items()}  # type: ignore[valid-type]
_WRITTEN = {one.path: write_model(one) for one in RESOURCES}
_IGNORED = "Other keys of the body are ignored; `id`, `status` and the times cannot be set."
_PAGES = (
    "The answer is the whole array, newest first; a long one is streamed. Parameters are ignored, except for these. "
    f"`{LIMIT}` asks for a page: at most so many rows. The `Link` header of the answer then holds the address of "
    "the next page, if there is one."
)
PAGE_PARAMETERS = [
    {
        "name": LIMIT,
        "in": "query",
        "required": False,
        "description": "How many rows a page has.",
        "schema": {"type": "integer", "minimum": 1, "maximum": MOST},
    },
    {
        "name": CURSOR,
        "in": "query",
        "required": False,
        "description": "Where the page begins: taken from the `Link` header of the page before.",
        "schema": {"type": "string"},
    },
]


def listing(resource: Resource) -> dict[str, Any]:
    """GET of all rows."""
    return _list(resource, f"{resource.path}_list", f"List all {NAMES[resource.path][1]}", _PAGES)


def listing_by(resource: Resource, by: ListBy) -> dict[str, Any]:
    """GET of the rows with one value in a column."""
    text = f"Only those whose `{by.field}` is the one in the address; an empty array if there is none. {_PAGES}"
    summary = f"List {NAMES[resource.path][1]}: {by.name.replace('_', ' ')}"
    return _list(resource, f"{resource.path}_{by.name}", summary, text)


def pending(resource: Resource) -> dict[str, Any]:
    """GET of what waits."""
    text = f"Those whose status is `pending`. The old API does not have this address. {_PAGES}"
    return _list(resource, f"{resource.path}_pending", "List the e-mails that wait to be sent", text)


def creating(resource: Resource) -> dict[str, Any]:
    """POST to the list."""
    text = (
        f"The answer holds the fields of the body, without the id; the `Location` header leads to the row. {_IGNORED}"
    )
    return _writing(resource, "create", f"Create a {NAMES[resource.path][0]}", text, 201)


def reading(resource: Resource) -> dict[str, Any]:
    """GET of one row."""
    one = NAMES[resource.path][0]
    return {
        "operation_id": f"{resource.path}_retrieve",
        "summary": f"Show one {one}",
        "description": "Fields that end in `_data` hold what another service says of the id, or null.",
        "response": {200: _READ[resource.path]},
    }


def replacing(resource: Resource) -> dict[str, Any]:
    """PUT of one row."""
    text = f"Required fields must be there. Optional fields that are left out keep their values. {_IGNORED}"
    return _writing(resource, "update", f"Change a {NAMES[resource.path][0]}", text, 200)


def changing(resource: Resource) -> dict[str, Any]:
    """PATCH of one row."""
    text = f"Only the fields of the body are written. {_IGNORED}"
    return _writing(resource, "partial_update", f"Change some fields of a {NAMES[resource.path][0]}", text, 200)


def deleting(resource: Resource) -> dict[str, Any]:
    """DELETE of one row."""
    return {
        "operation_id": f"{resource.path}_destroy",
        "summary": f"Delete a {NAMES[resource.path][0]}",
        "description": "The answer is empty.",
        "response": {204: None},
    }


def acting(resource: Resource, name: str) -> dict[str, Any]:
    """POST to an action of one row."""
    texts = {
        "mark_read": (
            "Mark a message as read",
            "Sets `read_at` once; a repeat keeps the first time. The body is ignored.",
        ),
        "retry": (
            f"Try a failed {NAMES[resource.path][0]} again",
            "Sets `failed` back to `pending` and forgets the last error. Anything else stays as it is, and the answer "
            "is 200 all the same. The body is ignored.",
        ),
    }
    summary, text = texts[name]
    return {
        "operation_id": f"{resource.path}_{name}",
        "summary": summary,
        "description": text,
        "response": {200: _READ[resource.path]},
    }


def _list(resource: Resource, operation_id: str, summary: str, text: str) -> dict[str, Any]:
    return {
        "operation_id": operation_id,
        "summary": summary,
        "description": text,
        "response": {200: _READ_LISTS[resource.path]},
        "openapi_extra": {"parameters": [*PAGE_PARAMETERS, *_filters(resource)]},
    }


def _filters(resource: Resource) -> list[dict[str, Any]]:
    text = "JSON: only rows whose `{}` contains it are listed. PostgreSQL alone can search so."
    return [
        {
            "name": f"{column}{SUFFIX}",
            "in": "query",
            "required": False,
            "description": text.format(column),
            "schema": {"type": "string"},
        }
        for column in COLUMNS[model_of(resource)]
    ]


def _writing(resource: Resource, name: str, summary: str, text: str, status: int) -> dict[str, Any]:
    schema = (CHANGES if name == "partial_update" else BODIES)[resource.path].model_json_schema()
    example = EXAMPLES[resource.path]
    if name == "partial_update":
        example = {key: example[key] for key in list(example)[-1:]}
    content = {"application/json": {"schema": schema, "example": example}}
    return {
        "operation_id": f"{resource.path}_{name}",
        "summary": summary,
        "description": text,
        "response": {status: _WRITTEN[resource.path]},
        "openapi_extra": {"requestBody": {"required": True, "content": content}},
    }
