"""Which object of which service each field of a row shows."""

from typing import Any, NamedTuple

from ..contract import RELATED, Resource


class Key(NamedTuple):
    """An object of another service: ``("auth", "user", id)``. The id is a UUID in lower case with hyphens."""

    service: str
    kind: str
    id: str


def keys_of(resource: Resource, row: Any) -> dict[str, Key | None]:
    """The key of each field that another service fills in, in the order of READ; ``None`` where the answer is null."""
    keys: dict[str, Key | None] = {}
    for one in resource.look_ups:
        row_id = getattr(row, one.source)
        service, kind = one.service, one.kind
        if service is None:
            service, kind = RELATED.get((row.related_object_type or "").lower(), (None, None))
        keys[one.field] = Key(service, kind, str(row_id)) if row_id and service and kind else None
    return keys
