"""The contract that both sides of the API keep, as data: paths, methods, statuses, and the order of fields.

Nothing here behaves. Both sides and the tests that compare them read it.
"""

from dataclasses import dataclass
from typing import Literal

PREFIX = "/comm/api/"

Kind = Literal["list", "detail", "list_by", "action"]

# The Allow header of each kind of address, in the order in which it is sent.
ALLOW: dict[str, str] = {
    "root": "GET, HEAD, OPTIONS",
    "list": "GET, POST, HEAD, OPTIONS",
    "detail": "GET, PUT, PATCH, DELETE, HEAD, OPTIONS",
    "list_by": "GET, HEAD, OPTIONS",
    "action": "POST, OPTIONS",
}
METHODS: dict[str, tuple[str, ...]] = {
    "list": ("GET", "POST"),
    "detail": ("GET", "PUT", "PATCH", "DELETE"),
    "list_by": ("GET",),
    "action": ("POST",),
}


@dataclass(frozen=True)
class LookUp:
    """A field that another service fills in: from the id in ``source``, as ``kind`` of ``service``.

    ``kind`` is ``None`` where the row itself says it (``RELATED``).
    """

    field: str
    source: str
    service: str | None
    kind: str | None


@dataclass(frozen=True)
class ListBy:
    """A list of the rows whose ``field`` is given in the path. ``by_id``: it must be a UUID, else 404."""

    name: str
    field: str
    by_id: bool = True


@dataclass(frozen=True)
class Resource:
    """One of the four tables: its address, its fields as they are read and written, and what else it offers."""

    path: str
    model: str
    read: tuple[str, ...]  # READ without the fields that other services fill in
    look_ups: tuple[LookUp, ...]  # these follow
    write: tuple[str, ...]
    required: tuple[str, ...]
    lists: tuple[ListBy, ...]
    actions: tuple[str, ...]

    @property
    def read_fields(self) -> tuple[str, ...]:
        """READ: every field of an answer, in its order."""
        return (*self.read, *(one.field for one in self.look_ups))


MESSAGES = Resource(
    path="messages",
    model="Message",
    read=("id", "sender_id", "receiver_id", "subject", "body", "created_at", "read_at", "metadata"),
    look_ups=(
        LookUp("sender_data", "sender_id", "auth", "user"),
        LookUp("receiver_data", "receiver_id", "auth", "user"),
    ),
    write=("sender_id", "receiver_id", "subject", "body", "metadata"),
    required=("sender_id", "receiver_id"),
    lists=(ListBy("sent", "sender_id"), ListBy("received", "receiver_id")),
    actions=("mark_read",),
)
NOTIFICATIONS = Resource(
    path="notifications",
    model="Notification",
    read=(
        "id",
        "user_id",
        "type",
        "title",
        "content",
        "related_object_type",
        "related_object_id",
        "created_at",
        "sent_at",
        "status",
        "attempts",
        "last_error",
        "metadata",
    ),
    look_ups=(
        LookUp("user_data", "user_id", "auth", "user"),
        LookUp("related_object_data", "related_object_id", None, None),
    ),
    write=("user_id", "type", "title", "content", "related_object_type", "related_object_id", "metadata"),
    required=("user_id", "type"),
    lists=(ListBy("by_user", "user_id"), ListBy("by_status", "status", by_id=False)),
    actions=("retry",),
)
DOCUMENTS = Resource(
    path="documents",
    model="Document",
    read=(
        "id",
        "owner_user_id",
        "student_id",
        "offer_id",
        "storage_path",
        "filename",
        "content_type",
        "size_bytes",
        "uploaded_by",
        "uploaded_at",
        "metadata",
    ),
    look_ups=(
        LookUp("owner_data", "owner_user_id", "auth", "user"),
        LookUp("student_data", "student_id", "profile", "student"),
        LookUp("offer_data", "offer_id", "core", "offer"),
        LookUp("uploaded_by_data", "uploaded_by", "auth", "user"),
    ),
    write=(
        "owner_user_id",
        "student_id",
        "offer_id",
        "storage_path",
        "filename",
        "content_type",
        "size_bytes",
        "uploaded_by",
        "metadata",
    ),
    required=("storage_path",),
    lists=(
        ListBy("by_owner", "owner_user_id"),
        ListBy("by_student", "student_id"),
        ListBy("by_offer", "offer_id"),
    ),
    actions=(),
)
EMAIL_QUEUE = Resource(
    path="email_queue",
    model="EmailQueue",
    read=(
        "id",
        "to_addresses",
        "subject",
        "body",
        "headers",
        "created_at",
        "scheduled_at",
        "sent_at",
        "status",
        "attempts",
        "last_error",
    ),
    look_ups=(),
    write=("to_addresses", "subject", "body", "headers", "scheduled_at"),
    required=("to_addresses",),
    lists=(ListBy("by_status", "status", by_id=False),),
    actions=("retry",),
)
RESOURCES: tuple[Resource, ...] = (MESSAGES, NOTIFICATIONS, DOCUMENTS, EMAIL_QUEUE)

# Of a notification: related_object_type in lower case -> the service and kind of related_object_id.
RELATED: dict[str, tuple[str, str]] = {
    "offer": ("core", "offer"),
    "stage": ("core", "stage"),
    "student": ("profile", "student"),
    "encadrant": ("profile", "encadrant"),
}


@dataclass(frozen=True)
class Endpoint:
    """A method of an address. ``path`` follows ``PREFIX``; ``answer`` is which fields a success answers with."""

    method: str
    path: str
    resource: Resource
    kind: Kind
    status: int
    answer: Literal["read", "write", "nothing"]


def _endpoints() -> tuple[Endpoint, ...]:
    found: list[Endpoint] = []
    for one in RESOURCES:
        found += [
            Endpoint("GET", f"{one.path}/", one, "list", 200, "read"),
            Endpoint("POST", f"{one.path}/", one, "list", 201, "write"),
            Endpoint("GET", f"{one.path}/{{id}}/", one, "detail", 200, "read"),
            Endpoint("PUT", f"{one.path}/{{id}}/", one, "detail", 200, "write"),
            Endpoint("PATCH", f"{one.path}/{{id}}/", one, "detail", 200, "write"),
            Endpoint("DELETE", f"{one.path}/{{id}}/", one, "detail", 204, "nothing"),
        ]
        found += [Endpoint("POST", f"{one.path}/{{id}}/{name}/", one, "action", 200, "read") for name in one.actions]
        found += [
            Endpoint("GET", f"{one.path}/{by.name}/{{{by.field}}}/", one, "list_by", 200, "read") for by in one.lists
        ]
    return tuple(found)


ENDPOINTS: tuple[Endpoint, ...] = _endpoints()  # the 35 pairs of method and path
