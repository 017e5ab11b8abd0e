"""A request of the corpus."""

from dataclasses import dataclass, field

JSON = "application/json"


@dataclass(frozen=True)
class Asked:
    """One request. ``path`` follows ``/comm/api/``; ``{new}`` in it is the id of the row that a step before made."""

    method: str
    path: str
    body: bytes | None = None
    content_type: str | None = JSON
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """Requests that follow each other, in a transaction that is rolled back.

    ``endpoint`` is the method and path of the contract that the case is about, ``kind`` is ``valid``, ``boundary`` or
    ``hostile``. ``secured``: tokens are asked for.
    """

    name: str
    endpoint: str
    kind: str
    steps: tuple[Asked, ...]
    secured: bool = False
