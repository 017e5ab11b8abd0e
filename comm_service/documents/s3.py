"""Documents on S3-compatible storage, with addresses at the host that browsers reach."""

from collections.abc import Iterator
from functools import cached_property
from typing import IO, Any

from boto3.session import Session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.core.files.base import File
from django.utils.http import content_disposition_header

from .s3_files import S3Files, bounded, config
from .store import LINK_SECONDS, Download, StorageAway, StoredObject

PROBE_SECONDS = 1
MISSING = {"404", "NoSuchKey", "NotFound"}


class S3Documents(S3Files):
    """The store of documents. ``public_endpoint``: scheme, host and port that addresses of objects have."""

    def __init__(self, *, public_endpoint: str = "", **options: Any) -> None:
        super().__init__(**options)
        self._public_endpoint = public_endpoint or self.endpoint_url

    def put(self, key: str, content: IO[bytes], content_type: str) -> None:
        file: File[bytes] = File(content)
        setattr(file, "content_type", content_type)  # noqa: B010 (where django-storages looks for it)
        self.save(key, file)

    def remove(self, key: str) -> None:
        with bounded():
            self._client.delete_object(Bucket=self.bucket_name, Key=key)

    def has(self, key: str, quickly: bool = False) -> bool:
        client = self._probe if quickly else self._client
        try:
            with bounded():
                client.head_object(Bucket=self.bucket_name, Key=key)
        except StorageAway as away:
            if away.code in MISSING:
                return False
            raise
        return True

    def all(self, prefix: str) -> Iterator[StoredObject]:
        pages = iter(self._client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket_name, Prefix=prefix))
        while True:
            with bounded():
                page = next(pages, None)
            if page is None:
                return
            for one in page.get("Contents", ()):
                yield StoredObject(one["Key"], one["LastModified"])

    def answers(self) -> bool:
        try:
            self._probe.head_bucket(Bucket=self.bucket_name)
        except ClientError as refusal:
            # Any answer is one: the bucket may be still to be made, and an account may use nothing but the objects.
            return bool(refusal.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500) < 500)
        except BotoCoreError:
            return False
        return True

    def address(self, download: Download, request: Any) -> str:
        said = {
            "ResponseContentType": download.content_type,
            "ResponseContentDisposition": content_disposition_header(True, download.filename),
        }
        asked = {"Bucket": self.bucket_name, "Key": download.key, **said}
        signed: str = self._public.generate_presigned_url("get_object", Params=asked, ExpiresIn=LINK_SECONDS)
        return signed

    def _new_client(self, endpoint: str | None, options: Config) -> Any:
        session = Session(self.access_key, self.secret_key, region_name=self.region_name)
        return session.client("s3", endpoint_url=endpoint, config=options)

    # Clients may be shared by threads. The resources of django-storages may not, so it keeps one for each thread.

    @cached_property
    def _client(self) -> Any:
        return self._new_client(self.endpoint_url, config())

    @cached_property
    def _probe(self) -> Any:
        return self._new_client(self.endpoint_url, config(PROBE_SECONDS, PROBE_SECONDS))

    @cached_property
    def _public(self) -> Any:
        return self._new_client(self._public_endpoint, config())
