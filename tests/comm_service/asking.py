"""Requests of the communication API's callers, and rows for them to meet."""

import json
from typing import Any
from uuid import UUID

from django.http import HttpResponseBase
from django.test import Client

from comm_service.models import Document, EmailQueue, Message, Notification

U = UUID("6ab37695-cac4-4be8-93fd-9c3f3ac1ced5")
V = UUID("0b37c695-1111-4222-8333-9c3f3ac1cede")
UNKNOWN = UUID("00000000-0000-4000-8000-000000000000")
MODELS = {"messages": Message, "notifications": Notification, "documents": Document, "email_queue": EmailQueue}
LEAST: dict[str, dict[str, Any]] = {  # the required fields alone
    "messages": {"sender_id": str(U), "receiver_id": str(V)},
    "notifications": {"user_id": str(U), "type": "email"},
    "documents": {"storage_path": "documents/a.pdf"},
    "email_queue": {"to_addresses": ["a@example.com"]},
}


def ask(client: Client, method: str, path: str, body: Any = None, **options: Any) -> HttpResponseBase:
    """The answer to a request below ``/comm/api/``. A body that is no text or bytes is sent as JSON."""
    data = body if isinstance(body, str | bytes) else "" if body is None else json.dumps(body)
    options.setdefault("content_type", "application/json")
    return client.generic(method, f"/comm/api/{path}", data, **options)


def content(response: Any) -> bytes:
    """The body of an answer, also of one that is streamed."""
    return b"".join(response.streaming_content) if response.streaming else response.content


def shown(response: Any) -> Any:
    """The JSON of an answer."""
    return json.loads(content(response))


def row_of(path: str, **values: Any) -> Any:
    """A row of a resource."""
    return MODELS[path].objects.create(**{**LEAST[path], **values})
