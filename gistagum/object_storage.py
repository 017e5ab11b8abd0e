"""Object storage: the entries of STORAGES that the settings ``MINIO_*`` describe."""

from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from .services import service_url

ATTACHMENTS = "attachments"
DOCUMENTS = "comm_documents"
SHORTEST_BUCKET = 3


def endpoint_url(name: str, text: str, *, use_ssl: bool) -> str:
    """The address of a storage: as it is, or with the scheme that is missing (``minio:9000``). Empty stays empty."""
    if text and "://" not in text:
        text = f"{'https' if use_ssl else 'http'}://{text}"
    return service_url(name, text).rstrip("/")


class ObjectStorage:
    """The storage at ``MINIO_ENDPOINT``, reached by browsers at ``public_endpoint``."""

    def __init__(self, *, endpoint: str, public_endpoint: str, access_key: str, secret_key: str) -> None:
        """Raise ImproperlyConfigured for a storage without keys."""
        if endpoint and not (access_key and secret_key):
            raise ImproperlyConfigured(
                "MINIO_ENDPOINT is set, and MINIO_ACCESS_KEY or MINIO_SECRET_KEY is not; requests are signed with both."
            )
        self._endpoint = endpoint
        self._public_endpoint = public_endpoint or endpoint
        self._keys = {"access_key": access_key, "secret_key": secret_key}

    def storages(self, *, documents: str, attachments: str, media_root: Path) -> dict[str, dict[str, Any]]:
        """The entries of STORAGES: for documents, and for attachments where a bucket is named for them.

        ``documents`` and ``attachments`` are names of buckets. Without an endpoint documents are kept under
        ``media_root``. Raise ImproperlyConfigured for a bucket of attachments without an endpoint.
        """
        if attachments and not self._endpoint:
            raise ImproperlyConfigured("MESSAGE_ATTACHMENTS_BUCKET is set, and MINIO_ENDPOINT is not.")
        if not self._endpoint:
            options: dict[str, Any] = {"location": media_root / "comm_documents"}
            return {DOCUMENTS: {"BACKEND": "comm_service.documents.files.FileDocuments", "OPTIONS": options}}
        shared = {"endpoint_url": self._endpoint, **self._keys}
        options = {**shared, "bucket_name": documents, "public_endpoint": self._public_endpoint}
        found = {DOCUMENTS: {"BACKEND": "comm_service.documents.s3.S3Documents", "OPTIONS": options}}
        if attachments:
            options = {**shared, "bucket_name": attachments}
            found[ATTACHMENTS] = {"BACKEND": "comm_service.documents.s3_files.S3Files", "OPTIONS": options}
        return found
