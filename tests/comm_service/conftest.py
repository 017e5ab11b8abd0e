"""What the tests of the communication API share."""

from collections.abc import Iterator

import pytest
from django.test import Client

from comm_service.enrichment.looking_up import known


@pytest.fixture(autouse=True)
def nothing_is_known() -> Iterator[None]:
    """What other services said in one test does not answer in the next one."""
    known.clear()
    yield
    known.clear()


@pytest.fixture
def compat(settings) -> None:
    """The compatibility form: no token is asked for."""
    settings.COMM_COMPAT = True


@pytest.fixture
def legacy(settings, compat, db) -> Client:
    """A client of the old side in the compatibility form."""
    settings.COMM_API = "legacy"
    return Client()
