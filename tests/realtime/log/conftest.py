"""Numbering under control: a database of the test's own, and a gate in the middle of each numbering."""

import pytest

from tests.support.numbering_gate import Gate


@pytest.fixture
def postgres_url(new_database) -> str:
    """A PostgreSQL database of the test's own, to which nobody is connected yet."""
    return new_database("postgres")


@pytest.fixture
def gate(postgres_url, on_database) -> Gate:
    """The gates of this database, which the test's own Django works on."""
    on_database(postgres_url)
    gate = Gate(postgres_url)
    gate.install()
    return gate
