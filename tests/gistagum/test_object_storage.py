"""`MINIO_*`: which entries of STORAGES they make, and what is refused at the start."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from gistagum.object_storage import ATTACHMENTS, DOCUMENTS, ObjectStorage, endpoint_url
from messaging.attachments.models import STORAGE, attachment_storage

KEYS = {"access_key": "a", "secret_key": "s"}
FOLDER = Path("/media")


@pytest.mark.parametrize(
    ("given", "use_ssl", "address"),
    [
        ("minio:9000", False, "http://minio:9000"),
        ("minio:9000", True, "https://minio:9000"),
        ("https://files.example/", False, "https://files.example"),
        ("", True, ""),
    ],
)
def test_an_endpoint_gets_the_scheme_that_it_lacks(given, use_ssl, address):
    assert endpoint_url("MINIO_ENDPOINT", given, use_ssl=use_ssl) == address


@pytest.mark.parametrize("given", ["ftp://minio", "minio:port", "http://"])
def test_what_is_no_address_is_refused(given):
    with pytest.raises(ImproperlyConfigured, match="MINIO_ENDPOINT"):
        endpoint_url("MINIO_ENDPOINT", given, use_ssl=False)


def test_without_an_endpoint_documents_are_files():
    storage = ObjectStorage(endpoint="", public_endpoint="", access_key="", secret_key="")
    found = storage.storages(documents="documents", attachments="", media_root=FOLDER)
    assert list(found) == [DOCUMENTS]
    assert found[DOCUMENTS]["OPTIONS"] == {"location": FOLDER / "comm_documents"}
    with pytest.raises(ImproperlyConfigured, match="MESSAGE_ATTACHMENTS_BUCKET"):
        storage.storages(documents="documents", attachments="messages", media_root=FOLDER)


def test_an_endpoint_without_keys_is_refused():
    with pytest.raises(ImproperlyConfigured, match="MINIO_SECRET_KEY"):
        ObjectStorage(endpoint="http://minio:9000", public_endpoint="", access_key="a", secret_key="")


def test_a_bucket_for_attachments_is_where_messaging_looks(settings):
    storage = ObjectStorage(endpoint="http://minio:9000", public_endpoint="", **KEYS)
    found = storage.storages(documents="documents", attachments="messages", media_root=FOLDER)
    assert ATTACHMENTS == STORAGE
    settings.STORAGES = {**settings.STORAGES, **found}
    kept = attachment_storage()
    assert (kept.bucket_name, kept.endpoint_url) == ("messages", "http://minio:9000")
    assert kept.client_config.signature_version == "s3v4"
