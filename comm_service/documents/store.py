"""Where the contents of documents are kept: S3-compatible storage, or the file system where none is configured."""

from collections.abc import Iterator
from datetime import datetime
from typing import IO, Any, NamedTuple, Protocol, cast

from django.core.files.storage import storages

STORE = "comm_documents"  # the name in STORAGES
LINK_SECONDS = 3600  # for so long an address works


class StorageAway(OSError):
    """The storage did not do what was asked, within a bounded time. ``code``: its own word for the reason, if any.

    ``refused``: it has answered, and will not do this one thing. So it is not down.
    """

    def __init__(self, words: str, code: str = "", *, refused: bool = False) -> None:
        super().__init__(words)
        self.code = code
        self.refused = refused


class StoredObject(NamedTuple):
    """An object that is stored, and when it was."""

    key: str
    stored_at: datetime


class Download(NamedTuple):
    """How an object is given back: as what type, and under which name it is saved."""

    key: str
    content_type: str
    filename: str


class Store(Protocol):
    """Objects by key. All methods but ``address`` raise StorageAway."""

    def put(self, key: str, content: IO[bytes], content_type: str) -> None:
        """Store an object, piece by piece."""
        ...

    def remove(self, key: str) -> None:
        """Remove an object. That there is none is no error."""
        ...

    def has(self, key: str, quickly: bool = False) -> bool:
        """Whether there is an object of this key. ``quickly``: within two seconds, or StorageAway."""
        ...

    def all(self, prefix: str) -> Iterator[StoredObject]:
        """All objects whose keys begin so, read piece by piece."""
        ...

    def answers(self) -> bool:
        """Whether the storage can be used right now. It takes two seconds at most and raises nothing."""
        ...

    def address(self, download: Download, request: Any) -> str:
        """An address from which everybody who has it can fetch an object for ``LINK_SECONDS``. Asks nobody."""
        ...


def store() -> Store:
    """The store of the settings."""
    return cast(Store, storages[STORE])
