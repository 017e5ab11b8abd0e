"""A store for the documents of each test: a folder of its own, unless a test asks for the S3 server."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.files.storage import storages
from django.test import Client

from comm_service.documents import downloading
from comm_service.documents.store import STORE, Store


@pytest.fixture
def folder(tmp_path, settings) -> Any:
    """The folder in which documents are kept."""
    kept = {"BACKEND": "comm_service.documents.files.FileDocuments", "OPTIONS": {"location": tmp_path / "documents"}}
    settings.STORAGES = {**settings.STORAGES, STORE: kept}
    return tmp_path / "documents"


@pytest.fixture(autouse=True)
def _availability_is_not_remembered() -> Iterator[None]:
    downloading.availability.forget()
    yield
    downloading.availability.forget()


@pytest.fixture
def store(folder) -> Store:
    return storages[STORE]


@pytest.fixture
def new_side(settings) -> Client:
    """A client of the new side, in the compatibility form."""
    settings.COMM_API = "ninja"
    settings.COMM_COMPAT = True
    return Client()
