"""Django's files on S3-compatible storage, for any entry of STORAGES: signed as servers want it, and bounded.

A storage that does not answer raises OSError, as a broken disk does, and not an exception of boto3's.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from storages.backends.s3 import S3File, S3Storage

from .store import StorageAway

logger = logging.getLogger(__name__)

CONNECT_SECONDS, READ_SECONDS = 3, 20
IN_MEMORY = 2**20  # bytes of a file that is read; what is larger is kept on the disk meanwhile
REGION = "us-east-1"  # part of every signature; servers of one's own take it for any region
NO_BUCKET = "NoSuchBucket"
ALREADY_MADE = {"BucketAlreadyOwnedByYou", "BucketAlreadyExists"}


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


@contextmanager
def bounded() -> Iterator[None]:
    """Within this block, an exception of boto3's becomes StorageAway."""
    try:
        yield
    except ClientError as refusal:
        code = str(refusal.response.get("Error", {}).get("Code", ""))
        logger.warning("The object storage refuses: %s", code)
        status = refusal.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
        raise StorageAway(f"The object storage refuses: {code}", code, refused=status < 500) from refusal
    except (Boto3Error, BotoCoreError) as fault:
        logger.warning("The object storage does not answer: %s", type(fault).__name__)
        raise StorageAway(f"The object storage does not answer: {type(fault).__name__}") from fault


class _File(S3File):
    """A stored file, whose content is fetched when it is first read."""

    def _fetched(self) -> Any:
        with bounded():
            return self._get_file()

    file = property(_fetched, S3File._set_file)


class S3Files(S3Storage):
    """The storage. It makes its bucket when it first stores something."""

    def __init__(self, **options: Any) -> None:
        defaults = {"region_name": REGION, "client_config": config(), "max_memory_size": IN_MEMORY}
        super().__init__(**{**defaults, **options})

    def _open(self, name: str, mode: str = "rb") -> Any:
        with bounded():
            try:
                return _File(self._normalize_name(name), mode, self)
            except ClientError as refusal:
                if refusal.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                    raise FileNotFoundError(f"There is no {name}.") from refusal
                raise

    def _save(self, name: str, content: Any) -> Any:
        try:
            with bounded():
                return super()._save(name, content)
        except StorageAway as away:
            if away.code != NO_BUCKET:
                raise
        self._make_bucket()
        with bounded():
            return super()._save(name, content)

    def _make_bucket(self) -> None:
        try:
            with bounded():
                self.bucket.create()
        except StorageAway as away:
            if away.code not in ALREADY_MADE:  # another process was faster
                raise

    def delete(self, name: str) -> None:
        with bounded():
            super().delete(name)
