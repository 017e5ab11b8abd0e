"""Documents on S3-compatible storage, with signatures of version 4 and addresses at the host that browsers reach."""

import logging
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import IO, Any

from boto3.exceptions import Boto3Error
from boto3.session import Session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.core.files.base import File
from django.utils.http import content_disposition_header
from storages.backends.s3 import S3Storage

from .store import LINK_SECONDS, Download, StorageAway, StoredObject

logger = logging.getLogger(__name__)

CONNECT_SECONDS, READ_SECONDS = 3, 20
PROBE_SECONDS = 1
REGION = "us-east-1"  # part of every signature; servers of one's own take it for any region
MISSING = {"404", "NoSuchKey", "NotFound"}
NO_BUCKET = {"NoSuchBucket"}


def config(connect: float = CONNECT_SECONDS, read: float = READ_SECONDS) -> Config:
    """The options of a client. Without being told, boto3 signs the old way at servers other than Amazon's.

    ``connect`` and ``read`` are seconds. Checksums behind the content, the default of boto3, are not understood by
    every server; TLS and the signed length protect the content.
    """
    return Config(
        signature_version="s3v4",
        s3={"addressing_style": "path"},
        connect_timeout=connect,
        read_timeout=read,
        retries={"total_max_attempts": 1},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )


class S3Files(S3Storage):
    """Django's files on S3: what any application of the site can name in STORAGES."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"region_name": REGION, "client_config": config(), **options})


class S3Documents(S3Files):
    """The store of documents. ``public_endpoint``: scheme, host and port that addresses of objects have."""

    def __init__(self, *, public_endpoint: str = "", **options: Any) -> None:
        super().__init__(**options)
        self._public_endpoint = public_endpoint or self.endpoint_url

    def put(self, key: str, content: IO[bytes], content_type: str) -> None:
        file: File[bytes] = File(content)
        setattr(file, "content_type", content_type)  # noqa: B010 (where django-storages looks for it)
        try:
            self.save(key, file)
        except ClientError as refusal:
            if _code(refusal) not in NO_BUCKET:
                raise _away(refusal) from refusal
            self._asked(lambda: self._client.create_bucket(Bucket=self.bucket_name))
            content.seek(0)
            self._asked(lambda: self.save(key, file))
        except (Boto3Error, BotoCoreError, OSError) as fault:
            raise _away(fault) from fault

    def remove(self, key: str) -> None:
        self._asked(lambda: self._client.delete_object(Bucket=self.bucket_name, Key=key))

    def has(self, key: str) -> bool:
        try:
            self._client.head_object(Bucket=self.bucket_name, Key=key)
        except ClientError as refusal:
            if _code(refusal) in MISSING:
                return False
            raise _away(refusal) from refusal
        except (BotoCoreError, OSError) as fault:
            raise _away(fault) from fault
        return True

    def all(self, prefix: str) -> Iterator[StoredObject]:
        pages = iter(self._client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket_name, Prefix=prefix))
        while (page := self._asked(lambda: next(pages, None))) is not None:
            for one in page.get("Contents", ()):
                yield StoredObject(one["Key"], one["LastModified"])

    def answers(self) -> bool:
        try:
            self._probe.head_bucket(Bucket=self.bucket_name)
        except ClientError as refusal:
            status = refusal.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
            return bool(status == 403)  # an account that may only use the objects
        except (BotoCoreError, OSError) as fault:
            logger.warning("The storage of documents does not answer: %s", type(fault).__name__)
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

    def _asked(self, call: Callable[[], Any]) -> Any:
        try:
            return call()
        except (ClientError, Boto3Error, BotoCoreError, OSError) as fault:
            raise _away(fault) from fault

    def _new_client(self, endpoint: str | None, options: Config) -> Any:
        session = Session(self.access_key, self.secret_key, region_name=self.region_name)
        return session.client("s3", endpoint_url=endpoint, config=options)

    # Clients may be shared by threads, the resources of django-storages may not; it keeps one for each thread.

    @cached_property
    def _client(self) -> Any:
        return self._new_client(self.endpoint_url, config())

    @cached_property
    def _probe(self) -> Any:
        return self._new_client(self.endpoint_url, config(PROBE_SECONDS, PROBE_SECONDS))

    @cached_property
    def _public(self) -> Any:
        return self._new_client(self._public_endpoint, config())


def _code(refusal: ClientError) -> str:
    return str(refusal.response.get("Error", {}).get("Code", ""))


def _away(fault: Exception) -> StorageAway:
    words = _code(fault) if isinstance(fault, ClientError) else type(fault).__name__
    logger.warning("The storage of documents refuses: %s", words)
    return StorageAway(f"The storage of documents refuses: {words}")
